//! Drafts: sealed and kept every few seconds, opened again, discarded.

use super::compose::{Beginning, Composer, Saved};
use super::random_id;
use super::room::Room;
use crate::api::{self, Fault};
use crate::i18n::t;
use leptos::prelude::*;
use leptos::task::spawn_local;
use model::mail::{AttachmentData, OpenedMessage};
use model::worker::{Command, Reply};
use wire::ids::{BlobId, MessageId};
use wire::mail::{Action, DraftPut, FolderRole};

/// Milliseconds without a change before a draft is kept.
const STILL: i64 = 1_500;
/// Milliseconds between two saves of a draft with large files, which is sealed whole each time.
const LARGE_PAUSE: u32 = 15_000;
/// From these bytes of files on a draft is large.
const LARGE: u64 = 1 << 20;

impl Room {
    /// Keep a draft while its composer is open.
    pub(super) fn keep_saving(self, composer: Composer) {
        spawn_local(async move {
            loop {
                api::pause(700).await;
                let open = self.composers.open.try_with_untracked(|open| open.contains(&composer));
                if open != Some(true) {
                    break;
                }
                let wanted =
                    matches!(composer.saved.try_get_untracked(), Some(Saved::Changed | Saved::Failed));
                let still = api::now() - composer.changed_at.try_get_value().unwrap_or(0) >= STILL;
                if wanted && still && !untrack(|| composer.busy()) && !composer.is_blank() {
                    let large = untrack(|| composer.attached_bytes()) > LARGE;
                    let failed = !self.save(composer).await;
                    api::pause(if large || failed { LARGE_PAUSE / if large { 1 } else { 3 } } else { 0 })
                        .await;
                }
            }
        });
    }

    /// Seal the draft and keep it on the server. Whether it is kept.
    pub(super) async fn save(self, composer: Composer) -> bool {
        composer.saved.try_set(Saved::Saving);
        let began = composer.changed_at.try_get_value();
        let result = self.save_once(composer).await;
        let changed_meanwhile = composer.changed_at.try_get_value() != began;
        let kept = result.is_ok();
        if let Ok(view) = result {
            composer.on_server.try_update_value(|on_server| *on_server = true);
            self.mailbox.try_update(|mailbox| mailbox.merge(view));
            self.open_rows();
        }
        composer.saved.try_set(match (kept, changed_meanwhile) {
            (true, false) => Saved::Kept,
            (true, true) => Saved::Changed,
            (false, _) => Saved::Failed,
        });
        kept
    }

    async fn save_once(self, composer: Composer) -> Result<wire::mail::MessageView, Fault> {
        let draft = composer.draft(self.settings().display_name).ok_or(Fault::Worker)?;
        let command = Command::SealDraft { draft, now: api::now() };
        let Reply::Sealed { blob, blob_digest, own_summary, .. } = self.vault.call(command).await? else {
            return Err(Fault::Worker);
        };
        let blob_id = BlobId(random_id());
        api::put_blob(blob_id, &blob).await?;
        let put = DraftPut { blob: blob_id, blob_digest, summary: own_summary };
        let id = composer.draft_id.try_get_value().ok_or(Fault::Worker)?;
        api::put_draft(id, &put).await
    }

    /// A save under way would come after the sending and bring the draft back: let it end first.
    pub(super) async fn wait_for_saving(self, composer: Composer) {
        while composer.saved.try_get_untracked() == Some(Saved::Saving) {
            api::pause(50).await;
        }
    }

    /// Close a composer. What is in it is kept as a draft.
    pub(crate) fn put_away(self, composer: Composer) {
        if untrack(|| composer.busy()) {
            self.composers.front.set(None);
            return;
        }
        composer.to.commit();
        composer.cc.commit();
        let changed =
            matches!(composer.saved.get_untracked(), Saved::Changed | Saved::Failed | Saved::Saving);
        if composer.is_blank() || !changed {
            self.close_composer(composer);
            return;
        }
        self.composers.front.set(None);
        spawn_local(async move {
            self.wait_for_saving(composer).await;
            let kept = composer.saved.try_get_untracked() == Some(Saved::Kept) || self.save(composer).await;
            if kept {
                self.close_composer(composer);
                self.toasts.say(t!("mail.draft.kept"));
                self.refresh_counts().await;
            } else {
                // Nothing is lost: it comes back to the front and says that it is kept here only.
                self.composers.front.try_set(Some(composer.key));
                self.toasts.warn(t!("mail.draft.not_kept"));
            }
        });
    }

    /// Throw a draft away; it can be taken back.
    pub(crate) fn discard(self, composer: Composer) {
        self.close_composer(composer);
        let draft = composer.draft_id.get_value();
        if composer.on_server.get_value() {
            self.run_quietly(&[draft], &Action::Destroy);
        }
        if composer.is_blank() {
            return;
        }
        self.toasts.offer(t!("mail.draft.discarded"), t!("mail.undo"), move || {
            // The old draft is gone for good: this is a new one with the same content.
            composer.draft_id.set_value(MessageId(random_id()));
            composer.on_server.set_value(false);
            self.composers.open.update(|open| open.push(composer));
            self.composers.front.set(Some(composer.key));
            composer.touch();
            self.keep_saving(composer);
        });
    }

    /// Open a draft in a composer.
    pub(crate) fn open_draft(self, id: MessageId) {
        let same = self.composers.open.with_untracked(|open| {
            open.iter().find(|composer| composer.draft_id.get_value() == id).map(|composer| composer.key)
        });
        if let Some(key) = same {
            self.composers.front.set(Some(key));
            return;
        }
        spawn_local(async move {
            let result = async {
                let (message, _) = self.fetch_and_open(id).await.map_err(|failed| failed.fault)?;
                let attachments = self.attachments_of(&message).await?;
                Ok((message, attachments))
            }
            .await;
            match result {
                Ok((message, attachments)) => {
                    let message: OpenedMessage = message;
                    self.compose(Beginning {
                        in_reply_to: message.references.last().cloned(),
                        references: message.references,
                        to: message.to,
                        cc: message.cc,
                        subject: message.subject,
                        text: message.text,
                        attachments,
                        answers: None,
                        draft: Some(id),
                    });
                }
                Err(fault) => {
                    let fault: Fault = fault;
                    self.toasts.fault(&fault, None);
                }
            }
        });
    }

    /// The attachments of an opened message with their bytes.
    pub(super) async fn attachments_of(self, message: &OpenedMessage) -> Result<Vec<AttachmentData>, Fault> {
        let mut out = Vec::new();
        for attachment in &message.attachments {
            let bytes = self.attachment_bytes(message.id, attachment.index).await?;
            out.push(AttachmentData {
                name: attachment.name.clone(),
                media_type: attachment.media_type.clone(),
                bytes,
            });
        }
        Ok(out)
    }

    /// Whether a click on a row of this folder opens a composer.
    pub(crate) fn in_drafts(&self) -> bool {
        self.place.with_untracked(|place| place.folder == FolderRole::Drafts)
    }
}
