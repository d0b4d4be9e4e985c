//! A person with the real crypto core, who asks the server what the page would ask.

use crate::evil::{Evil, Exchange};
use crate::refusal::{Outcome, Refusal};
use crate::server::Server;
use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto_core::session::Session;
use model::accounts::{Account, SeenState, Settings};
use model::mail::{AttachmentData, Draft, OpenedMessage, Person as Named, Protection, Recipient, Row};
use model::worker::{Command, Confidential, Reply};
use rand::RngCore as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wire::accounts as acc;
use wire::ids::{BlobId, SubmissionId};
use wire::keys::DirectoryEntry;
use wire::mail::{Delivery, FolderRole, FolderView, MessageView, Outside, SubmitRequest, SubmitResponse};
use wire::page::Page;
use wire::plaintext::Address;
use wire::sealed::{Digest, SealedMessage};

/// Milliseconds since 1970.
pub fn now() -> wire::Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    wire::Millis::try_from(since.as_millis()).unwrap_or(wire::Millis::MAX)
}

/// 16 random bytes.
pub fn random_id() -> [u8; 16] {
    let mut id = [0; 16];
    rand::thread_rng().fill_bytes(&mut id);
    id
}

/// An address at the test domain.
///
/// # Errors
/// The name cannot stand before an `@`.
pub fn address(name: &str) -> anyhow::Result<Address> {
    format!("{name}@hedgerow.test").parse().map_err(|error| anyhow!("{name}: {error}"))
}

/// The way to the server.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    base: String,
    cookie: Option<String>,
    /// Who listens in.
    pub evil: Evil,
}

impl Http {
    /// To this server.
    ///
    /// # Errors
    /// The client cannot be made.
    pub fn to(server: &Server) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { client, base: server.url(), cookie: None, evil: Evil::default() })
    }

    /// The same session at another process of the same server.
    pub fn move_to(&mut self, server: &Server) {
        self.base = server.url();
    }

    async fn send(&mut self, method: &str, path: &str, body: Vec<u8>, kind: &str) -> Outcome<Vec<u8>> {
        let verb = method.parse().map_err(|_| anyhow!("{method} is no method"))?;
        let mut request = self.client.request(verb, format!("{}{}{path}", self.base, wire::API));
        if method != "GET" {
            request = request.header(wire::GUARD_HEADER, "1").header("origin", &self.base);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if !body.is_empty() {
            request = request.header("content-type", kind).body(body.clone());
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        for cookie in response.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap_or_default();
            if text.starts_with("__Host-sid=") {
                self.cookie = text.split(';').next().filter(|pair| !pair.ends_with('=')).map(str::to_owned);
            }
        }
        let answered = response.bytes().await?.to_vec();
        let exchange = Exchange { method: method.into(), path: path.into(), sent: body, status, answered };
        let exchange = self.evil.pass(exchange);
        if exchange.status < 300 {
            return Ok(exchange.answered);
        }
        match serde_json::from_slice(&exchange.answered) {
            Ok(error) => Err(Refusal::Server(error)),
            Err(_) => Err(Refusal::Broken(anyhow!("{method} {path}: status {}", exchange.status))),
        }
    }

    /// A request with JSON and a JSON answer.
    ///
    /// # Errors
    /// The server refuses, or there is no sensible answer.
    pub async fn json<T: DeserializeOwned>(
        &mut self,
        method: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Outcome<T> {
        let body = serde_json::to_vec(body)?;
        let answer = self.send(method, path, body, "application/json").await?;
        // Routes without a reply answer 204; `()` reads from null.
        Ok(serde_json::from_slice(if answer.is_empty() { b"null" } else { &answer })?)
    }

    /// A GET with a JSON answer.
    ///
    /// # Errors
    /// As [`Http::json`].
    pub async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Outcome<T> {
        let answer = self.send("GET", path, Vec::new(), "").await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// A blob's bytes.
    ///
    /// # Errors
    /// As [`Http::json`].
    pub async fn blob(&mut self, id: BlobId) -> Outcome<Vec<u8>> {
        self.send("GET", &format!("/vault/blobs/{id}"), Vec::new(), "").await
    }

    /// Stores a blob.
    ///
    /// # Errors
    /// As [`Http::json`].
    pub async fn put_blob(&mut self, id: BlobId, bytes: Vec<u8>) -> Outcome<()> {
        self.send("PUT", &format!("/vault/blobs/{id}"), bytes, "application/octet-stream").await.map(|_| ())
    }

    /// The event stream, as the response it comes in.
    ///
    /// # Errors
    /// No answer.
    pub async fn events(&self) -> Outcome<reqwest::Response> {
        // No time limit: the stream is open as long as the page.
        let client = reqwest::Client::builder().build()?;
        let mut request = client.get(format!("{}{}/vault/events", self.base, wire::API));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        Ok(request.send().await?)
    }
}

type Sealed = (Vec<u8>, Digest, Vec<Delivery>, SealedMessage, Option<Outside>);

/// What is sent for a mail, so that it can be sent again.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The sealed message.
    pub blob: Vec<u8>,
    /// Its submission.
    pub request: SubmitRequest,
}

/// A person at one device.
pub struct Person {
    session: Session,
    /// The way to the server.
    pub http: Http,
    /// The address.
    pub address: Address,
    /// The passphrase.
    pub passphrase: String,
    /// What the device remembers.
    pub seen: Option<SeenState>,
    /// The recovery phrase, if this person just registered.
    pub phrase: Vec<String>,
    /// The account, once unlocked.
    pub account: Option<Account>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({})", self.address)
    }
}

/// The fields of the reply wanted, or what came instead as an error.
macro_rules! expect_reply {
    ($reply:expr, $variant:ident { $($field:ident),+ }) => {
        match $reply {
            Reply::$variant { $($field),+ } => ($($field),+),
            other => return Err(Refusal::Broken(anyhow!("expected {}, got {other:?}", stringify!($variant)))),
        }
    };
}

impl Person {
    /// A device where nobody is signed in.
    ///
    /// # Errors
    /// The name is no address.
    pub fn at(server: &Server, name: &str, passphrase: &str) -> anyhow::Result<Self> {
        Ok(Self {
            session: Session::new(),
            http: Http::to(server)?,
            address: address(name)?,
            passphrase: passphrase.to_owned(),
            seen: None,
            phrase: Vec::new(),
            account: None,
        })
    }

    /// A newcomer who has registered.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn new(server: &Server, name: &str) -> Outcome<Self> {
        let mut person = Self::at(server, name, &format!("correct horse battery {name}"))?;
        person.register().await?;
        Ok(person)
    }

    /// Gives the core a command.
    ///
    /// # Errors
    /// The core refuses.
    pub async fn ask(&mut self, command: Command) -> Outcome<Reply> {
        // As in the browser: the worker has a thread of its own.
        let reply = tokio::task::block_in_place(|| {
            self.session.handle(command, &mut rand::thread_rng(), &mut |_| {})
        });
        match reply {
            Reply::Error { error } => Err(Refusal::Core(error)),
            reply => Ok(reply),
        }
    }

    fn secret(&self) -> Confidential {
        Confidential(self.passphrase.clone())
    }

    /// Registers and unlocks.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn register(&mut self) -> Outcome<()> {
        let command = Command::StartRegistration {
            address: self.address.clone(),
            passphrase: self.secret(),
            invitation: None,
        };
        let request = expect_reply!(self.ask(command).await?, RegisterStart { request });
        let response: acc::RegisterStartResponse =
            self.http.json("POST", "/accounts/start", &request).await?;
        let reply = self.ask(Command::FinishRegistration { response, now: now() }).await?;
        let (request, phrase) = expect_reply!(reply, Registration { request, phrase });
        let view = self.http.json("POST", "/accounts", &request).await?;
        self.phrase = phrase;
        self.open_account(view).await
    }

    /// Signs in and unlocks.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn sign_in(&mut self) -> Outcome<()> {
        let view = self.log_in().await?;
        self.open_account(view).await
    }

    /// Signs in, and does not unlock yet.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn log_in(&mut self) -> Outcome<acc::AccountView> {
        let command = Command::StartLogin { address: self.address.clone(), passphrase: self.secret() };
        let request = expect_reply!(self.ask(command).await?, LoginStart { request });
        let response: acc::LoginStartResponse = self.http.json("POST", "/sessions/start", &request).await?;
        let request =
            expect_reply!(self.ask(Command::FinishLogin { response }).await?, LoginFinish { request });
        self.http.json("POST", "/sessions", &request).await
    }

    /// Unlocks what the server gave out.
    ///
    /// # Errors
    /// The core refuses.
    pub async fn open_account(&mut self, view: acc::AccountView) -> Outcome<()> {
        let command = Command::OpenAccount { view, seen: self.seen.clone(), now: now() };
        let account = expect_reply!(self.ask(command).await?, Account { account });
        self.seen = Some(account.seen.clone());
        self.account = Some(*account);
        Ok(())
    }

    /// Fetches the account again, as after a notice.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn refresh(&mut self) -> Outcome<()> {
        let view = self.http.get("/account").await?;
        let account =
            expect_reply!(self.ask(Command::RefreshAccount { view, now: now() }).await?, Account { account });
        self.seen = Some(account.seen.clone());
        self.account = Some(*account);
        Ok(())
    }

    async fn apply(&mut self, change: acc::StateChange) -> Outcome<()> {
        let answer: Outcome<acc::StateAccepted> = self.http.json("POST", "/account/state", &change).await;
        self.settle(answer).await
    }

    async fn settle(&mut self, answer: Outcome<acc::StateAccepted>) -> Outcome<()> {
        match answer {
            Ok(accepted) => {
                let seen = expect_reply!(self.ask(Command::StateAccepted { accepted }).await?, Seen { seen });
                self.seen = Some(seen);
                Ok(())
            }
            Err(refusal) => {
                self.ask(Command::StateRejected).await?;
                Err(refusal)
            }
        }
    }

    /// Changes the settings.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn set(&mut self, settings: Settings) -> Outcome<()> {
        let change = expect_reply!(
            self.ask(Command::SealSettings { settings, now: now() }).await?,
            StateChange { change }
        );
        self.apply(change).await
    }

    /// Changes the passphrase.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn change_passphrase(&mut self, new: &str) -> Outcome<()> {
        let command =
            Command::StartPassphraseChange { current: self.secret(), new: Confidential(new.to_owned()) };
        let (login, registration) =
            expect_reply!(self.ask(command).await?, PassphraseStart { login, registration });
        let login: acc::LoginStartResponse = self.http.json("POST", "/sessions/start", &login).await?;
        let registration: acc::PassphraseStartResponse =
            self.http.json("POST", "/account/passphrase/start", &registration).await?;
        let command =
            Command::FinishPassphraseChange { login, registration, end_other_sessions: true, now: now() };
        let request = expect_reply!(self.ask(command).await?, PassphraseFinish { request });
        let answer = self.http.json("POST", "/account/passphrase", &request).await;
        self.settle(answer).await?;
        self.passphrase = new.to_owned();
        Ok(())
    }

    /// Makes a new recovery phrase, in place of the one before.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn change_phrase(&mut self) -> Outcome<()> {
        let phrase = expect_reply!(self.ask(Command::MakePhrase).await?, Phrase { phrase });
        let command = Command::StartPhraseChange { passphrase: self.secret() };
        let request = expect_reply!(self.ask(command).await?, LoginStart { request });
        let login = self.http.json("POST", "/sessions/start", &request).await?;
        let request =
            expect_reply!(self.ask(Command::FinishPhraseChange { login }).await?, PhraseFinish { request });
        let answer = self.http.json("POST", "/account/recovery", &request).await;
        self.settle(answer).await?;
        self.phrase = phrase;
        Ok(())
    }

    /// Recovers the account with the phrase, and sets a new passphrase.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn recover(&mut self, phrase: &[String], new: &str) -> Outcome<()> {
        let command = Command::StartRecovery {
            address: self.address.clone(),
            phrase: Confidential(phrase.join(" ")),
            passphrase: Confidential(new.to_owned()),
        };
        let request = expect_reply!(self.ask(command).await?, RecoveryStart { request });
        let response = self.http.json("POST", "/recovery/start", &request).await?;
        let request =
            expect_reply!(self.ask(Command::ProveRecovery { response }).await?, RecoveryOpen { request });
        let response = self.http.json("POST", "/recovery/open", &request).await?;
        let command = Command::FinishRecovery { response, seen: self.seen.clone(), now: now() };
        let request = expect_reply!(self.ask(command).await?, RecoveryFinish { request });
        let view = self.http.json("POST", "/recovery", &request).await?;
        self.passphrase = new.to_owned();
        self.open_account(view).await
    }

    /// What the directory says of an address.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn look_up(&mut self, address: &Address) -> Outcome<DirectoryEntry> {
        self.http.get(&format!("/directory/{address}")).await
    }

    /// Judges recipients, and remembers the new ones.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn judge(&mut self, addresses: &[Address]) -> Outcome<(Vec<DirectoryEntry>, Vec<Recipient>)> {
        let mut entries = Vec::new();
        for address in addresses {
            entries.push(self.look_up(address).await?);
        }
        let command = Command::JudgeRecipients { entries: entries.clone(), now: now() };
        let (recipients, change) = expect_reply!(self.ask(command).await?, Recipients { recipients, change });
        if let Some(change) = change {
            self.apply(change).await?;
        }
        Ok((entries, recipients))
    }

    /// A mail of plain text.
    pub fn draft(to: &[&Address], subject: &str, text: &str) -> Draft {
        let to =
            to.iter().map(|address| Named { name: String::new(), address: address.to_string() }).collect();
        Draft {
            from_name: String::new(),
            to,
            cc: Vec::new(),
            subject: subject.to_owned(),
            text: text.to_owned(),
            attachments: Vec::<AttachmentData>::new(),
            in_reply_to: None,
            references: Vec::new(),
        }
    }

    /// Seals a mail, and sends nothing yet. Who is at another domain gets it as plain mail.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn seal(&mut self, draft: Draft) -> Outcome<Parcel> {
        let mut to = Vec::new();
        for person in draft.to.iter().chain(&draft.cc) {
            to.push(person.address.parse::<Address>().map_err(|error| anyhow!("{error}"))?);
        }
        to.retain(|address| address.domain() == self.address.domain());
        let (entries, _) = self.judge(&to).await?;
        self.seal_to(draft, entries).await
    }

    /// Seals a mail to entries judged before.
    ///
    /// # Errors
    /// The core refuses.
    pub async fn seal_to(&mut self, draft: Draft, entries: Vec<DirectoryEntry>) -> Outcome<Parcel> {
        let outside: Vec<Address> = draft
            .to
            .iter()
            .chain(&draft.cc)
            .filter_map(|person| person.address.parse::<Address>().ok())
            .filter(|address| address.domain() != self.address.domain())
            .collect();
        let protection = Protection::SignAndSeal;
        let command = Command::SealMessage { draft, protection, entries, outside, now: now() };
        let reply = self.ask(command).await?;
        let (blob, blob_digest, deliveries, own_summary, outside): Sealed =
            expect_reply!(reply, Sealed { blob, blob_digest, deliveries, own_summary, outside });
        let request = SubmitRequest {
            submission_id: SubmissionId(random_id()),
            blob: BlobId(random_id()),
            blob_digest,
            deliveries,
            outside,
            own_summary,
            answers: None,
            draft: None,
        };
        Ok(Parcel { blob, request })
    }

    /// Sends what was sealed; may be repeated.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn submit(&mut self, parcel: &Parcel) -> Outcome<SubmitResponse> {
        self.http.put_blob(parcel.request.blob, parcel.blob.clone()).await?;
        self.http.json("POST", "/mail/submissions", &parcel.request).await
    }

    /// Seals and sends.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn send(&mut self, to: &[&Address], subject: &str, text: &str) -> Outcome<SubmitResponse> {
        let parcel = self.seal(Self::draft(to, subject, text)).await?;
        self.submit(&parcel).await
    }

    /// The folder with this role.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn folder(&mut self, role: FolderRole) -> Outcome<FolderView> {
        let folders: Vec<FolderView> = self.http.get("/mail/folders").await?;
        Ok(folders.into_iter().find(|folder| folder.role == Some(role)).context("no such folder")?)
    }

    /// Every message of a folder, newest first.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn messages(&mut self, role: FolderRole) -> Outcome<Vec<MessageView>> {
        let folder = self.folder(role).await?.id;
        let mut all = Vec::new();
        let mut before = String::new();
        loop {
            let path = format!("/mail/folders/{folder}/messages?limit=100{before}");
            let page: Page<MessageView> = self.http.get(&path).await?;
            all.extend(page.items);
            let Some(next) = page.next else { return Ok(all) };
            before = format!("&before={}", next.0);
        }
    }

    /// The rows of some messages.
    ///
    /// # Errors
    /// The core refuses.
    pub async fn rows(&mut self, views: Vec<MessageView>) -> Outcome<Vec<Row>> {
        Ok(expect_reply!(self.ask(Command::OpenRows { views }).await?, Rows { rows }))
    }

    /// Fetches and opens a message, with the sender's certificate if that is wanted.
    ///
    /// # Errors
    /// Whoever refused.
    pub async fn read(&mut self, view: &MessageView) -> Outcome<OpenedMessage> {
        let blob = self.http.blob(view.blob).await?;
        let message = self.open_message(view, blob.clone(), Vec::new()).await?;
        let Some(sender) = message.wants_certificate_of.clone() else { return Ok(message) };
        let entry = self.look_up(&sender).await?;
        self.open_message(view, blob, vec![entry]).await
    }

    /// Opens a message.
    ///
    /// # Errors
    /// The core refuses.
    pub async fn open_message(
        &mut self,
        view: &MessageView,
        blob: Vec<u8>,
        certificates: Vec<DirectoryEntry>,
    ) -> Outcome<OpenedMessage> {
        let command = Command::OpenMessage { view: view.clone(), blob, certificates, now: now() };
        Ok(*expect_reply!(self.ask(command).await?, Message { message }))
    }
}

/// Bytes as they stand in JSON.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes out of JSON.
///
/// # Errors
/// Not base64url.
pub fn from_base64url(text: &str) -> anyhow::Result<Vec<u8>> {
    Ok(URL_SAFE_NO_PAD.decode(text)?)
}
