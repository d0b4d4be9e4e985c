//! Archive, delete, move, mark: shown at once, sent in order, undone by name.

use super::room::{Place, Question, Room, Show};
use super::state::neighbour;
use super::writing::shown_name;
use crate::api::{self, Fault};
use crate::i18n::{faults, t};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::error::ErrorCode;
use wire::ids::MessageId;
use wire::mail::{Action, ActionRequest, Flag, FolderRole};

/// An action that waits for the server.
#[derive(Debug, Clone)]
pub(super) struct Job {
    ticket: u64,
    request: ActionRequest,
    /// What it is, for the words if it fails.
    what: String,
}

/// What `z` brings back.
#[derive(Debug, Clone)]
pub(super) struct Undo {
    requests: Vec<ActionRequest>,
    what: String,
    place: Place,
}

/// The server takes so many messages in one request.
const AT_ONCE: usize = 1_000;
/// Attempts before an action is given up while the server does not answer, about 15 s.
const ATTEMPTS: u32 = 5;

impl Room {
    /// What an action is about: the chosen rows, else the open message, else the row with the cursor.
    pub(crate) fn subjects(&self) -> Vec<MessageId> {
        let picked: Vec<MessageId> = self.picked.with_untracked(|picked| picked.iter().copied().collect());
        if !picked.is_empty() {
            return picked;
        }
        let open = self.place.with_untracked(|place| place.message);
        open.or_else(|| self.cursor.get_untracked()).into_iter().collect()
    }

    /// Move to the folder with a role.
    pub(crate) fn move_to(self, ids: &[MessageId], role: FolderRole) {
        let Some(folder) = self.role(role) else { return };
        let key = match role {
            FolderRole::Archive => "mail.done.archived",
            FolderRole::Trash => "mail.done.trashed",
            _ => "mail.done.moved",
        };
        let name = super::folders::folder_name(role);
        let what = t!(key, count = ids.len(), subject = self.subject_of(ids), folder = name);
        self.leave(ids);
        self.run(ids, &Action::Move { folder }, Some(what));
    }

    /// Archive.
    pub(crate) fn archive(self, ids: &[MessageId]) {
        self.move_to(ids, FolderRole::Archive);
    }

    /// To the trash; what is there already is destroyed once the person agrees.
    pub(crate) fn delete(self, ids: &[MessageId]) {
        let folder = self.place.with_untracked(|place| place.folder);
        if ids.is_empty() {
            return;
        }
        if folder == FolderRole::Trash {
            let ids = ids.to_vec();
            self.asking.set(Some(Question::Destroy(ids)));
        } else {
            self.move_to(ids, FolderRole::Trash);
        }
    }

    /// For good. Ask first.
    pub(crate) fn destroy(self, ids: &[MessageId]) {
        let what = t!("mail.done.destroyed", count = ids.len(), subject = self.subject_of(ids));
        self.leave(ids);
        self.run(ids, &Action::Destroy, Some(what));
    }

    /// Read or unread. Quiet: the row tells.
    pub(crate) fn mark_read(self, ids: &[MessageId], read: bool) {
        let (add, remove) = if read { (vec![Flag::Seen], vec![]) } else { (vec![], vec![Flag::Seen]) };
        self.run(ids, &Action::Flag { add, remove }, None);
    }

    /// Where the person goes when messages leave the list: the next row has the focus; an open message is
    /// closed.
    fn leave(&self, ids: &[MessageId]) {
        let next = self.rows.with_untracked(|rows| neighbour(rows, ids));
        self.picked.update(|picked| picked.retain(|id| !ids.contains(id)));
        if self.cursor.get_untracked().is_none_or(|cursor| ids.contains(&cursor)) {
            self.cursor.set(next);
        }
        let place = self.place.get_untracked();
        if place.message.is_some_and(|open| ids.contains(&open)) {
            self.go(Place { message: None, ..place });
        }
        if let Some(id) = next {
            self.show.set(Some(Show { id, focus: true }));
        }
    }

    /// The subject of one message, for toasts.
    fn subject_of(&self, ids: &[MessageId]) -> String {
        self.mailbox.with_untracked(|mailbox| {
            ids.first()
                .and_then(|id| mailbox.entry(*id))
                .and_then(|entry| entry.opened())
                .map(|summary| {
                    if summary.subject.trim().is_empty() {
                        shown_name(&summary.from).to_owned()
                    } else {
                        summary.subject.clone()
                    }
                })
                .unwrap_or_default()
        })
    }

    /// An action that needs no words if it succeeds.
    pub(super) fn run_quietly(self, ids: &[MessageId], action: &Action) {
        self.run(ids, action, None);
    }

    fn run(self, ids: &[MessageId], action: &Action, what: Option<String>) {
        let mut undo = Vec::new();
        let mut changed = false;
        for ids in ids.chunks(AT_ONCE) {
            if let Some(back) = self.enqueue(ids, action, what.clone().unwrap_or_default()) {
                changed = true;
                undo.extend(back);
            }
        }
        let Some(what) = what.filter(|_| changed) else { return };
        if undo.is_empty() {
            self.toasts.say(what);
            return;
        }
        let place = self.place.get_untracked();
        self.quiet.update_value(|quiet| {
            quiet.undo.push(Undo { requests: undo, what: what.clone(), place });
            if quiet.undo.len() > 50 {
                quiet.undo.remove(0);
            }
        });
        self.toasts.offer(what, t!("mail.undo"), move || self.undo_last());
    }

    /// Take back the last action.
    pub(crate) fn undo_last(self) {
        let Some(undo) = self.quiet.try_update_value(|quiet| quiet.undo.pop()).flatten() else {
            self.toasts.say(t!("mail.undo.nothing"));
            return;
        };
        let mut first = None;
        for request in &undo.requests {
            for ids in request.messages.chunks(AT_ONCE) {
                self.enqueue(ids, &request.action, undo.what.clone());
                first = first.or(ids.first().copied());
            }
        }
        if let Some(id) = first.filter(|_| self.place.get_untracked().folder == undo.place.folder) {
            self.cursor.set(Some(id));
            self.show.set(Some(Show { id, focus: true }));
        }
        self.toasts.say(t!("mail.undone"));
    }

    fn enqueue(self, ids: &[MessageId], action: &Action, what: String) -> Option<Vec<ActionRequest>> {
        let applied = self.mailbox.try_update(|mailbox| mailbox.apply(ids, action.clone()))??;
        self.quiet.update_value(|quiet| {
            quiet.jobs.push_back(Job { ticket: applied.ticket, request: applied.request, what });
        });
        self.work();
        Some(applied.undo)
    }

    /// Send what waits, one after the other.
    fn work(self) {
        let begun = self.quiet.try_update_value(|quiet| std::mem::replace(&mut quiet.working, true));
        if begun != Some(false) {
            return;
        }
        spawn_local(async move {
            while let Some(job) = self.quiet.try_update_value(|quiet| quiet.jobs.pop_front()).flatten() {
                match attempt(&job.request).await {
                    Ok(views) => drop(self.mailbox.try_update(|mailbox| mailbox.confirm(job.ticket, views))),
                    Err(fault) => self.give_up(&job, &fault),
                }
            }
            self.quiet.try_update_value(|quiet| quiet.working = false);
            self.refresh_counts().await;
        });
    }

    fn give_up(&self, job: &Job, fault: &Fault) {
        let undone = self.mailbox.try_update(|mailbox| mailbox.roll_back(job.ticket)).unwrap_or_default();
        self.quiet.try_update_value(|quiet| {
            quiet.jobs.retain(|other| !undone.contains(&other.ticket));
            quiet.undo.clear();
        });
        let why = faults::words(fault);
        let words = if job.what.is_empty() {
            t!("mail.rolled_back.quiet", why = why)
        } else {
            t!("mail.rolled_back", what = job.what, why = why)
        };
        self.toasts.warn(words);
    }

    pub(super) async fn refresh_counts(&self) {
        if let Ok(folders) = api::folders().await {
            self.mailbox.try_update(|mailbox| mailbox.set_folders(folders));
        }
    }
}

/// Ask the server, again while it does not answer.
async fn attempt(request: &ActionRequest) -> Result<Vec<wire::mail::MessageView>, Fault> {
    let mut tried = 0;
    loop {
        match api::act(request).await {
            Ok(answer) => return Ok(answer.messages),
            // Already gone is what was asked for.
            Err(fault) if fault.code() == Some(ErrorCode::NotFound) && request.action == Action::Destroy => {
                return Ok(Vec::new());
            }
            Err(fault) if fault.is_passing() && tried < ATTEMPTS => {
                api::pause(500 << tried).await;
                tried += 1;
            }
            Err(fault) => return Err(fault),
        }
    }
}
