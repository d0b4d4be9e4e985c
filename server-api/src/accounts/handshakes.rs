//! Handshakes under way: what the server remembers between the two halves of a login or recovery.
//! Each is used once, then gone; what is kept of it is sealed by a key of the server.

use super::ticket::{NoteKeys, Purpose};
use crate::app::{App, now, random};
use crate::errors::{ApiError, ApiResult};
use crate::values;
use serde::{Deserialize, Serialize};
use wire::Millis;
use wire::error::ErrorCode;
use wire::ids::{AccountId, HandshakeId};

/// How long a client has for KE3: the stretching on a slow phone, and no more.
pub(super) const LOGIN_LIFETIME: Millis = 2 * 60 * 1000;
/// How long a recovery may take, in which a person chooses a new passphrase.
pub(super) const RECOVERY_LIFETIME: Millis = 10 * 60 * 1000;

/// What a handshake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// KE2 was sent.
    Login,
    /// A challenge was sent.
    Recovery,
    /// The challenge was answered; the new passphrase may be set.
    RecoveryProven,
}

impl Kind {
    fn number(self) -> i64 {
        match self {
            Self::Login => 1,
            Self::Recovery => 2,
            Self::RecoveryProven => 3,
        }
    }

    fn lifetime(self) -> Millis {
        match self {
            Self::Login => LOGIN_LIFETIME,
            Self::Recovery | Self::RecoveryProven => RECOVERY_LIFETIME,
        }
    }
}

/// What is remembered.
#[derive(Serialize, Deserialize)]
pub(super) struct Note {
    /// The account, or the decoy that stands for an unknown address.
    pub(super) account: AccountId,
    /// The mail domain of the address.
    pub(super) domain: String,
    /// OPAQUE state, or the challenge.
    pub(super) state: Vec<u8>,
}

/// Keeps a note under a new id. `known` says whether the account exists.
pub(super) async fn begin(
    app: &App,
    keys: &NoteKeys,
    kind: Kind,
    note: &Note,
    known: bool,
) -> ApiResult<HandshakeId> {
    let id = HandshakeId(random());
    insert(app, keys, kind, &id, note, known).await?;
    Ok(id)
}

async fn insert(
    app: &App,
    keys: &NoteKeys,
    kind: Kind,
    id: &HandshakeId,
    note: &Note,
    known: bool,
) -> ApiResult<()> {
    let time = now();
    let plain = serde_json::to_vec(note).map_err(|_| ApiError::internal("a note could not be written"))?;
    let sealed = keys.seal(Purpose::Handshake, &plain).map_err(super::refused)?;
    let sealed = &sealed;
    app.db
        .write(|mut tx| async move {
            tx.execute("DELETE FROM handshakes WHERE expires_at < $1", values![time]).await?;
            let account = known.then_some(note.account.as_bytes().as_slice());
            tx.execute(
                "INSERT INTO handshakes (id, kind, account_id, payload, expires_at) \
                 VALUES ($1, $2, $3, $4, $5)",
                values![id, kind.number(), account, sealed, time + kind.lifetime()],
            )
            .await?;
            Ok((tx, ()))
        })
        .await
}

/// Takes a handshake away and returns what was remembered and whether the account exists;
/// `handshake_expired` if there is none, or it is too old, or of another kind.
pub(super) async fn consume(
    app: &App,
    keys: &NoteKeys,
    kind: Kind,
    id: &HandshakeId,
) -> ApiResult<(Note, bool)> {
    let row = app
        .db
        .write(|mut tx| async move {
            let row = tx
                .fetch_optional(
                    "DELETE FROM handshakes WHERE id = $1 AND kind = $2 \
                     RETURNING payload, expires_at, account_id",
                    values![id, kind.number()],
                )
                .await?;
            Ok((tx, row))
        })
        .await?
        .ok_or_else(expired)?;
    if row.int(1)? < now() {
        return Err(expired());
    }
    let plain = keys.open(Purpose::Handshake, &row.bytes(0)?).map_err(|_| expired())?;
    let note = serde_json::from_slice(&plain).map_err(|_| ApiError::damaged("a handshake does not parse"))?;
    Ok((note, row.opt_bytes(2)?.is_some()))
}

fn expired() -> ApiError {
    ApiError::new(ErrorCode::HandshakeExpired, "this took too long or was done already; begin again")
}

/// Keeps a consumed handshake's note again under the same id, for the next half.
pub(super) async fn resume(
    app: &App,
    keys: &NoteKeys,
    kind: Kind,
    id: &HandshakeId,
    note: &Note,
) -> ApiResult<()> {
    insert(app, keys, kind, id, note, true).await
}
