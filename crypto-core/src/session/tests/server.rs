//! An honest server in memory. Its OPAQUE suite never stretches: that is the client's work.

use crate::accounts::phrase::SIGNATURE_LABEL;
use ed25519_dalek::Verifier;
use opaque_ke::{
    CipherSuite, CredentialFinalization, CredentialRequest, Identifiers, RegistrationRequest,
    RegistrationUpload, ServerLogin, ServerLoginParameters, ServerRegistration, ServerSetup,
};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use std::collections::BTreeMap;
use wire::accounts as acc;
use wire::ids::{AccountId, HandshakeId};
use wire::plaintext::Address;
use wire::sealed::{Challenge, OpaqueMessage, Ticket, VerifyingKey};

pub(super) struct Suite;

impl CipherSuite for Suite {
    type OprfCs = opaque_ke::Ristretto255;
    type KeyExchange = opaque_ke::TripleDh<opaque_ke::Ristretto255, sha2::Sha512>;
    type Ksf = opaque_ke::ksf::Identity;
}

struct Stored {
    record: Vec<u8>,
    recovery_key: VerifyingKey,
    view: acc::AccountView,
}

enum Handshake {
    Registration(Address, AccountId),
    Login(Box<ServerLogin<Suite>>, AccountId),
    Recovery(Address, Challenge),
}

pub(super) struct Server {
    setup: ServerSetup<Suite>,
    rng: StdRng,
    accounts: BTreeMap<Address, Stored>,
    handshakes: BTreeMap<Vec<u8>, Handshake>,
    /// What the server says its OPAQUE parameters are; a liar changes them.
    pub(super) context: Vec<u8>,
    pub(super) domain: String,
}

impl Server {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        Self {
            setup: ServerSetup::new(&mut rng),
            rng,
            accounts: BTreeMap::new(),
            handshakes: BTreeMap::new(),
            context: b"hedgerow/opaque/v1\x01".to_vec(),
            domain: "hedgerow.test".into(),
        }
    }

    fn id(&mut self) -> [u8; 16] {
        let mut id = [0; 16];
        self.rng.fill_bytes(&mut id);
        id
    }

    fn registration(&self, id: AccountId, request: &OpaqueMessage) -> OpaqueMessage {
        let request = RegistrationRequest::deserialize(request.as_bytes()).unwrap();
        let started = ServerRegistration::<Suite>::start(&self.setup, request, id.as_bytes()).unwrap();
        OpaqueMessage(started.message.serialize().to_vec())
    }

    fn check_record(record: &OpaqueMessage) -> Vec<u8> {
        let upload = RegistrationUpload::<Suite>::deserialize(record.as_bytes()).unwrap();
        ServerRegistration::finish(upload).serialize().to_vec()
    }

    pub(super) fn register_start(
        &mut self,
        request: &acc::RegisterStartRequest,
    ) -> acc::RegisterStartResponse {
        let account_id = AccountId(self.id());
        let ticket = self.id().to_vec();
        self.handshakes.insert(ticket.clone(), Handshake::Registration(request.address.clone(), account_id));
        let response = self.registration(account_id, &request.request);
        acc::RegisterStartResponse { ticket: Ticket(ticket), account_id, response }
    }

    pub(super) fn register(&mut self, request: acc::RegisterRequest) -> acc::AccountView {
        let Some(Handshake::Registration(address, account_id)) = self.handshakes.remove(&request.ticket.0)
        else {
            panic!()
        };
        let view = acc::AccountView {
            account_id,
            address: address.clone(),
            certificate: request.certificate,
            objects: request.objects,
            used_bytes: 0,
            quota_bytes: 1 << 30,
        };
        let record = Self::check_record(&request.record);
        let stored = Stored { record, recovery_key: request.recovery_key, view: view.clone() };
        assert!(self.accounts.insert(address, stored).is_none());
        view
    }

    pub(super) fn view(&self, address: &Address) -> acc::AccountView {
        self.accounts[address].view.clone()
    }

    pub(super) fn record(&self, address: &Address) -> &[u8] {
        &self.accounts[address].record
    }

    pub(super) fn login_start(&mut self, request: &acc::LoginStartRequest) -> acc::LoginStartResponse {
        let stored = self.accounts.get(&request.address);
        let record = stored.map(|stored| ServerRegistration::<Suite>::deserialize(&stored.record).unwrap());
        let account_id = stored.map_or(AccountId([9; 16]), |stored| stored.view.account_id);
        let ke1 = CredentialRequest::deserialize(request.ke1.as_bytes()).unwrap();
        let parameters = ServerLoginParameters {
            context: Some(&self.context),
            identifiers: Identifiers {
                client: Some(account_id.as_bytes()),
                server: Some(self.domain.as_bytes()),
            },
        };
        let started =
            ServerLogin::start(&mut self.rng, &self.setup, record, ke1, account_id.as_bytes(), parameters)
                .unwrap();
        let login_id = HandshakeId(self.id());
        self.handshakes.insert(login_id.0.to_vec(), Handshake::Login(Box::new(started.state), account_id));
        let ke2 = OpaqueMessage(started.message.serialize().to_vec());
        acc::LoginStartResponse { login_id, account_id, suite: 1, ke2 }
    }

    fn check_login(&mut self, login_id: HandshakeId, ke3: &OpaqueMessage) -> bool {
        let Some(Handshake::Login(state, account_id)) = self.handshakes.remove(login_id.0.as_slice()) else {
            return false;
        };
        let parameters = ServerLoginParameters {
            context: Some(&self.context),
            identifiers: Identifiers {
                client: Some(account_id.as_bytes()),
                server: Some(self.domain.as_bytes()),
            },
        };
        let ke3 = CredentialFinalization::deserialize(ke3.as_bytes()).unwrap();
        state.finish(ke3, parameters).is_ok()
    }

    pub(super) fn login(&mut self, request: &acc::LoginFinishRequest) -> bool {
        self.check_login(request.login_id, &request.ke3)
    }

    /// Takes a change made on the newest epoch.
    pub(super) fn change(
        &mut self,
        address: &Address,
        change: acc::StateChange,
    ) -> Option<acc::StateAccepted> {
        let view = &mut self.accounts.get_mut(address).unwrap().view;
        let state = |objects: &[acc::SealedObject]| {
            objects.iter().find(|object| object.kind == acc::ObjectKind::State).unwrap().version
        };
        let epoch = state(&change.objects);
        if state(&view.objects) != change.expected_epoch || epoch != change.expected_epoch + 1 {
            return None;
        }
        for object in change.objects {
            view.objects.retain(|old| (old.kind, old.object_id) != (object.kind, object.object_id));
            view.objects.push(object);
        }
        Some(acc::StateAccepted { epoch })
    }

    pub(super) fn passphrase_start(
        &mut self,
        login: &acc::LoginStartRequest,
        registration: &acc::PassphraseStartRequest,
    ) -> (acc::LoginStartResponse, acc::PassphraseStartResponse) {
        let login = self.login_start(login);
        let response = self.registration(login.account_id, &registration.request);
        (login, acc::PassphraseStartResponse { response })
    }

    pub(super) fn passphrase(
        &mut self,
        address: &Address,
        request: acc::PassphraseFinishRequest,
    ) -> acc::StateAccepted {
        assert!(self.check_login(request.login_id, &request.ke3));
        let accepted = self.change(address, request.change).unwrap();
        self.accounts.get_mut(address).unwrap().record = Self::check_record(&request.record);
        accepted
    }

    pub(super) fn recovery_start(
        &mut self,
        request: &acc::RecoveryStartRequest,
    ) -> acc::RecoveryStartResponse {
        let recovery_id = HandshakeId(self.id());
        let mut challenge = vec![0; 32];
        self.rng.fill_bytes(&mut challenge);
        let challenge = Challenge(challenge);
        let handshake = Handshake::Recovery(request.address.clone(), challenge.clone());
        self.handshakes.insert(recovery_id.0.to_vec(), handshake);
        let account_id = self.accounts[&request.address].view.account_id;
        acc::RecoveryStartResponse { recovery_id, account_id, challenge }
    }

    pub(super) fn recovery_open(
        &self,
        request: &acc::RecoveryOpenRequest,
    ) -> Option<acc::RecoveryOpenResponse> {
        let Handshake::Recovery(address, challenge) = &self.handshakes[request.recovery_id.0.as_slice()]
        else {
            panic!()
        };
        let stored = &self.accounts[address];
        let key: [u8; 32] = stored.recovery_key.0.clone().try_into().unwrap();
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
        let signature = ed25519_dalek::Signature::from_slice(request.signature.as_bytes()).unwrap();
        let signed = [SIGNATURE_LABEL, stored.view.account_id.as_bytes(), challenge.as_bytes()].concat();
        key.verify(&signed, &signature).ok()?;
        Some(self.recovery_open_unchecked(request))
    }

    pub(super) fn recovery_open_unchecked(
        &self,
        request: &acc::RecoveryOpenRequest,
    ) -> acc::RecoveryOpenResponse {
        let Handshake::Recovery(address, _) = &self.handshakes[request.recovery_id.0.as_slice()] else {
            panic!()
        };
        let account = self.view(address);
        let response = self.registration(account.account_id, &request.request);
        acc::RecoveryOpenResponse { account, response }
    }

    pub(super) fn recovery(&mut self, request: acc::RecoveryFinishRequest) -> acc::AccountView {
        let Some(Handshake::Recovery(address, _)) = self.handshakes.remove(request.recovery_id.0.as_slice())
        else {
            panic!()
        };
        self.change(&address, request.change).unwrap();
        self.accounts.get_mut(&address).unwrap().record = Self::check_record(&request.record);
        self.view(&address)
    }
}
