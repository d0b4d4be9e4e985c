//! A client for this crate's tests: real OPAQUE and real certificates, envelopes with the right outside
//! and random bytes inside. It drives the whole router in process, on
//! SQLite or PostgreSQL.

use super::opaque::Suite1;
use crate::app::{App, random, router};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use ed25519_dalek::{Signer as _, SigningKey};
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialResponse, Identifiers, RegistrationResponse,
};
use pgp::composed::{EncryptionCaps, KeyType, SecretKeyParamsBuilder, SignedPublicKey, SubkeyParamsBuilder};
use pgp::ser::Serialize as _;
use rand::rngs::OsRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use wire::accounts::*;
use wire::error::{ErrorBody, ErrorCode};
use wire::ids::{AccountId, BlobId, MessageId, ObjectId, SubmissionId};
use wire::mail::*;
use wire::plaintext::{Address, Invitation};
use wire::sealed::*;

pub(crate) const CONTEXT: &[u8] = b"hedgerow/opaque/v1\x01";

/// A server in this process, with a folder that goes when the test ends.
pub(crate) struct Server {
    pub(crate) app: App,
    router: Router,
    _dir: tempfile::TempDir,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn error(&self) -> ErrorCode {
        assert!(!self.status.is_success(), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        let body: ErrorBody = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body.code.status(), self.status.as_u16());
        body.code
    }

    pub(crate) fn cookie(&self) -> String {
        let cookie = self.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
            assert!(cookie.split("; ").any(|found| found == part), "{cookie}");
        }
        assert!(!cookie.contains("Domain"));
        cookie.split(';').next().unwrap().to_owned()
    }
}

/// A new database, if the tests are to run on PostgreSQL (`HEDGEROW_TEST_STORE=shared`).
async fn postgres() -> Option<String> {
    use sqlx::{Connection as _, Executor as _};
    std::env::var("HEDGEROW_TEST_STORE").ok().filter(|store| store == "shared")?;
    let url = std::env::var("HEDGEROW_TEST_POSTGRES").expect("HEDGEROW_TEST_POSTGRES is not set");
    let name = format!("hedgerow_{}", hex::encode(random::<16>()));
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    Some(format!("{server}/{name}"))
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[("HEDGEROW_ACCOUNTS__REGISTRATION", "open")]).await
    }

    pub(crate) async fn start_with(variables: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().to_str().unwrap().to_owned();
        let database = postgres().await.map(|url| ("HEDGEROW_DATA__DATABASE_URL".to_owned(), url));
        let variables = variables
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .chain([("HEDGEROW_DATA__DIR".to_owned(), data)])
            .chain(database);
        let app = App::open(crate::config::Config::load_with(None, variables).unwrap()).await.unwrap();
        Self { router: router(app.clone()), app, _dir: dir }
    }

    /// Sends a request and leaves the reply's body to be read.
    pub(crate) async fn open(&self, path: &str, cookie: &str) -> axum::body::BodyDataStream {
        let request = Request::get(format!("{}{path}", wire::API)).header(header::COOKIE, cookie);
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert!(response.status().is_success());
        response.into_body().into_data_stream()
    }

    /// Sends a request with a raw body.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        cookie: Option<&str>,
        kind: &str,
        body: Vec<u8>,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", wire::API))
            .header(wire::GUARD_HEADER, "1")
            .header(header::CONTENT_TYPE, kind);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec();
        Reply { status, headers, body }
    }

    /// Sends JSON.
    pub(crate) async fn json(
        &self,
        method: Method,
        path: &str,
        cookie: Option<&str>,
        body: &impl Serialize,
    ) -> Reply {
        let body = serde_json::to_vec(body).unwrap();
        self.send(method, path, cookie, "application/json", body).await
    }

    pub(crate) async fn post(&self, path: &str, cookie: Option<&str>, body: &impl Serialize) -> Reply {
        self.json(Method::POST, path, cookie, body).await
    }

    pub(crate) async fn get(&self, path: &str, cookie: Option<&str>) -> Reply {
        self.send(Method::GET, path, cookie, "application/json", Vec::new()).await
    }

    pub(crate) async fn delete(&self, path: &str, cookie: Option<&str>) -> Reply {
        self.send(Method::DELETE, path, cookie, "application/json", Vec::new()).await
    }

    /// Registers `name` at the server's domain.
    pub(crate) async fn register(&self, name: &str) -> Person {
        let enrolment = Enrolment::begin(self, &address(name), None).await;
        let reply = self.post("/accounts", None, &enrolment.request).await;
        let cookie = reply.cookie();
        enrolment.person(reply.json(), cookie)
    }
}

pub(crate) fn address(name: &str) -> Address {
    format!("{name}@hedgerow.test").parse().unwrap()
}

/// An account holder.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) address: Address,
    pub(crate) account: AccountId,
    pub(crate) passphrase: Vec<u8>,
    pub(crate) phrase: SigningKey,
    pub(crate) view: AccountView,
    pub(crate) cookie: String,
}

/// A registration ready to be finished.
pub(crate) struct Enrolment {
    pub(crate) request: RegisterRequest,
    pub(crate) account: AccountId,
    address: Address,
    passphrase: Vec<u8>,
    phrase: SigningKey,
}

fn names<'a>(account: &'a AccountId, address: &'a Address) -> Identifiers<'a> {
    Identifiers { client: Some(account.as_bytes()), server: Some(address.domain().as_bytes()) }
}

/// A new OPAQUE registration: the request, and what finishes it.
pub(crate) struct Registering {
    state: ClientRegistration<Suite1>,
    pub(crate) request: OpaqueMessage,
}

impl Registering {
    pub(crate) fn begin(passphrase: &[u8]) -> Self {
        let started = ClientRegistration::<Suite1>::start(&mut OsRng, passphrase).unwrap();
        Self { state: started.state, request: OpaqueMessage(started.message.serialize().to_vec()) }
    }

    pub(crate) fn finish(
        self,
        passphrase: &[u8],
        account: &AccountId,
        address: &Address,
        response: &OpaqueMessage,
    ) -> OpaqueMessage {
        let response = RegistrationResponse::deserialize(response.as_bytes()).unwrap();
        let parameters = ClientRegistrationFinishParameters::new(names(account, address), None);
        let finished = self.state.finish(&mut OsRng, passphrase, response, parameters).unwrap();
        OpaqueMessage(finished.message.serialize().to_vec())
    }
}

impl Enrolment {
    pub(crate) async fn begin(server: &Server, address: &Address, invitation: Option<Invitation>) -> Self {
        let passphrase = format!("correct horse of {}", address.local()).into_bytes();
        let registering = Registering::begin(&passphrase);
        let request = RegisterStartRequest {
            address: address.clone(),
            invitation,
            suite: 1,
            request: registering.request.clone(),
        };
        let started: RegisterStartResponse = server.post("/accounts/start", None, &request).await.json();
        let account = started.account_id;
        let phrase = SigningKey::from_bytes(&random());
        let objects = [
            (ObjectKind::SlotPassphrase, ObjectId::default()),
            (ObjectKind::SlotRecovery, ObjectId::default()),
            (ObjectKind::SecretKey, ObjectId(random())),
            (ObjectKind::CollectionKey, ObjectId(random())),
            (ObjectKind::Object, ObjectId(random())),
            (ObjectKind::Object, ObjectId(random())),
            (ObjectKind::State, ObjectId::default()),
        ];
        let request = RegisterRequest {
            ticket: started.ticket,
            record: registering.finish(&passphrase, &account, address, &started.response),
            objects: objects.map(|(kind, id)| object(&account, kind, id, 1)).to_vec(),
            recovery_key: VerifyingKey(phrase.verifying_key().as_bytes().to_vec()),
            certificate: certificate(address),
        };
        Self { request, account, address: address.clone(), passphrase, phrase }
    }

    pub(crate) fn person(self, view: AccountView, cookie: String) -> Person {
        assert_eq!((view.account_id, &view.address), (self.account, &self.address));
        Person {
            address: self.address,
            account: self.account,
            passphrase: self.passphrase,
            phrase: self.phrase,
            view,
            cookie,
        }
    }
}

/// A v4 certificate of the account profile: Ed25519, and Curve25519 to seal to.
pub(crate) fn certificate(address: &Address) -> Certificate {
    let mut subkey = SubkeyParamsBuilder::default();
    subkey.key_type(KeyType::ECDH(pgp::crypto::ecc_curve::ECCCurve::Curve25519Legacy));
    subkey.can_encrypt(EncryptionCaps::All);
    let mut builder = SecretKeyParamsBuilder::default();
    builder
        .key_type(KeyType::Ed25519Legacy)
        .can_certify(true)
        .can_sign(true)
        .primary_user_id(address.as_str().into())
        .subkeys(vec![subkey.build().unwrap()]);
    let secret = builder.build().unwrap().generate(OsRng).unwrap();
    Certificate(SignedPublicKey::from(secret).to_bytes().unwrap())
}

fn noise(len: usize) -> Vec<u8> {
    let mut bytes = vec![0u8; len];
    rand::RngCore::fill_bytes(&mut OsRng, &mut bytes);
    bytes
}

/// An object with the right outside.
pub(crate) fn object(account: &AccountId, kind: ObjectKind, id: ObjectId, version: u64) -> SealedObject {
    let len: u32 = 96;
    let mut bytes = b"ZKE1".to_vec();
    bytes.extend([1, kind.octet(), 0, 0]);
    bytes.extend(account.as_bytes());
    bytes.extend(id.as_bytes());
    bytes.extend(1u32.to_be_bytes());
    bytes.extend(version.to_be_bytes());
    bytes.extend([0u8; 16]);
    bytes.extend([0, 1, 0, 1]);
    bytes.extend(0u32.to_be_bytes());
    bytes.extend(len.to_be_bytes());
    bytes.extend(noise(64 + len as usize + 16));
    SealedObject { kind, object_id: id, version, envelope: SealedEnvelope(bytes) }
}

/// An OpenPGP message with the right outside.
pub(crate) fn sealed(len: u8) -> Vec<u8> {
    let mut bytes = vec![0xc1, 81, 3];
    bytes.extend(noise(80));
    bytes.extend([0xd2, len + 1, 1]);
    bytes.extend(noise(usize::from(len)));
    bytes
}

pub(crate) fn summary() -> SealedMessage {
    SealedMessage(sealed(100))
}

impl Person {
    pub(crate) fn cookie(&self) -> Option<&str> {
        Some(&self.cookie)
    }

    /// Begins a login with a passphrase; the KE3 is `None` if the passphrase is wrong.
    pub(crate) async fn begin_login(
        &self,
        server: &Server,
        passphrase: &[u8],
    ) -> (LoginStartResponse, Option<LoginFinishRequest>) {
        let started = ClientLogin::<Suite1>::start(&mut OsRng, passphrase).unwrap();
        let request = LoginStartRequest {
            address: self.address.clone(),
            suite: 1,
            ke1: OpaqueMessage(started.message.serialize().to_vec()),
        };
        let reply: LoginStartResponse = server.post("/sessions/start", None, &request).await.json();
        let parameters =
            ClientLoginFinishParameters::new(Some(CONTEXT), names(&reply.account_id, &self.address), None);
        let ke2 = CredentialResponse::deserialize(reply.ke2.as_bytes()).unwrap();
        let finished = started.state.finish(&mut OsRng, passphrase, ke2, parameters).ok();
        let finish = finished.map(|finished| LoginFinishRequest {
            login_id: reply.login_id,
            ke3: OpaqueMessage(finished.message.serialize().to_vec()),
        });
        (reply, finish)
    }

    /// Signs in anew; the person with the new session.
    pub(crate) async fn login(&self, server: &Server) -> Self {
        let (_, finish) = self.begin_login(server, &self.passphrase).await;
        let reply = server.post("/sessions", None, &finish.unwrap()).await;
        let cookie = reply.cookie();
        Self { view: reply.json(), cookie, ..self.clone() }
    }

    /// The next version of some objects, with the next state.
    pub(crate) fn change(&self, epoch: u64, kinds: &[ObjectKind]) -> StateChange {
        let next = |kind: &ObjectKind| {
            let old = self.view.objects.iter().find(|object| object.kind == *kind).unwrap();
            object(&self.account, *kind, old.object_id, old.version + 1)
        };
        let mut objects: Vec<_> = kinds.iter().map(next).collect();
        objects.push(object(&self.account, ObjectKind::State, ObjectId::default(), epoch + 1));
        StateChange { expected_epoch: epoch, objects }
    }

    /// Signs a recovery challenge.
    pub(crate) fn answer(&self, started: &RecoveryStartResponse) -> Signature {
        let signed =
            [&b"hedgerow/v1/recovery"[..], started.account_id.as_bytes(), started.challenge.as_bytes()];
        Signature(self.phrase.sign(&signed.concat()).to_bytes().to_vec())
    }

    /// Uploads a sealed message.
    pub(crate) async fn upload(&self, server: &Server) -> (BlobId, Digest) {
        let (id, bytes) = (BlobId(random()), sealed(150));
        let digest = Digest(Sha256::digest(&bytes).to_vec());
        let path = format!("/vault/blobs/{id}");
        let reply = server.send(Method::PUT, &path, self.cookie(), "application/octet-stream", bytes).await;
        assert!(reply.status.is_success(), "{}", String::from_utf8_lossy(&reply.body));
        (id, digest)
    }

    /// A sending to some addresses.
    pub(crate) async fn message(&self, server: &Server, to: &[&Address]) -> SubmitRequest {
        let (blob, blob_digest) = self.upload(server).await;
        let deliveries =
            to.iter().map(|to| Delivery { address: (*to).clone(), summary: summary() }).collect();
        SubmitRequest {
            submission_id: SubmissionId(random()),
            blob,
            blob_digest,
            deliveries,
            outside: None,
            own_summary: summary(),
            answers: None,
            draft: None,
        }
    }

    pub(crate) async fn submit(&self, server: &Server, request: &SubmitRequest) -> MessageView {
        server.post("/mail/submissions", self.cookie(), request).await.json::<SubmitResponse>().sent
    }

    pub(crate) async fn folder(&self, server: &Server, role: FolderRole) -> FolderView {
        let folders: Vec<FolderView> = server.get("/mail/folders", self.cookie()).await.json();
        folders.into_iter().find(|folder| folder.role == Some(role)).unwrap()
    }

    pub(crate) async fn list(&self, server: &Server, role: FolderRole) -> Vec<MessageView> {
        let folder = self.folder(server, role).await.id;
        let path = format!("/mail/folders/{folder}/messages");
        server.get(&path, self.cookie()).await.json::<wire::page::Page<MessageView>>().items
    }

    pub(crate) async fn act(&self, server: &Server, messages: &[MessageId], action: Action) -> Reply {
        let request = ActionRequest { messages: messages.to_vec(), action };
        server.post("/mail/actions", self.cookie(), &request).await
    }

    pub(crate) async fn used_bytes(&self, server: &Server) -> u64 {
        server.get("/account", self.cookie()).await.json::<AccountView>().used_bytes
    }
}
