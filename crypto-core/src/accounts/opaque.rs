//! The client's half of OPAQUE (RFC 9807): the passphrase never leaves this module in any form that lets
//! a server test guesses.
//!
//! One suite is compiled in (R6): ristretto255-SHA512, 3DH, Argon2id v0x13 with 64 MiB, t=3, p=4. The
//! client identity is the account id, the server identity the mail domain; both and the suite are bound,
//! so a lie about any of them fails before KE3 is sent.

use crate::secret::{Passphrase, SealingKey};
use argon2::{Algorithm, Argon2, Params, Version};
use core::fmt;
use model::error::{CoreError, CoreErrorCode};
use opaque_ke::errors::{InternalError, ProtocolError};
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::ksf::Ksf;
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialResponse, Identifiers, RegistrationResponse,
};
use rand::{CryptoRng, RngCore};
use wire::ids::AccountId;
use wire::plaintext::Address;
use wire::sealed::OpaqueMessage;

/// The one suite this client speaks.
pub const SUITE: u8 = 1;

const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// Argon2id of the suite. Its `Default` is the real thing, so no path can fall back to weaker parameters.
#[derive(Debug, Default, Clone, Copy)]
pub struct Stretch;

impl Stretch {
    /// Stretches `input` into `output` with the suite's parameters.
    ///
    /// # Errors
    /// When there is no memory for it, or `output` is shorter than 4 bytes.
    pub fn run(input: &[u8], salt: &[u8], output: &mut [u8]) -> Result<(), argon2::Error> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(output.len()))?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(input, salt, output)
    }
}

impl Ksf for Stretch {
    fn hash<L: ArrayLength<u8>>(
        &self,
        input: GenericArray<u8, L>,
    ) -> Result<GenericArray<u8, L>, InternalError> {
        let mut output = GenericArray::default();
        // RFC 9807 section 10.8: the OPRF output is unpredictable, the salt is a constant.
        Self::run(&input, &[0; 16], &mut output).map_err(|_| InternalError::KsfError)?;
        Ok(output)
    }
}

/// Suite 1 for `opaque-ke`. Written again in the server, which must not link this crate.
#[derive(Debug)]
pub struct SuiteOne;

impl CipherSuite for SuiteOne {
    type OprfCs = opaque_ke::Ristretto255;
    type KeyExchange = opaque_ke::TripleDh<opaque_ke::Ristretto255, sha2::Sha512>;
    type Ksf = Stretch;
}

fn context() -> Vec<u8> {
    let mut context = b"hedgerow/opaque/v1".to_vec();
    context.push(SUITE);
    context
}

fn refuse(error: &ProtocolError) -> CoreError {
    CoreError::new(match error {
        ProtocolError::InvalidLoginError => CoreErrorCode::WrongPassphrase,
        ProtocolError::SerializationError | ProtocolError::SizeError { .. } => CoreErrorCode::Malformed,
        // A reflected value, a point at infinity: only a lying server makes these.
        _ => CoreErrorCode::WrongPassphrase,
    })
}

fn kek(export_key: &[u8]) -> SealingKey {
    SealingKey::derive(export_key, b"hedgerow/v1/kek/pass")
}

/// A registration waiting for the server's answer.
pub struct Registering {
    passphrase: Passphrase,
    state: ClientRegistration<SuiteOne>,
}

impl fmt::Debug for Registering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registering(…)")
    }
}

impl Registering {
    /// Begins. The message is an OPAQUE RegistrationRequest, 32 bytes.
    ///
    /// # Errors
    /// When the passphrase does not map to the group: with negligible probability.
    pub fn start(
        passphrase: Passphrase,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<(Self, OpaqueMessage), CoreError> {
        let started = ClientRegistration::<SuiteOne>::start(rng, passphrase.expose().as_bytes())
            .map_err(|error| refuse(&error))?;
        let message = OpaqueMessage(started.message.serialize().to_vec());
        Ok((Self { passphrase, state: started.state }, message))
    }

    /// Stretches the passphrase; gives the key of its slot and the RegistrationUpload, 192 bytes.
    ///
    /// # Errors
    /// `Malformed` if the response has another form; `WrongPassphrase` if it holds no honest point of the group.
    pub fn finish(
        self,
        account_id: AccountId,
        address: &Address,
        response: &OpaqueMessage,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<(SealingKey, OpaqueMessage), CoreError> {
        let response =
            RegistrationResponse::deserialize(response.as_bytes()).map_err(|error| refuse(&error))?;
        let identifiers =
            Identifiers { client: Some(account_id.as_bytes()), server: Some(address.domain().as_bytes()) };
        let finished = self
            .state
            .finish(
                rng,
                self.passphrase.expose().as_bytes(),
                response,
                ClientRegistrationFinishParameters::new(identifiers, Some(&Stretch)),
            )
            .map_err(|error| refuse(&error))?;
        let export_key = zeroize::Zeroizing::new(finished.export_key.to_vec());
        Ok((kek(&export_key), OpaqueMessage(finished.message.serialize().to_vec())))
    }
}

/// A login waiting for the server's answer.
pub struct LoggingIn {
    passphrase: Passphrase,
    state: ClientLogin<SuiteOne>,
}

impl fmt::Debug for LoggingIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoggingIn(…)")
    }
}

impl LoggingIn {
    /// Begins. The message is an OPAQUE KE1, 96 bytes.
    ///
    /// # Errors
    /// As [`Registering::start`].
    pub fn start(
        passphrase: Passphrase,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<(Self, OpaqueMessage), CoreError> {
        let started = ClientLogin::<SuiteOne>::start(rng, passphrase.expose().as_bytes())
            .map_err(|error| refuse(&error))?;
        let message = OpaqueMessage(started.message.serialize().to_vec());
        Ok((Self { passphrase, state: started.state }, message))
    }

    /// Stretches the passphrase; gives the key of its slot and KE3, 64 bytes. `WrongPassphrase` covers a
    /// wrong passphrase, an unknown address and a lying server alike.
    ///
    /// # Errors
    /// `WrongPassphrase`; `Malformed` if the message has another form.
    pub fn finish(
        self,
        account_id: AccountId,
        address: &Address,
        ke2: &OpaqueMessage,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<(SealingKey, OpaqueMessage), CoreError> {
        let response = CredentialResponse::deserialize(ke2.as_bytes()).map_err(|error| refuse(&error))?;
        let identifiers =
            Identifiers { client: Some(account_id.as_bytes()), server: Some(address.domain().as_bytes()) };
        let context = context();
        let finished = self
            .state
            .finish(
                rng,
                self.passphrase.expose().as_bytes(),
                response,
                ClientLoginFinishParameters::new(Some(&context), identifiers, Some(&Stretch)),
            )
            .map_err(|error| refuse(&error))?;
        let export_key = zeroize::Zeroizing::new(finished.export_key.to_vec());
        Ok((kek(&export_key), OpaqueMessage(finished.message.serialize().to_vec())))
    }
}
