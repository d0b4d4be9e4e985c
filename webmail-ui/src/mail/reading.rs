//! Opening a message: fetch the sealed bytes, have the worker open them, and fetch the sender's
//! certificate if it asks for it.

use super::room::{Place, Room};
use crate::api::{self, Fault};
use crate::i18n::t;
use leptos::prelude::*;
use leptos::task::spawn_local;
use model::error::CoreErrorCode;
use model::mail::{Attachment, OpenedMessage};
use model::worker::{Command, Reply};
use std::sync::Arc;
use wire::ids::MessageId;
use wire::mail::{FolderRole, MessageView};

/// What the server returned for a message: held as it came, for "look through the envelope".
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    /// The description.
    pub(crate) view: MessageView,
    /// The bytes of the HTTP response.
    pub(crate) blob: Arc<Vec<u8>>,
}

/// The open message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Reading {
    /// None.
    #[default]
    Nothing,
    /// On its way.
    Opening(MessageId),
    /// Open.
    Open(Arc<OpenedMessage>, Held),
    /// Not to be had, or not to be opened.
    Failed(Arc<Failed>),
}

/// Why a message is not shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failed {
    /// Which.
    pub(crate) id: MessageId,
    /// Why.
    pub(crate) fault: Fault,
    /// What the server returned, if it did.
    pub(crate) held: Option<Held>,
}

impl Room {
    /// The URL names another place.
    pub(crate) fn arrive(self, place: Place) {
        let before = self.place.get_untracked();
        if before.folder != place.folder {
            self.query.set(String::new());
            self.picked.update(|picked| picked.clear());
            self.cursor.set(None);
        }
        if before != place {
            self.place.set(place);
        }
        self.load_list();
        match place.message {
            Some(id) if place.folder == FolderRole::Drafts => {
                self.open_draft(id);
                self.go(Place { message: None, ..place });
            }
            Some(id) => {
                if self.cursor.get_untracked() != Some(id) {
                    self.cursor.set(Some(id));
                }
                self.read(id);
            }
            None => self.reading.set(Reading::Nothing),
        }
    }

    /// Open a message in the reader. It counts as read once it is open.
    pub(crate) fn read(self, id: MessageId) {
        if self.reading.with_untracked(|reading| matches!(reading, Reading::Open(open, _) if open.id == id)) {
            return;
        }
        self.reading.set(Reading::Opening(id));
        spawn_local(async move {
            let result = self.fetch_and_open(id).await;
            // The person may have gone on meanwhile.
            if self.place.try_with_untracked(|place| place.message) != Some(Some(id)) {
                return;
            }
            match result {
                Ok((message, held)) => {
                    self.reading.try_set(Reading::Open(Arc::new(message), held));
                    self.mark_read(&[id], true);
                }
                Err(failed) => drop(self.reading.try_set(Reading::Failed(Arc::new(failed)))),
            }
        });
    }

    /// The steps of opening.
    pub(super) async fn fetch_and_open(self, id: MessageId) -> Result<(OpenedMessage, Held), Failed> {
        let fail = |fault: Fault| Failed { id, fault, held: None };
        let known =
            self.mailbox.try_with_untracked(|mailbox| mailbox.entry(id).map(|entry| entry.view.clone()));
        let view = match known.flatten() {
            Some(view) => view,
            None => {
                let view = api::message(id).await.map_err(fail)?;
                self.mailbox.try_update(|mailbox| mailbox.merge(view.clone()));
                view
            }
        };
        let blob = match api::get_blob(view.blob).await {
            // A draft or moved message may have a newer blob by now.
            Err(fault) if fault.code() == Some(wire::error::ErrorCode::NotFound) => {
                let fresh = api::message(id).await.map_err(fail)?;
                api::get_blob(fresh.blob).await
            }
            other => other,
        }
        .map_err(fail)?;
        let held = Held { view, blob: Arc::new(blob) };
        let mut message = self.open_held(&held, Vec::new()).await.map_err(|fault| Failed {
            id,
            fault,
            held: Some(held.clone()),
        })?;
        if let Some(sender) = message.wants_certificate_of.clone()
            && let Ok(entry) = api::directory(&sender).await
            && let Ok(checked) = self.open_held(&held, vec![entry]).await
        {
            message = checked;
        }
        Ok((message, held))
    }

    async fn open_held(
        &self,
        held: &Held,
        certificates: Vec<wire::keys::DirectoryEntry>,
    ) -> Result<OpenedMessage, Fault> {
        let command = Command::OpenMessage {
            view: held.view.clone(),
            blob: (*held.blob).clone(),
            certificates,
            now: api::now(),
        };
        match self.vault.call(command).await? {
            Reply::Message { message } => Ok(*message),
            _ => Err(Fault::Worker),
        }
    }

    /// The bytes of an attachment. The worker keeps the messages opened lately; an older one is opened again.
    pub(super) async fn attachment_bytes(self, id: MessageId, index: u32) -> Result<Vec<u8>, Fault> {
        for again in [true, false] {
            match self.vault.call(Command::Attachment { id, index }).await {
                Ok(Reply::Bytes { bytes }) => return Ok(bytes),
                Ok(_) => return Err(Fault::Worker),
                Err(fault) if again && fault.core() == Some(CoreErrorCode::NoSuchAttachment) => {
                    self.fetch_and_open(id).await.map_err(|failed| failed.fault)?;
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Worker)
    }

    /// Save an attachment on the person's device.
    pub(crate) fn download(self, id: MessageId, attachment: Attachment, busy: RwSignal<bool>) {
        busy.set(true);
        spawn_local(async move {
            match self.attachment_bytes(id, attachment.index).await {
                Ok(bytes) => {
                    // As plain bytes: the browser saves them and never shows them as a page of ours.
                    if crate::shell::save_file(&attachment.name, "application/octet-stream", &bytes).is_none()
                    {
                        self.toasts.warn(t!("mail.attachment.not_saved", name = attachment.name));
                    }
                }
                Err(fault) => self.toasts.fault(&fault, None),
            }
            busy.try_set(false);
        });
    }

    /// Pass the open message on, with its attachments.
    pub(crate) fn forward(self, message: Arc<OpenedMessage>) {
        spawn_local(async move {
            let attachments = match self.attachments_of(&message).await {
                Ok(attachments) => attachments,
                Err(fault) => {
                    self.toasts.fault(&fault, None);
                    return;
                }
            };
            let people = |people: &[model::mail::Person]| {
                people.iter().map(|person| person.address.clone()).collect::<Vec<_>>().join(", ")
            };
            let head = t!(
                "mail.quote.forwarded",
                from = people(std::slice::from_ref(&message.from)),
                date = crate::i18n::long_date(message.date),
                subject = message.subject,
                to = people(&message.to)
            );
            self.compose(super::compose::Beginning {
                subject: super::writing::prefixed("Fwd", &message.subject),
                text: format!("\n\n{head}\n\n{}", message.text),
                attachments,
                answers: Some((message.id, wire::mail::Flag::Forwarded)),
                references: super::writing::thread(&message),
                ..Default::default()
            });
        });
    }
}
