//! Mail as a person sees it.

use crate::Millis;
use serde::{Deserialize, Serialize};
use wire::ids::{FolderId, MessageId};
use wire::mail::{Arrival, Flag};
use wire::plaintext::Address;

pub use letter::senders::DomainWord;
pub use letter::{Person, Summary};

/// A row of a message list, from the sealed summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which.
    pub id: MessageId,
    /// Where.
    pub folder: FolderId,
    /// Flags.
    pub flags: Vec<Flag>,
    /// When the server took it.
    pub received_at: Millis,
    /// Size of the sealed message in bytes.
    pub size: u64,
    /// How it came.
    pub arrival: Arrival,
    /// The opened summary, or why it did not open. A summary that does not open still makes a row: nothing
    /// is hidden.
    pub summary: Result<Summary, crate::error::CoreError>,
}

/// What the person chose for a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Sealed to the recipients and signed inside the seal.
    SignAndSeal,
    /// Signed as multipart/signed (anyone the recipient shows it to can check it), then sealed for transport.
    SignOnly,
    /// Sealed, not signed: the recipient cannot prove who wrote it.
    SealOnly,
}

/// A mail being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Sender's display name.
    #[serde(default)]
    pub from_name: String,
    /// To.
    pub to: Vec<Person>,
    /// Cc.
    #[serde(default)]
    pub cc: Vec<Person>,
    /// Subject.
    pub subject: String,
    /// Plain text, line ends `\n`.
    pub text: String,
    /// Attachments.
    #[serde(default)]
    pub attachments: Vec<AttachmentData>,
    /// Message-ID answered (with angle brackets), for threading.
    #[serde(default)]
    pub in_reply_to: Option<String>,
    /// Message-IDs of the thread.
    #[serde(default)]
    pub references: Vec<String>,
}

/// An attachment with its bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentData {
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// The bytes.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

impl core::fmt::Debug for AttachmentData {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "AttachmentData({} bytes)", self.bytes.len())
    }
}

/// An attachment of an opened message; its bytes stay in the worker until asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its number in the message.
    pub index: u32,
    /// File name, safe to show and to save under.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Size in bytes.
    pub size: u64,
}

/// A message that was opened: only content whose integrity was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedMessage {
    /// Which.
    pub id: MessageId,
    /// From.
    pub from: Person,
    /// To.
    pub to: Vec<Person>,
    /// Cc.
    pub cc: Vec<Person>,
    /// Subject.
    pub subject: String,
    /// Date of the message.
    pub date: Millis,
    /// Message-ID with angle brackets, for answering.
    pub message_id: String,
    /// References for answering.
    pub references: Vec<String>,
    /// The text.
    pub text: String,
    /// The attachments.
    pub attachments: Vec<Attachment>,
    /// Who can read it.
    pub readers: Readers,
    /// Who wrote it.
    pub author: Author,
    /// The sender, if there is neither a pin nor a certificate to check the signature with: fetch the
    /// directory entry and open again.
    pub wants_certificate_of: Option<Address>,
    /// Whether the summary in the list said something else than the message (a lying server or sender).
    pub summary_differs: bool,
    /// What the domain of From says of a mail that came in clear, by the word of the receiving server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_word: Option<DomainWord>,
}

/// "Who can read": one of the two lines of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readers {
    /// Only the people named.
    EndToEnd,
    /// Came in clear and was sealed on arrival.
    SealedOnArrival,
}

/// "Who wrote it": the other line of trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// Signed by the person's own key.
    You,
    /// Signed by the certificate known for this sender since `since`.
    Known {
        /// First seen.
        since: Millis,
        /// Fingerprint, hexadecimal.
        fingerprint: String,
    },
    /// Signed by a certificate seen for the first time, as the server gave it out.
    New {
        /// Fingerprint, hexadecimal.
        fingerprint: String,
    },
    /// The text and the attachments are signed by a certificate that is this sender's, as known or as given out
    /// just now. Nobody signed the subject and the other fields (PGP/MIME without header protection).
    TextOnly {
        /// Fingerprint, hexadecimal.
        fingerprint: String,
    },
    /// Signed, but the known certificate of this sender is another: a hard stop.
    Changed {
        /// The fingerprint known.
        known: String,
        /// The fingerprint offered now.
        offered: String,
    },
    /// Signed by someone else than the From address.
    SomeoneElse {
        /// Who signed.
        signer: String,
    },
    /// The signature is wrong: changed after signing.
    Broken,
    /// Signed, and the certificate to check it is not at hand.
    Unchecked,
    /// Not signed.
    Unsigned,
}

/// What the client thinks of a recipient's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Who.
    pub address: Address,
    /// The verdict.
    pub verdict: RecipientVerdict,
}

/// The verdict on a recipient's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientVerdict {
    /// The person's own certificate.
    You,
    /// As known since `since`.
    Known {
        /// First seen.
        since: Millis,
        /// Fingerprint, hexadecimal.
        fingerprint: String,
    },
    /// Seen for the first time; will be remembered.
    New {
        /// Fingerprint, hexadecimal.
        fingerprint: String,
    },
    /// Not the one known: nothing is sealed to it.
    Changed {
        /// The fingerprint known.
        known: String,
        /// The fingerprint offered now.
        offered: String,
    },
    /// Cannot be used (expired, revoked, wrong flags …).
    Unusable {
        /// Why, in English.
        reason: String,
    },
}
