//! The mail room while an account is unlocked: one mailbox, what is shown of it, and who loads it.
//!
//! The room outlives its pages: going to the settings and back keeps lists, composers and the way back.

use super::compose::Composers;
use super::reading::Reading;
use super::state::{Mailbox, Next};
use crate::accounts::Me;
use crate::api::{self, Fault};
use crate::ui::Toasts;
use crate::vault::Vault;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::accounts::Settings;
use model::worker::{Command, Reply};
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::rc::Rc;
use wire::ids::{FolderId, MessageId};
use wire::mail::FolderRole;

/// Rows of the first page: what a tall screen shows.
const FIRST_PAGE: u32 = 50;
/// Rows of every further page.
const PAGE: u32 = 1_000;
/// Summaries opened in one go while the person waits for them.
const BATCH_IN_VIEW: usize = 32;
/// Summaries opened in one go behind the scenes. Small, so that a click never waits long for the worker.
const BATCH_BEHIND: usize = 48;
/// Milliseconds between two pages loaded behind the scenes.
const BREATH: u32 = 120;

/// What the URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The folder.
    pub(crate) folder: FolderRole,
    /// The open message.
    pub(crate) message: Option<MessageId>,
}

impl Place {
    /// Read from a path: `/mail`, `/mail/inbox`, `/mail/inbox/<id>`.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let mut parts = path.trim_matches('/').split('/');
        if parts.next() != Some("mail") {
            return None;
        }
        let folder = match parts.next() {
            None | Some("") => FolderRole::Inbox,
            Some(name) => FolderRole::ALL.into_iter().find(|role| role.as_str() == name)?,
        };
        let message = parts.next().and_then(|id| id.parse().ok());
        Some(Self { folder, message })
    }

    /// The path.
    pub(crate) fn path(self) -> String {
        match self.message {
            Some(id) => format!("/mail/{}/{id}", self.folder.as_str()),
            None => format!("/mail/{}", self.folder.as_str()),
        }
    }
}

/// Asks the list to bring a row into view, and the keyboard focus with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Show {
    /// Which row.
    pub(crate) id: MessageId,
    /// Whether the row takes the keyboard focus.
    pub(crate) focus: bool,
}

type Navigate = Rc<dyn Fn(&str)>;

/// A question in a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// Destroy these for good?
    Destroy(Vec<MessageId>),
    /// Where to move these?
    MoveTo(Vec<MessageId>),
    /// Which keys are there? (No question, but a dialog.)
    Keys,
}

/// The room. A handle; copies are the same room.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    /// What is known of the mailbox.
    pub(crate) mailbox: RwSignal<Mailbox>,
    /// What the URL names.
    pub(crate) place: RwSignal<Place>,
    /// Why the list could not be loaded.
    pub(crate) trouble: RwSignal<Option<Fault>>,
    /// The search.
    pub(crate) query: RwSignal<String>,
    /// The row that has, or would have, the keyboard focus.
    pub(crate) cursor: RwSignal<Option<MessageId>>,
    /// Rows chosen for an action on many.
    pub(crate) picked: RwSignal<BTreeSet<MessageId>>,
    /// Whether the page shows what the server holds.
    pub(crate) through: RwSignal<bool>,
    /// The open message.
    pub(crate) reading: RwSignal<Reading>,
    /// Mails being written.
    pub(crate) composers: Composers,
    /// A row to bring into view.
    pub(crate) show: RwSignal<Option<Show>>,
    /// The rows on the screen, for who is opened first.
    pub(crate) in_view: RwSignal<Range<usize>>,
    /// The loaded rows of the folder that match the search. Derived.
    pub(crate) rows: Memo<Vec<MessageId>>,
    /// A question the person must answer first.
    pub(crate) asking: RwSignal<Option<Question>>,
    /// Names on the envelope that was just sealed and sent, for the seal moment.
    pub(crate) sealed: RwSignal<Option<String>>,
    pub(super) vault: Vault,
    pub(super) me: Me,
    pub(super) toasts: Toasts,
    navigate: StoredValue<Navigate, LocalStorage>,
    owner: StoredValue<Owner>,
    pub(super) quiet: StoredValue<Quiet, LocalStorage>,
}

impl core::fmt::Debug for Room {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Room")
    }
}

/// What no page looks at.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    pumping: bool,
    filling: Option<FolderId>,
    pub(super) live: Option<api::Events>,
    pub(super) seq: u64,
    pub(super) syncing: bool,
    pub(super) sync_again: bool,
    pub(super) jobs: VecDeque<super::actions::Job>,
    pub(super) working: bool,
    pub(super) undo: Vec<super::actions::Undo>,
}

impl Room {
    /// Open the room and begin to load. It lives as long as the reactive owner it is opened in, which must
    /// be inside the router and end when the account is locked.
    pub(crate) fn open() -> Self {
        let mailbox = RwSignal::new(Mailbox::default());
        let place = RwSignal::new(Place { folder: FolderRole::Inbox, message: None });
        let query = RwSignal::new(String::new());
        let rows = Memo::new(move |_| {
            let folder = place.with(|place| place.folder);
            mailbox.with(|mailbox| {
                mailbox
                    .folder(folder)
                    .map(|folder| query.with(|query| mailbox.visible(folder.id, query)))
                    .unwrap_or_default()
            })
        });
        let navigate = {
            let navigate = use_navigate();
            move |path: &str| navigate(path, NavigateOptions { scroll: false, ..Default::default() })
        };
        let room = Self {
            mailbox,
            place,
            trouble: RwSignal::new(None),
            query,
            cursor: RwSignal::new(None),
            picked: RwSignal::new(BTreeSet::new()),
            through: RwSignal::new(false),
            reading: RwSignal::new(Reading::Nothing),
            composers: Composers::new(),
            show: RwSignal::new(None),
            in_view: RwSignal::new(0..0),
            rows,
            asking: RwSignal::new(None),
            sealed: RwSignal::new(None),
            vault: Vault::get(),
            me: Me::get(),
            toasts: Toasts::get(),
            navigate: StoredValue::new_local(Rc::new(navigate)),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            quiet: StoredValue::new_local(Quiet::default()),
        };
        room.load();
        room
    }

    /// Go to a place.
    pub(crate) fn go(&self, place: Place) {
        if let Some(navigate) = self.navigate.try_get_value() {
            navigate(&place.path());
        }
    }

    /// Make signals that live as long as the room.
    pub(super) fn owned<T>(&self, make: impl FnOnce() -> T) -> T {
        match self.owner.try_get_value() {
            Some(owner) => owner.with(make),
            None => make(),
        }
    }

    /// The person's address. Reactive.
    pub(crate) fn address(&self) -> String {
        self.me.account().map(|account| account.address.as_str().to_owned()).unwrap_or_default()
    }

    /// The person's settings, untracked.
    pub(crate) fn settings(&self) -> Settings {
        untrack(|| self.me.account()).map(|account| account.settings).unwrap_or_default()
    }

    /// The largest sealed mail the server takes, in bytes; `None` while it is not known.
    pub(crate) async fn limit(&self) -> Option<u64> {
        self.me.server().await.ok().map(|info| info.max_message_bytes)
    }

    /// The room from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// The folder shown, once the folders are known. Reactive.
    pub(crate) fn folder(&self) -> Option<FolderId> {
        let role = self.place.with(|place| place.folder);
        self.mailbox.with(|mailbox| mailbox.folder(role).map(|folder| folder.id))
    }

    pub(crate) fn folder_now(&self) -> Option<FolderId> {
        let role = self.place.try_with_untracked(|place| place.folder)?;
        self.role(role)
    }

    pub(super) fn role(&self, role: FolderRole) -> Option<FolderId> {
        self.mailbox.try_with_untracked(|mailbox| mailbox.folder(role).map(|folder| folder.id)).flatten()
    }

    /// Rows in the folder as the scrollbar shows it: those not loaded yet count too, unless a search hides
    /// them. Reactive.
    pub(crate) fn row_count(&self) -> usize {
        let loaded = self.rows.with(Vec::len);
        if self.query.with(|query| !query.trim().is_empty()) {
            return loaded;
        }
        let role = self.place.with(|place| place.folder);
        self.mailbox.with(|mailbox| {
            let Some(folder) = mailbox.folder(role) else { return loaded };
            match mailbox.next_page(folder.id) {
                Next::End => loaded,
                _ => loaded.max(usize::try_from(folder.total).unwrap_or(usize::MAX)),
            }
        })
    }

    /// Load the folders, then the list shown; and listen for what changes.
    pub(crate) fn load(self) {
        spawn_local(async move {
            match api::folders().await {
                Ok(folders) => {
                    self.trouble.try_set(None);
                    self.mailbox.try_update(|mailbox| mailbox.set_folders(folders));
                    self.load_list();
                }
                Err(fault) => drop(self.trouble.try_set(Some(fault))),
            }
        });
    }

    /// Load the list shown, first page first; the rest follows behind the scenes.
    pub(crate) fn load_list(self) {
        let Some(folder) = self.folder_now() else { return };
        let already = self.quiet.try_update_value(|quiet| quiet.filling.replace(folder) == Some(folder));
        if already != Some(false) {
            return;
        }
        self.open_rows();
        spawn_local(async move {
            let mut failures = 0u32;
            loop {
                let still = self.quiet.try_with_value(|quiet| quiet.filling == Some(folder));
                let next = self.mailbox.try_with_untracked(|mailbox| mailbox.next_page(folder));
                let (Some(true), Some(next)) = (still, next) else { break };
                let (cursor, limit) = match &next {
                    Next::Start => (None, FIRST_PAGE),
                    Next::After(cursor) => (Some(cursor), PAGE),
                    Next::End => break,
                };
                match api::messages(folder, cursor, limit).await {
                    Ok(page) => {
                        failures = 0;
                        self.trouble.try_set(None);
                        self.mailbox.try_update(|mailbox| {
                            // A restart in between asks for the first page again.
                            if mailbox.next_page(folder) == next {
                                mailbox.add_page(folder, page);
                            }
                        });
                        self.open_rows();
                        // Only now: the look at the change feed begins where this page ends.
                        self.listen();
                        api::pause(if next == Next::Start { BREATH * 3 } else { BREATH }).await;
                    }
                    Err(fault) => {
                        let passing = fault.is_passing();
                        if next == Next::Start {
                            self.trouble.try_set(Some(fault));
                        }
                        if !passing {
                            break;
                        }
                        failures = (failures + 1).min(5);
                        api::pause(500 << failures).await;
                    }
                }
            }
            self.quiet.try_update_value(|quiet| {
                if quiet.filling == Some(folder) {
                    quiet.filling = None;
                }
            });
        });
    }

    /// Have the worker open summaries: those on the screen first, then the rest, newest first.
    pub(crate) fn open_rows(self) {
        let begun = self.quiet.try_update_value(|quiet| std::mem::replace(&mut quiet.pumping, true));
        if begun != Some(false) {
            return;
        }
        spawn_local(async move {
            while let Some((views, urgent)) = self.next_batch() {
                let ids: Vec<MessageId> = views.iter().map(|view| view.id).collect();
                match self.vault.call(Command::OpenRows { views }).await {
                    Ok(Reply::Rows { rows }) => drop(self.mailbox.try_update(|mailbox| mailbox.opened(rows))),
                    _ => {
                        self.mailbox.try_update(|mailbox| mailbox.not_opened(&ids));
                        break;
                    }
                }
                if !urgent {
                    // Let clicks and paint come through.
                    api::pause(4).await;
                }
            }
            self.quiet.try_update_value(|quiet| quiet.pumping = false);
        });
    }

    fn next_batch(&self) -> Option<(Vec<wire::mail::MessageView>, bool)> {
        let folder = self.folder_now()?;
        let range = self.in_view.try_get_untracked()?;
        let first: Vec<MessageId> =
            self.rows.with_untracked(|rows| rows.get(clamp(&range, rows.len())).unwrap_or_default().to_vec());
        let urgent = self.mailbox.try_update_untracked(|mailbox| {
            mailbox.take_unopened(folder, &first, first.len().min(BATCH_IN_VIEW))
        })?;
        if !urgent.is_empty() {
            return Some((urgent, true));
        }
        let behind =
            self.mailbox.try_update_untracked(|mailbox| mailbox.take_unopened(folder, &[], BATCH_BEHIND))?;
        (!behind.is_empty()).then_some((behind, false))
    }
}

/// A range cut to a length.
pub(crate) fn clamp(range: &Range<usize>, len: usize) -> Range<usize> {
    range.start.min(len)..range.end.min(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_paths_are_the_same_thing() {
        let id = MessageId([0xab; 16]);
        for place in [
            Place { folder: FolderRole::Inbox, message: None },
            Place { folder: FolderRole::Trash, message: Some(id) },
        ] {
            assert_eq!(Place::of_path(&place.path()), Some(place));
        }
        assert_eq!(Place::of_path("/mail"), Some(Place { folder: FolderRole::Inbox, message: None }));
        assert_eq!(Place::of_path("/settings"), None);
        assert_eq!(Place::of_path("/mail/nowhere"), None);
    }
}
