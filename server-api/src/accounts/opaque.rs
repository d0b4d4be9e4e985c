//! The server's half of OPAQUE (RFC 9807), suite 1: ristretto255-SHA512 with 3DH.
//!
//! The server never runs the stretching function and never sees anything from which a passphrase could
//! be tested without [`ServerSetup`]'s OPRF seed. Every message has a fixed length, checked here before
//! it is parsed, because `opaque-ke` 4.0.1 ignores trailing bytes.

use opaque_ke::{
    CipherSuite, CredentialFinalization, CredentialRequest, Identifiers, RegistrationRequest,
    RegistrationUpload, ServerLogin, ServerLoginParameters, ServerRegistration,
};
use rand::rngs::OsRng;
use wire::error::ErrorCode;
use wire::ids::AccountId;

/// The only suite there is.
pub(crate) const SUITE: u8 = 1;
/// OPAQUE context; the suite octet is bound into every login.
const CONTEXT: &[u8] = b"hedgerow/opaque/v1\x01";

const REGISTRATION_REQUEST: usize = 32;
/// Length of a RegistrationUpload and of the record kept from it.
pub(crate) const RECORD: usize = 192;
const KE1: usize = 96;
const KE3: usize = 64;

/// Suite 1. The stretching function is the client's; the server's type leaves it out.
#[derive(Debug)]
pub(crate) struct Suite1;

impl CipherSuite for Suite1 {
    type OprfCs = opaque_ke::Ristretto255;
    type KeyExchange = opaque_ke::TripleDh<opaque_ke::Ristretto255, sha2::Sha512>;
    type Ksf = opaque_ke::ksf::Identity;
}

/// OPRF seed and key pair of this server.
pub(crate) type ServerSetup = opaque_ke::ServerSetup<Suite1>;

/// Who takes part in a handshake.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parties<'a> {
    /// Client identity and credential identifier.
    pub(crate) account: &'a AccountId,
    /// Server identity: the mail domain.
    pub(crate) domain: &'a str,
}

impl<'a> Parties<'a> {
    fn parameters(self) -> ServerLoginParameters<'static, 'a> {
        ServerLoginParameters {
            context: Some(CONTEXT),
            identifiers: Identifiers {
                client: Some(self.account.as_bytes()),
                server: Some(self.domain.as_bytes()),
            },
        }
    }
}

fn sized(bytes: &[u8], len: usize) -> Result<&[u8], ErrorCode> {
    if bytes.len() == len { Ok(bytes) } else { Err(ErrorCode::Malformed) }
}

/// A fresh setup, for the first start of a server.
pub(crate) fn make_setup() -> Vec<u8> {
    ServerSetup::new(&mut OsRng).serialize().to_vec()
}

/// A stored setup.
pub(crate) fn load_setup(bytes: &[u8]) -> Result<ServerSetup, ErrorCode> {
    ServerSetup::deserialize(bytes).map_err(|_| ErrorCode::Internal)
}

/// Answers a RegistrationRequest.
pub(crate) fn registration_response(
    setup: &ServerSetup,
    account: &AccountId,
    request: &[u8],
) -> Result<Vec<u8>, ErrorCode> {
    let request = RegistrationRequest::<Suite1>::deserialize(sized(request, REGISTRATION_REQUEST)?)
        .map_err(|_| ErrorCode::Malformed)?;
    let started = ServerRegistration::<Suite1>::start(setup, request, account.as_bytes())
        .map_err(|_| ErrorCode::Malformed)?;
    Ok(started.message.serialize().to_vec())
}

/// Checks a RegistrationUpload and returns the record to keep.
pub(crate) fn record(upload: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let upload = RegistrationUpload::<Suite1>::deserialize(sized(upload, RECORD)?)
        .map_err(|_| ErrorCode::Malformed)?;
    Ok(ServerRegistration::<Suite1>::finish(upload).serialize().to_vec())
}

/// KE2 for the client, and the state to keep until KE3 comes.
pub(crate) struct LoginStarted {
    pub(crate) ke2: Vec<u8>,
    pub(crate) state: Vec<u8>,
}

/// Answers a KE1. Without a record the reply is a decoy of the same form, made by the same work (R28).
pub(crate) fn login_start(
    setup: &ServerSetup,
    parties: Parties<'_>,
    record: Option<&[u8]>,
    ke1: &[u8],
) -> Result<LoginStarted, ErrorCode> {
    let ke1 = CredentialRequest::<Suite1>::deserialize(sized(ke1, KE1)?).map_err(|_| ErrorCode::Malformed)?;
    let known = record.is_some();
    // Parsing a record costs a point decompression; the decoy pays it too.
    let parsed = match record {
        Some(record) => ServerRegistration::<Suite1>::deserialize(record),
        None => ServerRegistration::<Suite1>::deserialize(&decoy_record(setup)),
    }
    .map_err(|_| ErrorCode::Damaged)?;
    let started = ServerLogin::<Suite1>::start(
        &mut OsRng,
        setup,
        known.then_some(parsed),
        ke1,
        parties.account.as_bytes(),
        parties.parameters(),
    )
    .map_err(|_| ErrorCode::Malformed)?;
    Ok(LoginStarted { ke2: started.message.serialize().to_vec(), state: started.state.serialize().to_vec() })
}

fn decoy_record(setup: &ServerSetup) -> [u8; RECORD] {
    let mut record = [0u8; RECORD];
    for (to, from) in record.iter_mut().zip(setup.keypair().public().serialize()) {
        *to = from;
    }
    record
}

/// Checks a KE3 against the kept state.
pub(crate) fn login_finish(parties: Parties<'_>, state: &[u8], ke3: &[u8]) -> Result<(), ErrorCode> {
    let ke3 =
        CredentialFinalization::<Suite1>::deserialize(sized(ke3, KE3)?).map_err(|_| ErrorCode::Malformed)?;
    let state = ServerLogin::<Suite1>::deserialize(state).map_err(|_| ErrorCode::Damaged)?;
    state.finish(ke3, parties.parameters()).map_err(|_| ErrorCode::WrongCredentials)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use opaque_ke::argon2::{Algorithm, Argon2, Params, Version};
    use opaque_ke::{
        ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
        CredentialResponse, RegistrationResponse,
    };

    /// Suite 1 as clients have it.
    struct ClientSuite;

    impl CipherSuite for ClientSuite {
        type OprfCs = opaque_ke::Ristretto255;
        type KeyExchange = opaque_ke::TripleDh<opaque_ke::Ristretto255, sha2::Sha512>;
        type Ksf = Argon2<'static>;
    }

    #[test]
    fn a_stretching_client_fits_and_a_lie_about_the_parties_does_not() {
        let setup = load_setup(&make_setup()).unwrap();
        assert_eq!(make_setup().len(), 128);
        let (account, other) = (AccountId([1; 16]), AccountId([2; 16]));
        let ids = Identifiers { client: Some(account.as_bytes()), server: Some(b"hedgerow.test") };
        let stretch =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(65_536, 3, 4, None).unwrap());
        let start = ClientRegistration::<ClientSuite>::start(&mut OsRng, b"pass").unwrap();
        let response = registration_response(&setup, &account, &start.message.serialize()).unwrap();
        let response = RegistrationResponse::deserialize(&response).unwrap();
        let parameters = ClientRegistrationFinishParameters::new(ids, Some(&stretch));
        let upload = start.state.finish(&mut OsRng, b"pass", response, parameters).unwrap();
        let kept = record(&upload.message.serialize()).unwrap();
        assert_eq!(kept.len(), RECORD);
        let parties = |account, domain| Parties { account, domain };
        for (account, domain, good) in
            [(&account, "hedgerow.test", true), (&other, "hedgerow.test", false), (&account, "x.test", false)]
        {
            let start = ClientLogin::<ClientSuite>::start(&mut OsRng, b"pass").unwrap();
            let ke1 = start.message.serialize();
            let started = login_start(&setup, parties(account, domain), Some(&kept), &ke1).unwrap();
            let ke2 = CredentialResponse::deserialize(&started.ke2).unwrap();
            let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), ids, Some(&stretch));
            let finished = start.state.finish(&mut OsRng, b"pass", ke2, parameters);
            assert_eq!(finished.is_ok(), good);
            if let Ok(finished) = finished {
                let ke3 = finished.message.serialize();
                login_finish(parties(account, domain), &started.state, &ke3).unwrap();
                assert_eq!(
                    login_finish(parties(account, domain), &started.state, &[0; 64]),
                    Err(ErrorCode::WrongCredentials)
                );
            }
        }
    }
}
