//! What a server may hand out of an account.

use std::sync::LazyLock;

use crypto_core::accounts::slots::{AccountKey, Slot};
use crypto_core::envelope::{Context, Kind, open, seal};
use crypto_core::secret::SealingKey;
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialFinalization, CredentialRequest, CredentialResponse, RegistrationRequest, RegistrationResponse,
    RegistrationUpload, ServerLogin, ServerLoginParameters, ServerRegistration, ServerSetup,
};
use wire::accounts::SealedObject;
use wire::ids::{AccountId, ObjectId};

use crate::fixture::{Choices, rng};

/// Envelopes and slots: only what was sealed for this place is opened.
pub fn envelope(bytes: &[u8]) {
    let key = SealingKey::from_bytes([7; 32]);
    let account = AccountId([1; 16]);
    for kind in [Kind::Object, Kind::Chunk, Kind::State] {
        let context = Context::new(account, kind, ObjectId([2; 16]), 3);
        if let Ok(plain) = open(&key, &context, bytes) {
            assert!(plain.len() < bytes.len(), "more came out than went in");
        }
    }
    let slot = SealedObject {
        kind: Slot::Passphrase.kind(),
        object_id: ObjectId::default(),
        version: 1,
        envelope: bytes.to_vec().into(),
    };
    let _ = AccountKey::open(Slot::Passphrase, &key, account, &slot);

    let mut choices = Choices(bytes);
    let (fault, place) = (choices.octet(), choices.below(1 << 16));
    let context = Context::new(account, Kind::Object, ObjectId([2; 16]), u64::from(fault));
    let mut sealed = seal(&key, &context, choices.0, &mut rng(4)).expect("sealed");
    let opened = open(&key, &context, &sealed).expect("what was sealed is opened");
    assert!(*opened == choices.0, "other content came back");
    let at = place % sealed.len();
    sealed[at] ^= 1 << (fault & 7);
    assert!(open(&key, &context, &sealed).is_err(), "a changed envelope was opened");
}

/// Suite 1 without the stretching, which would leave ten inputs a second.
#[derive(Debug)]
struct Suite;

impl opaque_ke::CipherSuite for Suite {
    type OprfCs = <crypto_core::accounts::opaque::SuiteOne as opaque_ke::CipherSuite>::OprfCs;
    type KeyExchange = <crypto_core::accounts::opaque::SuiteOne as opaque_ke::CipherSuite>::KeyExchange;
    type Ksf = opaque_ke::ksf::Identity;
}

/// Both sides of one registration and one login.
pub(crate) struct Sides {
    registering: ClientRegistration<Suite>,
    logging_in: ClientLogin<Suite>,
    ke2: Vec<u8>,
    /// Every message of the registration and the login, in order.
    pub(crate) messages: Vec<Vec<u8>>,
    answering: ServerLogin<Suite>,
    setup: ServerSetup<Suite>,
    record: ServerRegistration<Suite>,
}

const PASS: &[u8] = b"correct horse";

pub(crate) static SIDES: LazyLock<Sides> = LazyLock::new(|| {
    let mut rng = rng(5);
    let setup = ServerSetup::<Suite>::new(&mut rng);
    let begun = ClientRegistration::<Suite>::start(&mut rng, PASS).expect("a registration");
    let mut messages = vec![begun.message.serialize().to_vec()];
    let answer = ServerRegistration::start(&setup, begun.message, b"account").expect("an answer");
    messages.push(answer.message.serialize().to_vec());
    let registering = begun.state.clone();
    let upload = begun
        .state
        .finish(&mut rng, PASS, answer.message, ClientRegistrationFinishParameters::default())
        .expect("registered")
        .message;
    messages.push(upload.serialize().to_vec());
    let record = ServerRegistration::finish(upload);
    let login = ClientLogin::<Suite>::start(&mut rng, PASS).expect("a login");
    messages.push(login.message.serialize().to_vec());
    let known = Some(record.clone());
    let parameters = ServerLoginParameters::default();
    let reply = ServerLogin::start(&mut rng, &setup, known, login.message, b"account", parameters);
    let reply = reply.expect("a reply");
    let ke2 = reply.message.serialize().to_vec();
    messages.push(ke2.clone());
    let parameters = ClientLoginFinishParameters::default();
    let ke3 = login.state.clone().finish(&mut rng, PASS, reply.message, parameters).expect("logged in");
    messages.push(ke3.message.serialize().to_vec());
    Sides { registering, logging_in: login.state, ke2, messages, answering: reply.state, setup, record }
});

/// The messages of registration and login, on both sides: no reply but the server's own logs in.
pub fn opaque(bytes: &[u8]) {
    let sides = &*SIDES;
    if let Ok(response) = RegistrationResponse::<Suite>::deserialize(bytes) {
        let parameters = ClientRegistrationFinishParameters::default();
        let _ = sides.registering.clone().finish(&mut rng(6), PASS, response, parameters);
    }
    if let Ok(ke2) = CredentialResponse::<Suite>::deserialize(bytes) {
        let finished =
            sides.logging_in.clone().finish(&mut rng(6), PASS, ke2, ClientLoginFinishParameters::default());
        // opaque-ke 4.0.1 ignores trailing bytes; the length is checked before.
        assert!(finished.is_err() || bytes.starts_with(&sides.ke2), "another reply logged in");
    }
    if let Ok(request) = RegistrationRequest::<Suite>::deserialize(bytes) {
        let _ = ServerRegistration::start(&sides.setup, request, b"account");
    }
    if let Ok(upload) = RegistrationUpload::<Suite>::deserialize(bytes) {
        let _ = ServerRegistration::finish(upload).serialize();
    }
    if let Ok(ke1) = CredentialRequest::<Suite>::deserialize(bytes) {
        let record = Some(sides.record.clone());
        let parameters = ServerLoginParameters::default();
        let _ = ServerLogin::start(&mut rng(6), &sides.setup, record, ke1, b"account", parameters);
    }
    if let Ok(ke3) = CredentialFinalization::<Suite>::deserialize(bytes) {
        let _ = sides.answering.clone().finish(ke3, ServerLoginParameters::default());
    }
}
