//! What changes on the server shows here without a reload.

use super::room::Room;
use crate::api::{self, Event};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::error::ErrorCode;

impl Room {
    /// Listen to the event stream, until the room closes.
    pub(super) fn listen(self) {
        if self.quiet.try_with_value(|quiet| quiet.live.is_some()) != Some(false) {
            return;
        }
        let events = api::events(move |event| match event {
            Event::Open => self.sync(),
            Event::Change(notice) => {
                if self.quiet.try_with_value(|quiet| notice.seq > quiet.seq) == Some(true) {
                    self.sync();
                }
            }
            Event::Lost => {}
        });
        self.quiet.update_value(|quiet| quiet.live = Some(events));
    }

    /// Fetch what changed since the last look, and take it in. One at a time.
    pub(super) fn sync(self) {
        let begin = self.quiet.try_update_value(|quiet| {
            quiet.sync_again = true;
            !std::mem::replace(&mut quiet.syncing, true)
        });
        if begin != Some(true) {
            return;
        }
        spawn_local(async move {
            while self.quiet.try_update_value(|quiet| std::mem::take(&mut quiet.sync_again)) == Some(true) {
                self.catch_up().await;
            }
            self.quiet.try_update_value(|quiet| quiet.syncing = false);
        });
    }

    async fn catch_up(self) {
        let seen = self.mailbox.try_with_untracked(|mailbox| mailbox.newest_seq()).unwrap_or(0);
        // The first look begins where the first page ended: all before it is in the page.
        let Some(mut since) = self.quiet.try_update_value(|quiet| {
            if quiet.seq == 0 {
                quiet.seq = seen;
            }
            quiet.seq
        }) else {
            return;
        };
        let (mut mail, mut account) = (false, false);
        loop {
            // On failure the stream breaks too; when it opens again, the look is repeated.
            let Ok(changes) = api::changes(since).await else { return };
            let Some(fetch) = self.mailbox.try_update(|mailbox| mailbox.changes(&changes.changes)) else {
                return;
            };
            mail |= fetch.mail;
            account |= fetch.account;
            for id in fetch.messages {
                match api::message(id).await {
                    Ok(view) => drop(self.mailbox.try_update(|mailbox| mailbox.merge(view))),
                    Err(fault) if fault.code() == Some(ErrorCode::NotFound) => {
                        self.mailbox.try_update(|mailbox| mailbox.forget(id));
                    }
                    Err(_) => return,
                }
            }
            for folder in fetch.lists {
                self.mailbox.try_update(|mailbox| mailbox.restart(folder));
            }
            since = changes.seq.max(since);
            self.quiet.try_update_value(|quiet| quiet.seq = since);
            if !changes.more {
                break;
            }
        }
        if mail {
            self.refresh_counts().await;
            self.load_list();
            self.open_rows();
        }
        if account {
            // Pins, settings or the passphrase, perhaps from another device. Without an answer the next
            // change tells again.
            let _turn = self.me.turn().await;
            let _ = self.me.refresh().await;
        }
    }
}
