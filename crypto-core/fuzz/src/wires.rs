//! JSON of the server and of the worker, and the words in it.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Decodes; what was decoded and encoded is decoded again as the same.
fn round<T: DeserializeOwned + Serialize>(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
    let text = serde_json::to_vec(&value).expect("what was decoded is encoded");
    let again: T = serde_json::from_slice(&text).expect("what was encoded is decoded");
    assert!(serde_json::to_vec(&again).expect("encoded") == text, "encoded differently the second time");
}

macro_rules! types {
    ($bytes:ident: $($type:ty),* $(,)?) => { $( round::<$type>($bytes); )* };
}

/// Every message between client and server, and between page and worker; and words as people type them.
pub fn wire(bytes: &[u8]) {
    crate::texts::words(bytes);
    use wire::{accounts as a, error, keys, mail, page, vault};
    types!(bytes:
        a::ServerInfo, a::SealedObject, a::AccountView, a::StateChange, a::StateAccepted, a::RegisterStartRequest,
        a::RegisterStartResponse, a::RegisterRequest, a::LoginStartRequest, a::LoginStartResponse,
        a::LoginFinishRequest, a::SessionView, a::SessionLabel, a::PassphraseStartRequest,
        a::PassphraseStartResponse, a::PassphraseFinishRequest, a::RecoveryStartRequest,
        a::RecoveryStartResponse, a::RecoveryOpenRequest, a::RecoveryOpenResponse, a::RecoveryFinishRequest,
        error::ErrorBody, keys::DirectoryEntry, mail::FolderView, mail::MessageView, mail::Delivery,
        mail::SubmitRequest, mail::SubmitResponse, mail::DraftPut, mail::ActionRequest, mail::ActionResponse,
        page::Page<mail::MessageView>, page::Cursor, vault::CollectionView, vault::CollectionPut, vault::ItemView,
        vault::ItemPut, vault::ItemPage, vault::Changes, vault::Notice,
    );
    types!(bytes:
        model::worker::Command, model::worker::Reply, model::worker::Progress, model::mail::Draft,
        model::mail::OpenedMessage, model::mail::Row, model::mail::Summary, model::mail::Recipient,
        model::accounts::Account, model::accounts::SeenState, model::accounts::Settings, model::error::CoreError,
    );
}
