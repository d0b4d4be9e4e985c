//! The vault kernel: blobs, collections, items, the change feed.
//!
//! | Method and path | Request | Reply |
//! |---|---|---|
//! | `PUT /vault/blobs/{id}` | the ciphertext as the body | – (durable); the same id twice needs the same bytes |
//! | `GET /vault/blobs/{id}` | – | the ciphertext |
//! | `GET /vault/collections` | – | list of [`CollectionView`] |
//! | `PUT /vault/collections/{id}` | [`CollectionPut`] | [`CollectionView`] |
//! | `GET /vault/collections/{id}/items?since=SEQ` | – | [`ItemPage`] |
//! | `PUT /vault/collections/{id}/items/{item}` | [`ItemPut`] | [`ItemView`], or `stale` |
//! | `GET /vault/changes?since=SEQ` | – | [`Changes`] |
//! | `GET /vault/events` | – | `text/event-stream`; each event `change` has [`Notice`] as data; `ended` says that the session is over |

use crate::Millis;
use crate::ids::{BlobId, CollectionId, FolderId, ItemId, MessageId};
use crate::sealed::SealedEnvelope;
use serde::{Deserialize, Serialize};

/// A collection of items with a key of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectionView {
    /// Which.
    pub id: CollectionId,
    /// The member's wrapped collection key.
    pub key: SealedEnvelope,
    /// Name, colour and the like, sealed by the collection key.
    pub head: SealedEnvelope,
    /// Rises by one at each change of `head`.
    pub revision: u64,
    /// The place of its newest change in the account's feed.
    pub seq: u64,
}

/// Make or rename a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectionPut {
    /// The wrapped collection key; needed when new, unchanged afterwards.
    pub key: SealedEnvelope,
    /// The sealed head.
    pub head: SealedEnvelope,
    /// The revision replaced; 0 when new.
    pub expected_revision: u64,
}

/// A sealed item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemView {
    /// Which.
    pub id: ItemId,
    /// Rises by one at each change.
    pub revision: u64,
    /// The place of this change in the account's feed.
    pub seq: u64,
    /// When it changed.
    pub changed_at: Millis,
    /// The sealed bytes; absent once deleted.
    pub sealed: Option<SealedEnvelope>,
    /// The chunks it refers to.
    pub chunks: Vec<BlobId>,
}

/// Write or delete an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemPut {
    /// The revision replaced; 0 when new.
    pub expected_revision: u64,
    /// The sealed bytes; absent to delete.
    pub sealed: Option<SealedEnvelope>,
    /// The chunks it refers to, uploaded before.
    #[serde(default)]
    pub chunks: Vec<BlobId>,
}

/// Items changed since a place in the feed, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemPage {
    /// The items.
    pub items: Vec<ItemView>,
    /// Ask again with this `since` if `more`.
    pub seq: u64,
    /// Whether more follow.
    pub more: bool,
}

/// What changed in an account since a place in its feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changes {
    /// Oldest first; at most 1,000.
    pub changes: Vec<Change>,
    /// The place now; ask again with this `since` if `more`.
    pub seq: u64,
    /// Whether more follow.
    pub more: bool,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Change {
    /// A message arrived, moved, or changed its flags.
    Message {
        /// Which.
        id: MessageId,
        /// The folder it is in now.
        folder: FolderId,
    },
    /// A message is gone.
    MessageGone {
        /// Which.
        id: MessageId,
    },
    /// An item changed.
    Item {
        /// Where.
        collection: CollectionId,
        /// Which.
        id: ItemId,
    },
    /// A collection changed.
    Collection {
        /// Which.
        id: CollectionId,
    },
    /// Another device changed the account's sealed objects.
    Account,
}

/// Something changed; fetch the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notice {
    /// The newest place in the feed.
    pub seq: u64,
}
