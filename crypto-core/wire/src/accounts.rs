//! Accounts, login, sessions, recovery.
//!
//! | Method and path | Request | Reply |
//! |---|---|---|
//! | `GET /server` | – | [`ServerInfo`] |
//! | `POST /accounts/start` | [`RegisterStartRequest`] | [`RegisterStartResponse`] |
//! | `POST /accounts` | [`RegisterRequest`] | [`AccountView`] and a session cookie |
//! | `POST /sessions/start` | [`LoginStartRequest`] | [`LoginStartResponse`], also for unknown addresses (R28) |
//! | `POST /sessions` | [`LoginFinishRequest`] | [`AccountView`] and a session cookie |
//! | `GET /sessions` | – | list of [`SessionView`] |
//! | `PUT /sessions/current/label` | [`SessionLabel`] | – |
//! | `DELETE /sessions/current`, `/sessions/others`, `/sessions/{id}` | – | – |
//! | `GET /account` | – | [`AccountView`] |
//! | `POST /account/state` | [`StateChange`] | [`StateAccepted`], or `stale` |
//! | `POST /account/passphrase/start` | [`PassphraseStartRequest`] | [`PassphraseStartResponse`] |
//! | `POST /account/passphrase` | [`PassphraseFinishRequest`] | [`StateAccepted`] |
//! | `POST /account/recovery` | [`PhraseFinishRequest`] | [`StateAccepted`] |
//! | `POST /recovery/start` | [`RecoveryStartRequest`] | [`RecoveryStartResponse`], also for unknown addresses |
//! | `POST /recovery/open` | [`RecoveryOpenRequest`] | [`RecoveryOpenResponse`] |
//! | `POST /recovery` | [`RecoveryFinishRequest`] | [`AccountView`] and a session cookie |
//!
//! OPAQUE (RFC 9807, `opaque-ke` 4.0.1): the credential identifier and the client identity are the 16
//! bytes of the account id, the server identity is the mail domain of the address (so that a host may
//! move), the context is `hedgerow/opaque/v1` followed by the suite octet. A lie about any of them makes
//! the login fail in the client before KE3 is sent.

use crate::Millis;
use crate::ids::{AccountId, HandshakeId, ObjectId, SessionId};
use crate::plaintext::{Address, Invitation};
use crate::sealed::{Certificate, Challenge, OpaqueMessage, SealedEnvelope, Signature, Ticket, VerifyingKey};
use serde::{Deserialize, Serialize};

/// What a newcomer must know of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerInfo {
    /// The domain of its addresses.
    pub domain: String,
    /// Who may register.
    pub registration: Registration,
    /// The server's version.
    pub version: String,
    /// The largest sealed message it takes, in bytes.
    pub max_message_bytes: u64,
    /// Whether it sends mail to other servers.
    #[serde(default)]
    pub sends_outside: bool,
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Registration {
    /// Anyone.
    Open,
    /// Whoever holds an invitation.
    Invite,
    /// Nobody.
    Closed,
}

/// The kinds of sealed objects an account keeps: the `kind` octet of their ZKE1 heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ObjectKind {
    /// 1: the account key, sealed by the passphrase through OPAQUE.
    SlotPassphrase,
    /// 2: the account key, sealed by the recovery phrase.
    SlotRecovery,
    /// 6: an OpenPGP secret key.
    SecretKey,
    /// 7: a collection key.
    CollectionKey,
    /// 8: the account state.
    State,
    /// 9: an object sealed by a collection key (the pin book, the settings).
    Object,
}

impl ObjectKind {
    /// The octet in the ZKE1 head.
    pub fn octet(self) -> u8 {
        match self {
            Self::SlotPassphrase => 1,
            Self::SlotRecovery => 2,
            Self::SecretKey => 6,
            Self::CollectionKey => 7,
            Self::State => 8,
            Self::Object => 9,
        }
    }

    /// The kind with this octet.
    pub fn from_octet(octet: u8) -> Option<Self> {
        Some(match octet {
            1 => Self::SlotPassphrase,
            2 => Self::SlotRecovery,
            6 => Self::SecretKey,
            7 => Self::CollectionKey,
            8 => Self::State,
            9 => Self::Object,
            _ => return None,
        })
    }
}

/// A sealed object of an account. `(kind, object_id)` is its name; a higher version replaces a lower.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SealedObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Which one. All zero for the slots and the state, of which there is one each.
    pub object_id: ObjectId,
    /// Rises by one at each change; for the state it is the epoch.
    pub version: u64,
    /// The sealed bytes.
    pub envelope: SealedEnvelope,
}

/// The server's copy of an account, for its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountView {
    /// The account.
    pub account_id: AccountId,
    /// Its address.
    pub address: Address,
    /// Its public certificate as the directory gives it out.
    pub certificate: Certificate,
    /// Every sealed object, the state among them.
    pub objects: Vec<SealedObject>,
    /// Bytes stored.
    pub used_bytes: u64,
    /// Bytes that may be stored.
    pub quota_bytes: u64,
}

/// A change of sealed objects in one transaction: the new state must be among `objects`, with version
/// `expected_epoch + 1`; otherwise `stale`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateChange {
    /// The epoch the change was made on.
    pub expected_epoch: u64,
    /// New and replaced objects.
    pub objects: Vec<SealedObject>,
}

/// The change is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateAccepted {
    /// The epoch now.
    pub epoch: u64,
}

/// Begin a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterStartRequest {
    /// The address wanted.
    pub address: Address,
    /// The invitation, where one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
    /// OPAQUE suite, 1.
    pub suite: u8,
    /// OPAQUE RegistrationRequest, 32 bytes.
    pub request: OpaqueMessage,
}

/// The server's half of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterStartResponse {
    /// Hand it back.
    pub ticket: Ticket,
    /// The random id the account will have.
    pub account_id: AccountId,
    /// OPAQUE RegistrationResponse, 64 bytes.
    pub response: OpaqueMessage,
}

/// Finish a registration; one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// From [`RegisterStartResponse`]; binds address, invitation and account id.
    pub ticket: Ticket,
    /// OPAQUE RegistrationUpload, 192 bytes.
    pub record: OpaqueMessage,
    /// Both slots, the secret key, the collection keys, the books, and the state with epoch 1.
    pub objects: Vec<SealedObject>,
    /// Verifies signatures made with the recovery phrase.
    pub recovery_key: VerifyingKey,
    /// The new public certificate.
    pub certificate: Certificate,
}

/// Begin a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginStartRequest {
    /// Who.
    pub address: Address,
    /// OPAQUE suite, 1.
    pub suite: u8,
    /// OPAQUE KE1, 96 bytes.
    pub ke1: OpaqueMessage,
}

/// The server's half of a login; same shape, size and time for unknown addresses (R28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginStartResponse {
    /// Hand it back.
    pub login_id: HandshakeId,
    /// The account the address stands for.
    pub account_id: AccountId,
    /// OPAQUE suite; a client refuses any it did not ask for (R6).
    pub suite: u8,
    /// OPAQUE KE2, 320 bytes.
    pub ke2: OpaqueMessage,
}

/// Finish a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginFinishRequest {
    /// From [`LoginStartResponse`].
    pub login_id: HandshakeId,
    /// OPAQUE KE3, 64 bytes.
    pub ke3: OpaqueMessage,
}

/// A session in the account's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// Which.
    pub id: SessionId,
    /// When it began.
    pub created_at: Millis,
    /// When it was last used, to the nearest five minutes.
    pub seen_at: Millis,
    /// Whether it is the one asking.
    pub current: bool,
    /// A name for people ("Chromium on Linux"), sealed by the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<SealedEnvelope>,
}

/// Name the current session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionLabel {
    /// The sealed name.
    pub label: SealedEnvelope,
}

/// Begin a passphrase change (a session and a login under way are both needed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PassphraseStartRequest {
    /// OPAQUE RegistrationRequest for the new passphrase.
    pub request: OpaqueMessage,
}

/// The server's half of a passphrase change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PassphraseStartResponse {
    /// OPAQUE RegistrationResponse.
    pub response: OpaqueMessage,
}

/// Finish a passphrase change; one transaction: the record, one slot, the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PassphraseFinishRequest {
    /// Proof of the current passphrase: a login begun just now …
    pub login_id: HandshakeId,
    /// … and its KE3.
    pub ke3: OpaqueMessage,
    /// OPAQUE RegistrationUpload for the new passphrase.
    pub record: OpaqueMessage,
    /// The new passphrase slot and the new state.
    pub change: StateChange,
    /// Whether every other session ends.
    pub end_other_sessions: bool,
}

/// Put a new recovery phrase in place of the old one; one transaction: the key, one slot, the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhraseFinishRequest {
    /// Proof of the passphrase: a login begun just now …
    pub login_id: HandshakeId,
    /// … and its KE3.
    pub ke3: OpaqueMessage,
    /// Verifies signatures made with the new phrase.
    pub recovery_key: VerifyingKey,
    /// The new recovery slot and the new state.
    pub change: StateChange,
}

/// Begin a recovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryStartRequest {
    /// Who.
    pub address: Address,
}

/// A challenge; same shape for unknown addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryStartResponse {
    /// Hand it back.
    pub recovery_id: HandshakeId,
    /// The account the address stands for.
    pub account_id: AccountId,
    /// To be signed as `"hedgerow/v1/recovery" || account_id || challenge`.
    pub challenge: Challenge,
}

/// Prove possession of the phrase, and ask for a new OPAQUE registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryOpenRequest {
    /// From [`RecoveryStartResponse`].
    pub recovery_id: HandshakeId,
    /// By the key derived from the phrase.
    pub signature: Signature,
    /// OPAQUE RegistrationRequest for the new passphrase.
    pub request: OpaqueMessage,
}

/// The sealed account, for the holder of the phrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryOpenResponse {
    /// The account with all its sealed objects.
    pub account: AccountView,
    /// OPAQUE RegistrationResponse.
    pub response: OpaqueMessage,
}

/// Set the new passphrase; one transaction; every session ends and a new one begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryFinishRequest {
    /// From [`RecoveryStartResponse`].
    pub recovery_id: HandshakeId,
    /// OPAQUE RegistrationUpload for the new passphrase.
    pub record: OpaqueMessage,
    /// The new passphrase slot and the new state.
    pub change: StateChange,
}
