//! Actions shown before the server did them: applied, confirmed, rolled back.

use super::{Entry, Mailbox};
use wire::ids::{FolderId, MessageId};
use wire::mail::{Action, ActionRequest, Flag, MessageView};

/// An action that was applied here and not yet confirmed by the server.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    ticket: u64,
    pub(super) before: Vec<Entry>,
}

/// What [`Mailbox::apply`] did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    /// Names the action for [`Mailbox::confirm`] and [`Mailbox::roll_back`].
    pub(crate) ticket: u64,
    /// For the server.
    pub(crate) request: ActionRequest,
    /// Requests that bring everything back; empty if that cannot be done.
    pub(crate) undo: Vec<ActionRequest>,
}

impl Mailbox {
    /// Apply an action at once. `None` if nothing would change.
    pub(crate) fn apply(&mut self, ids: &[MessageId], action: Action) -> Option<Applied> {
        let before: Vec<Entry> = ids
            .iter()
            .filter_map(|id| self.entries.get(id))
            .filter(|entry| would_change(&entry.view, &action))
            .cloned()
            .collect();
        if before.is_empty() {
            return None;
        }
        self.tickets += 1;
        let ticket = self.tickets;
        for entry in &before {
            let mut after = entry.view.clone();
            match &action {
                Action::Move { folder } => after.folder = *folder,
                Action::Flag { add, remove } => {
                    after.flags.retain(|flag| !remove.contains(flag));
                    for flag in add {
                        if !after.flags.contains(flag) {
                            after.flags.push(*flag);
                        }
                    }
                }
                Action::Destroy => {
                    self.count(&entry.view, -1);
                    self.entries.remove(&entry.view.id);
                    Self::unlist(&mut self.lists, entry.view.folder, entry.view.id);
                    continue;
                }
            }
            self.replace(after);
        }
        let request = ActionRequest {
            messages: before.iter().map(|entry| entry.view.id).collect(),
            action: action.clone(),
        };
        let undo = undo_of(&before, &action);
        self.pending.push(Pending { ticket, before });
        Some(Applied { ticket, request, undo })
    }

    /// Put a view in the place of the one known, lists and counts included.
    fn replace(&mut self, view: MessageView) {
        let id = view.id;
        if let Some(entry) = self.entries.get_mut(&id) {
            let old = std::mem::replace(&mut entry.view, view.clone());
            self.count(&old, -1);
            if old.folder != view.folder {
                Self::unlist(&mut self.lists, old.folder, id);
            }
        }
        self.count(&view, 1);
        self.enlist(id);
    }

    fn count(&mut self, view: &MessageView, by: i64) {
        if let Some(folder) = self.folders.iter_mut().find(|folder| folder.id == view.folder) {
            folder.total = folder.total.saturating_add_signed(by);
            if !view.flags.contains(&Flag::Seen) {
                folder.unread = folder.unread.saturating_add_signed(by);
            }
        }
    }

    /// The server did it. `views` are the messages as they are now.
    pub(crate) fn confirm(&mut self, ticket: u64, views: Vec<MessageView>) {
        self.pending.retain(|pending| pending.ticket != ticket);
        for view in views {
            self.merge(view);
        }
        self.take_waiting_counts();
    }

    /// The server did not do it: bring back what was before it, and before everything that came after it.
    /// The tickets undone, newest first; their requests must not be sent.
    pub(crate) fn roll_back(&mut self, ticket: u64) -> Vec<u64> {
        let Some(at) = self.pending.iter().position(|pending| pending.ticket == ticket) else {
            return Vec::new();
        };
        let undone: Vec<Pending> = self.pending.drain(at..).rev().collect();
        for pending in &undone {
            for entry in &pending.before {
                let listed = self.entries.contains_key(&entry.view.id);
                if listed {
                    self.replace(entry.view.clone());
                } else {
                    self.entries.insert(entry.view.id, entry.clone());
                    self.count(&entry.view, 1);
                    self.enlist(entry.view.id);
                }
            }
        }
        self.take_waiting_counts();
        undone.into_iter().map(|pending| pending.ticket).collect()
    }

    fn take_waiting_counts(&mut self) {
        if self.pending.is_empty()
            && let Some(folders) = self.waiting_counts.take()
        {
            self.folders = folders;
        }
    }
}

fn would_change(view: &MessageView, action: &Action) -> bool {
    match action {
        Action::Move { folder } => view.folder != *folder,
        Action::Flag { add, remove } => {
            add.iter().any(|flag| !view.flags.contains(flag))
                || remove.iter().any(|flag| view.flags.contains(flag))
        }
        Action::Destroy => true,
    }
}

/// What brings `before` back: one move per folder it came from, or the opposite flags.
fn undo_of(before: &[Entry], action: &Action) -> Vec<ActionRequest> {
    match action {
        Action::Move { .. } => {
            let mut back: Vec<(FolderId, Vec<MessageId>)> = Vec::new();
            for entry in before {
                match back.iter_mut().find(|(folder, _)| *folder == entry.view.folder) {
                    Some((_, ids)) => ids.push(entry.view.id),
                    None => back.push((entry.view.folder, vec![entry.view.id])),
                }
            }
            back.into_iter()
                .map(|(folder, messages)| ActionRequest { messages, action: Action::Move { folder } })
                .collect()
        }
        Action::Flag { add, remove } => vec![ActionRequest {
            messages: before.iter().map(|entry| entry.view.id).collect(),
            action: Action::Flag { add: remove.clone(), remove: add.clone() },
        }],
        Action::Destroy => Vec::new(),
    }
}
