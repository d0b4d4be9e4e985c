//! Mail: folders, messages, sending.
//!
//! | Method and path | Request | Reply |
//! |---|---|---|
//! | `GET /mail/folders` | – | list of [`FolderView`] |
//! | `GET /mail/folders/{id}/messages?before=CURSOR&limit=N` | – | [`Page`](crate::page::Page) of [`MessageView`], newest first |
//! | `GET /mail/messages/{id}` | – | [`MessageView`] |
//! | `POST /mail/submissions` | [`SubmitRequest`] | [`SubmitResponse`]; durable before the reply |
//! | `PUT /mail/drafts/{id}` | [`DraftPut`] | [`MessageView`] |
//! | `POST /mail/actions` | [`ActionRequest`] | [`ActionResponse`] |
//!
//! [`Outside`] makes a submission larger than other JSON: such a body may hold a message of
//! `ServerInfo::max_message_bytes`.
//!
//! A message is one OpenPGP message in a blob, sealed to every recipient and the sender, and one small
//! sealed summary per mailbox. The server keeps neither sender nor recipients of a delivered message.

use crate::Millis;
use crate::ids::{BlobId, FolderId, MessageId, SubmissionId};
use crate::plaintext::{Address, PlainMessage};
use crate::sealed::{Digest, SealedEnvelope, SealedMessage};
use serde::{Deserialize, Serialize};

/// What a folder is for (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FolderRole {
    /// New mail.
    Inbox,
    /// What the person sent.
    Sent,
    /// Not sent yet.
    Drafts,
    /// Done, kept.
    Archive,
    /// Unwanted.
    Junk,
    /// To be deleted.
    Trash,
}

impl FolderRole {
    /// Every role, in the order people see them.
    pub const ALL: [Self; 6] =
        [Self::Inbox, Self::Sent, Self::Drafts, Self::Archive, Self::Junk, Self::Trash];

    /// The stable text form, as in the JSON and in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
            Self::Drafts => "drafts",
            Self::Archive => "archive",
            Self::Junk => "junk",
            Self::Trash => "trash",
        }
    }
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FolderView {
    /// Which.
    pub id: FolderId,
    /// What for; absent for a personal folder.
    pub role: Option<FolderRole>,
    /// The sealed name of a personal folder.
    pub name: Option<SealedEnvelope>,
    /// Messages in it.
    pub total: u64,
    /// Of these, unread.
    pub unread: u64,
    /// IMAP UIDVALIDITY.
    pub uid_validity: u32,
    /// IMAP UIDNEXT.
    pub uid_next: u32,
}

/// A flag of a message (RFC 9051 section 2.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Flag {
    /// Read.
    Seen,
    /// Replied to.
    Answered,
    /// Marked.
    Flagged,
    /// Forwarded.
    Forwarded,
}

impl Flag {
    /// Its bit in the stored set.
    pub fn bit(self) -> i64 {
        match self {
            Self::Seen => 1,
            Self::Answered => 2,
            Self::Flagged => 4,
            Self::Forwarded => 8,
        }
    }

    /// The flags of a stored set.
    pub fn from_bits(bits: i64) -> Vec<Self> {
        [Self::Seen, Self::Answered, Self::Flagged, Self::Forwarded]
            .into_iter()
            .filter(|flag| bits & flag.bit() != 0)
            .collect()
    }
}

/// How a message reached the server. A claim of the server, shown only to say what it could read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Arrival {
    /// Sealed by a client of this server; the server never saw the content.
    Sealed,
    /// Came in clear by SMTP and was sealed on arrival.
    SealedOnArrival,
}

/// A message in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageView {
    /// Which.
    pub id: MessageId,
    /// Where.
    pub folder: FolderId,
    /// IMAP UID in that folder.
    pub uid: u32,
    /// The sealed message.
    pub blob: BlobId,
    /// Its size in bytes.
    pub size: u64,
    /// When the server took it.
    pub received_at: Millis,
    /// Its flags.
    pub flags: Vec<Flag>,
    /// The place of its newest change in the account's feed.
    pub seq: u64,
    /// How it came.
    pub arrival: Arrival,
    /// The sealed summary: an OpenPGP message, signed by the sender, to the owner of the mailbox.
    pub summary: SealedMessage,
}

/// One recipient's copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// To whom.
    pub address: Address,
    /// The summary sealed to that recipient.
    pub summary: SealedMessage,
}

/// The same message for people who have no certificate here: it leaves as plain mail, for the person said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Outside {
    /// To whom; none of them at the server's own domain.
    pub recipients: Vec<Address>,
    /// From the account's own address; only fields that a mail needs, and no Bcc.
    pub message: PlainMessage,
}

/// Send a message whose blob was uploaded before. All recipients or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmitRequest {
    /// Chosen by the client; repeating it repeats the reply, not the sending.
    pub submission_id: SubmissionId,
    /// The sealed message.
    pub blob: BlobId,
    /// SHA-256 of its bytes; the server checks that it holds just these.
    pub blob_digest: Digest,
    /// The recipients; may be empty if there are some outside.
    pub deliveries: Vec<Delivery>,
    /// Who gets it as plain mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Outside>,
    /// The summary of the sender's own copy, in Sent.
    pub own_summary: SealedMessage,
    /// The message answered or forwarded, and the flag it gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<(MessageId, Flag)>,
    /// The draft this was; removed in the same transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<MessageId>,
}

/// The message is durable in every mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubmitResponse {
    /// The copy in Sent.
    pub sent: MessageView,
}

/// Save a draft under an id of the client's, in place of its earlier version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DraftPut {
    /// The sealed draft, uploaded before.
    pub blob: BlobId,
    /// SHA-256 of its bytes.
    pub blob_digest: Digest,
    /// Its summary.
    pub summary: SealedMessage,
}

/// Do something with messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionRequest {
    /// Which; at most 1,000. Unknown ids are passed over.
    pub messages: Vec<MessageId>,
    /// What.
    pub action: Action,
}

/// What may be done with messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Action {
    /// To another folder.
    Move {
        /// Which.
        folder: FolderId,
    },
    /// Set and clear flags.
    Flag {
        /// To set.
        add: Vec<Flag>,
        /// To clear.
        remove: Vec<Flag>,
    },
    /// For good.
    Destroy,
}

/// The messages as they are now (destroyed ones are left out).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionResponse {
    /// Their new state.
    pub messages: Vec<MessageView>,
}
