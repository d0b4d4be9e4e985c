//! What waits for other servers is readable to them and not to whoever copies the database: AES-256-GCM under a key
//! that is made once and kept with the server's own secrets, apart from the database where the operator set it so.

use crate::app::{App, random};
use crate::errors::{ApiError, ApiResult};
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha512;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The name of the queue key among the secrets.
const SECRET: &str = "mail_queue";
const NONCE: usize = 12;

/// What is sealed; one never stands for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A message.
    Message,
    /// An envelope.
    Envelope,
    /// What tells a notice about a route.
    Notice,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Message => b"hedgerow/v1/queue/message",
            Self::Envelope => b"hedgerow/v1/queue/envelope",
            Self::Notice => b"hedgerow/v1/queue/notice",
        }
    }
}

/// The queue key.
pub(super) struct QueueKey(pub(super) Arc<[u8]>);

impl QueueKey {
    /// The one of this server, made the first time.
    pub(super) async fn of(app: &App) -> ApiResult<Self> {
        Ok(Self(app.secrets.get_or_make(SECRET, || random::<32>().to_vec()).await?))
    }

    /// 32 bytes for one purpose and one row.
    pub(super) fn derive(&self, purpose: Purpose, id: &[u8; 16]) -> ApiResult<Zeroizing<[u8; 32]>> {
        let mut key = Zeroizing::new([0u8; 32]);
        Hkdf::<Sha512>::new(Some(id), &self.0)
            .expand(purpose.label(), key.as_mut())
            .map_err(|_| ApiError::internal("a key of the queue could not be derived"))?;
        Ok(key)
    }

    fn cipher(&self, purpose: Purpose, id: &[u8; 16]) -> ApiResult<Aes256Gcm> {
        let key = self.derive(purpose, id)?;
        Ok(Aes256Gcm::new((&*key).into()))
    }

    /// Seals: nonce, then ciphertext. Every row has a key of its own.
    pub(super) fn seal(&self, purpose: Purpose, id: &[u8; 16], plain: &[u8]) -> ApiResult<Vec<u8>> {
        let nonce = random::<NONCE>();
        let sealed = self
            .cipher(purpose, id)?
            .encrypt(&Nonce::from(nonce), plain)
            .map_err(|_| ApiError::internal("a mail could not be sealed for the queue"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`QueueKey::seal`] made for the same purpose and row.
    pub(super) fn open(
        &self,
        purpose: Purpose,
        id: &[u8; 16],
        bytes: &[u8],
    ) -> ApiResult<Zeroizing<Vec<u8>>> {
        let damaged = || ApiError::damaged("a mail in the queue does not open with the queue key");
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or_else(damaged)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| damaged())?;
        let opened = self.cipher(purpose, id)?.decrypt(&Nonce::from(nonce), sealed);
        opened.map(Zeroizing::new).map_err(|_| damaged())
    }
}

/// Who gets a route's message, and what became of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The sender; empty for a notice, about which nobody is told.
    pub from: String,
    /// The domain of all recipients.
    pub domain: String,
    /// Those who did not get it yet.
    pub open: Vec<Waiting>,
    /// Those who never will, and of whom the sender has not been told yet.
    pub failed: Vec<Failed>,
}

/// A recipient who did not get it yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Who.
    pub address: String,
    /// Why not, at the last attempt.
    pub last: Option<Reason>,
}

/// A recipient who never gets it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Who.
    pub address: String,
    /// Why.
    pub reason: Reason,
}

/// Why a mail did not arrive.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The enhanced status code (RFC 3463), such as `5.1.1`.
    pub status: String,
    /// What the other server said, or what happened; printable ASCII.
    pub said: String,
    /// The server that said it; none if it was not reached.
    pub by: Option<String>,
}

macro_rules! hidden {
    ($($name:ident),+) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        })+
    };
}

// Who writes to whom, and what their servers say of them, is nothing for a log.
hidden!(QueueKey, Envelope, Waiting, Failed, Reason);
