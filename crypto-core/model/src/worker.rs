//! The protocol between the page and the crypto worker.
//!
//! One command, one reply, in order. The core does no input or output: where the server must be asked,
//! the reply holds the `wire` request and the next command takes the response.
//!
//! ```text
//! sign-up    StartRegistration → RegisterStart ⇄ server → FinishRegistration → Registration ⇄ server → OpenAccount
//! sign-in    StartLogin → LoginStart ⇄ server → FinishLogin → LoginFinish ⇄ server → OpenAccount
//! new pass.  StartPassphraseChange → PassphraseStart ⇄ server (login and registration) → FinishPassphraseChange
//!            → PassphraseFinish ⇄ server → StateAccepted
//! new phrase MakePhrase → Phrase (shown; the old one still holds), StartPhraseChange → LoginStart ⇄ server
//!            → FinishPhraseChange → PhraseFinish ⇄ server → StateAccepted
//! recovery   StartRecovery → RecoveryStart ⇄ server → ProveRecovery → RecoveryOpen ⇄ server → FinishRecovery
//!            → RecoveryFinish ⇄ server → OpenAccount
//! send       JudgeRecipients → Recipients (and perhaps a StateChange ⇄ server → StateAccepted)
//!            → SealMessage → Sealed ⇄ server (blob, submission)
//! read       OpenRows → Rows; OpenMessage → Message (perhaps again with the sender's certificate)
//! ```

use crate::Millis;
use crate::accounts::{Account, SeenState, Settings, Strength};
use crate::error::CoreError;
use crate::mail::{Draft, OpenedMessage, Protection, Recipient, Row};
use serde::{Deserialize, Serialize};
use wire::accounts as acc;
use wire::ids::{MessageId, SessionId};
use wire::keys::DirectoryEntry;
use wire::mail::{Delivery, MessageView, Outside};
use wire::plaintext::{Address, Invitation};
use wire::sealed::{Digest, SealedEnvelope, SealedMessage};

/// Text that must not be printed: passphrases and recovery phrases on their way into the worker.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confidential(pub String);

impl core::fmt::Debug for Confidential {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("[confidential]")
    }
}

/// What the page asks of the worker. The clock is an argument: the core has none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Judge a passphrase. → [`Reply::Strength`]
    RatePassphrase {
        /// The passphrase.
        passphrase: Confidential,
    },
    /// → [`Reply::RegisterStart`]
    StartRegistration {
        /// The address wanted.
        address: Address,
        /// The passphrase.
        passphrase: Confidential,
        /// The invitation, where one is needed.
        invitation: Option<Invitation>,
    },
    /// Stretch the passphrase, make the keys, seal them. → [`Reply::Registration`]; progress is reported.
    FinishRegistration {
        /// From the server.
        response: acc::RegisterStartResponse,
        /// Now.
        now: Millis,
    },
    /// → [`Reply::LoginStart`]
    StartLogin {
        /// Who.
        address: Address,
        /// The passphrase.
        passphrase: Confidential,
    },
    /// → [`Reply::LoginFinish`], or `wrong_passphrase`
    FinishLogin {
        /// From the server.
        response: acc::LoginStartResponse,
    },
    /// Open the account's objects, check the state, unlock the keys. → [`Reply::Account`]
    OpenAccount {
        /// From the server, after registration, login or recovery.
        view: acc::AccountView,
        /// What this device remembers of the account, if it ever saw it.
        seen: Option<SeenState>,
        /// Now.
        now: Millis,
    },
    /// Another device changed the account: open its newer objects. → [`Reply::Account`]
    RefreshAccount {
        /// From the server.
        view: acc::AccountView,
        /// Now.
        now: Millis,
    },
    /// Drop every secret. → [`Reply::Done`]
    Lock,
    /// → [`Reply::PassphraseStart`]
    StartPassphraseChange {
        /// The passphrase now.
        current: Confidential,
        /// The new one.
        new: Confidential,
    },
    /// → [`Reply::PassphraseFinish`]
    FinishPassphraseChange {
        /// Login with the current passphrase.
        login: acc::LoginStartResponse,
        /// Registration of the new one.
        registration: acc::PassphraseStartResponse,
        /// Whether every other session ends.
        end_other_sessions: bool,
        /// Now.
        now: Millis,
    },
    /// → [`Reply::RecoveryStart`]
    StartRecovery {
        /// Who.
        address: Address,
        /// The 24 words, in any case and spacing.
        phrase: Confidential,
        /// The new passphrase.
        passphrase: Confidential,
    },
    /// Make a new recovery phrase, which holds from [`Command::FinishPhraseChange`] on. → [`Reply::Phrase`]
    MakePhrase,
    /// Prove the passphrase, to put the phrase made last in place of the old one. → [`Reply::LoginStart`]
    StartPhraseChange {
        /// The passphrase.
        passphrase: Confidential,
    },
    /// → [`Reply::PhraseFinish`]
    FinishPhraseChange {
        /// From the server.
        login: acc::LoginStartResponse,
    },
    /// → [`Reply::RecoveryOpen`]
    ProveRecovery {
        /// From the server.
        response: acc::RecoveryStartResponse,
    },
    /// → [`Reply::RecoveryFinish`]
    FinishRecovery {
        /// From the server.
        response: acc::RecoveryOpenResponse,
        /// What this device remembers of the account.
        seen: Option<SeenState>,
        /// Now.
        now: Millis,
    },
    /// The server took the state change last made. → [`Reply::Seen`]
    StateAccepted {
        /// From the server.
        accepted: acc::StateAccepted,
    },
    /// The server refused the state change last made (stale, or failed): forget it. → [`Reply::Done`]
    StateRejected,
    /// Change the settings. → [`Reply::StateChange`]
    SealSettings {
        /// The new settings.
        settings: Settings,
        /// Now.
        now: Millis,
    },
    /// Seal a name for this session. → [`Reply::SessionLabel`]
    SealSessionLabel {
        /// Which it is in the server's list.
        session: SessionId,
        /// Such as "Chromium on Linux".
        label: String,
    },
    /// Open session names. → [`Reply::SessionLabels`]
    OpenSessionLabels {
        /// In the order of the list: which session, and its sealed name.
        labels: Vec<(SessionId, Option<SealedEnvelope>)>,
    },
    /// Judge the certificates the server gave out, remember new ones. → [`Reply::Recipients`]
    JudgeRecipients {
        /// From the directory.
        entries: Vec<DirectoryEntry>,
        /// Now.
        now: Millis,
    },
    /// The person compared fingerprints and takes the changed certificate. → [`Reply::StateChange`]
    AcceptCertificate {
        /// From the directory.
        entry: DirectoryEntry,
        /// Now.
        now: Millis,
    },
    /// Build, sign and seal a mail. → [`Reply::Sealed`]
    SealMessage {
        /// What was written.
        draft: Draft,
        /// How.
        protection: Protection,
        /// The recipients' certificates, judged before; each is judged again.
        entries: Vec<DirectoryEntry>,
        /// The recipients who get it as plain mail, for the person said so. Never anyone with a known certificate,
        /// nor of the own domain.
        #[serde(default)]
        outside: Vec<Address>,
        /// Now.
        now: Millis,
    },
    /// Seal a draft to the person alone. → [`Reply::Sealed`] with no deliveries
    SealDraft {
        /// What was written so far.
        draft: Draft,
        /// Now.
        now: Millis,
    },
    /// Open summaries. → [`Reply::Rows`]
    OpenRows {
        /// From the server.
        views: Vec<MessageView>,
    },
    /// Open a message. → [`Reply::Message`]
    OpenMessage {
        /// From the server.
        view: MessageView,
        /// The sealed bytes from the server.
        #[serde(with = "serde_bytes")]
        blob: Vec<u8>,
        /// Certificates from the directory, to check the signature with.
        certificates: Vec<DirectoryEntry>,
        /// Now.
        now: Millis,
    },
    /// The bytes of an attachment of a message opened lately. → [`Reply::Bytes`]
    Attachment {
        /// Which message.
        id: MessageId,
        /// Which attachment.
        index: u32,
    },
}

/// What the worker answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done; nothing to say.
    Done,
    /// Refused.
    Error {
        /// Why.
        error: CoreError,
    },
    /// A verdict on a passphrase.
    Strength {
        /// The verdict.
        strength: Strength,
    },
    /// For `POST /accounts/start`.
    RegisterStart {
        /// The request.
        request: acc::RegisterStartRequest,
    },
    /// For `POST /accounts`, and the words to show.
    Registration {
        /// The request.
        request: Box<acc::RegisterRequest>,
        /// The 24 words of the recovery phrase, shown once.
        phrase: Vec<String>,
    },
    /// For `POST /sessions/start`.
    LoginStart {
        /// The request.
        request: acc::LoginStartRequest,
    },
    /// For `POST /sessions`.
    LoginFinish {
        /// The request.
        request: acc::LoginFinishRequest,
    },
    /// The account is unlocked.
    Account {
        /// The account.
        account: Box<Account>,
    },
    /// For `POST /sessions/start` and `POST /account/passphrase/start`.
    PassphraseStart {
        /// Proves the current passphrase.
        login: acc::LoginStartRequest,
        /// Registers the new one.
        registration: acc::PassphraseStartRequest,
    },
    /// For `POST /account/passphrase`.
    PassphraseFinish {
        /// The request.
        request: Box<acc::PassphraseFinishRequest>,
    },
    /// A new recovery phrase.
    Phrase {
        /// The 24 words, shown once.
        phrase: Vec<String>,
    },
    /// For `POST /account/recovery`.
    PhraseFinish {
        /// The request.
        request: Box<acc::PhraseFinishRequest>,
    },
    /// For `POST /recovery/start`.
    RecoveryStart {
        /// The request.
        request: acc::RecoveryStartRequest,
    },
    /// For `POST /recovery/open`.
    RecoveryOpen {
        /// The request.
        request: acc::RecoveryOpenRequest,
    },
    /// For `POST /recovery`.
    RecoveryFinish {
        /// The request.
        request: Box<acc::RecoveryFinishRequest>,
    },
    /// For `POST /account/state`.
    StateChange {
        /// The request.
        change: acc::StateChange,
    },
    /// What this device must remember now.
    Seen {
        /// The newest state.
        seen: SeenState,
    },
    /// For `PUT /sessions/current/label`.
    SessionLabel {
        /// The sealed name.
        label: SealedEnvelope,
    },
    /// Names of sessions, in order; absent where there is none or it did not open.
    SessionLabels {
        /// The names.
        labels: Vec<Option<String>>,
    },
    /// Verdicts on recipients.
    Recipients {
        /// In the order asked.
        recipients: Vec<Recipient>,
        /// Remembers the new ones; send it before sealing. Absent if all were known.
        change: Option<acc::StateChange>,
    },
    /// A sealed message and its summaries.
    Sealed {
        /// The sealed message, for `PUT /vault/blobs/{id}`.
        #[serde(with = "serde_bytes")]
        blob: Vec<u8>,
        /// SHA-256 of `blob`.
        blob_digest: Digest,
        /// One per recipient.
        deliveries: Vec<Delivery>,
        /// For the person's own copy.
        own_summary: SealedMessage,
        /// The same message for the recipients outside, if there are any.
        #[serde(default)]
        outside: Option<Outside>,
    },
    /// Rows of a list, in the order asked.
    Rows {
        /// The rows.
        rows: Vec<Row>,
    },
    /// A message.
    Message {
        /// The message.
        message: Box<OpenedMessage>,
    },
    /// Some bytes.
    Bytes {
        /// The bytes.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
}

/// How far a long command has come; posted by the worker before its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Stretching the passphrase (Argon2id).
    Stretching,
    /// Making keys.
    MakingKeys,
    /// Sealing.
    Sealing,
}
