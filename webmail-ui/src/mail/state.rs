//! What the page knows of the mailbox: folders, lists, opened summaries, actions under way.
//!
//! Plain Rust without a browser. Every change the person makes is applied here at once and confirmed
//! later, or rolled back by name. The server's answers are merged by their place in the change feed.

use model::error::CoreError;
use model::mail::{Row, Summary};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use wire::ids::{FolderId, MessageId};
use wire::mail::{Flag, FolderRole, FolderView, MessageView};
use wire::page::{Cursor, Page};
use wire::vault::Change;

#[path = "pending.rs"]
mod pending;

/// A message as the server returned it, and its summary once the worker opened it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// From the server, with the sealed summary exactly as received.
    pub(crate) view: MessageView,
    /// Absent until opened.
    pub(crate) summary: Option<Result<Summary, CoreError>>,
    /// What the search compares with, folded once.
    haystack: String,
}

impl Entry {
    /// Whether the person has not read it.
    pub(crate) fn unread(&self) -> bool {
        !self.view.flags.contains(&Flag::Seen)
    }

    /// The opened summary.
    pub(crate) fn opened(&self) -> Option<&Summary> {
        self.summary.as_ref().and_then(|summary| summary.as_ref().ok())
    }
}

/// Where the next page of a list begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Next {
    /// Nothing was loaded yet.
    #[default]
    Start,
    /// Behind this place.
    After(Cursor),
    /// All is loaded.
    End,
}

/// The loaded part of a folder, newest first.
#[derive(Debug, Clone, Default)]
struct FolderList {
    ids: Vec<MessageId>,
    next: Next,
    /// The last entry of the page loaded last.
    boundary: Option<Place>,
    /// Before this place everything was given to the worker.
    scanned: usize,
}

/// Sort order of lists: newest first, ties by id as the server breaks them.
type Place = (Reverse<i64>, Reverse<MessageId>);

/// What to fetch after a look at the change feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ToFetch {
    /// Messages to ask for one by one.
    pub(crate) messages: Vec<MessageId>,
    /// Lists to load again from the start: too much changed in them.
    pub(crate) lists: Vec<FolderId>,
    /// Whether another device changed the account.
    pub(crate) account: bool,
    /// Whether any mail changed, so that the counts are old.
    pub(crate) mail: bool,
}

/// More changed messages than this in one go, and their lists are loaded anew.
const ONE_BY_ONE: usize = 48;

/// The mailbox.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mailbox {
    folders: Vec<FolderView>,
    entries: HashMap<MessageId, Entry>,
    lists: HashMap<FolderId, FolderList>,
    opening: HashSet<MessageId>,
    pending: Vec<pending::Pending>,
    waiting_counts: Option<Vec<FolderView>>,
    tickets: u64,
    newest_seq: u64,
}

impl Mailbox {
    /// Take the folders and their counts. While an action is under way the server's counts may be from
    /// before it, so they wait.
    pub(crate) fn set_folders(&mut self, folders: Vec<FolderView>) {
        if self.pending.is_empty() || self.folders.is_empty() {
            self.folders = folders;
            self.waiting_counts = None;
        } else {
            self.waiting_counts = Some(folders);
        }
    }

    /// Every folder, as people see them.
    pub(crate) fn folders(&self) -> &[FolderView] {
        &self.folders
    }

    /// The folder with a role.
    pub(crate) fn folder(&self, role: FolderRole) -> Option<&FolderView> {
        self.folders.iter().find(|folder| folder.role == Some(role))
    }

    /// A message.
    pub(crate) fn entry(&self, id: MessageId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// The newest place in the change feed that any message seen here has.
    pub(crate) fn newest_seq(&self) -> u64 {
        self.newest_seq
    }

    /// Where the next page of a folder begins.
    pub(crate) fn next_page(&self, folder: FolderId) -> Next {
        self.lists.get(&folder).map(|list| list.next.clone()).unwrap_or_default()
    }

    /// Add a page of a folder. What was listed between the last page and the end of this one, and is not
    /// in it, left the folder meanwhile.
    pub(crate) fn add_page(&mut self, folder: FolderId, page: Page<MessageView>) {
        let came: HashSet<MessageId> = page.items.iter().map(|view| view.id).collect();
        let end = page
            .next
            .is_some()
            .then(|| page.items.last().map(|view| (Reverse(view.received_at), Reverse(view.id))))
            .flatten();
        let list = self.lists.entry(folder).or_default();
        let start = list.boundary;
        list.next = page.next.map_or(Next::End, Next::After);
        list.boundary = end;
        let gone: Vec<MessageId> = (list.ids.iter().copied())
            .filter(|id| !came.contains(id))
            .filter(|id| {
                let place = Self::place(&self.entries, *id);
                start.is_none_or(|start| place > start) && end.is_none_or(|end| place < end)
            })
            .collect();
        for id in gone {
            if !self.is_pending(id) {
                Self::unlist(&mut self.lists, folder, id);
            }
        }
        for view in page.items {
            self.merge(view);
        }
    }

    /// Load a list from the start again; what is shown stays until the pages tell otherwise.
    pub(crate) fn restart(&mut self, folder: FolderId) {
        if let Some(list) = self.lists.get_mut(&folder) {
            list.next = Next::Start;
            list.boundary = None;
        }
    }

    /// Take a message as the server has it now. Older news than what is known, and news about a message
    /// with an action under way, are passed over: the action's own answer will tell.
    pub(crate) fn merge(&mut self, view: MessageView) {
        self.newest_seq = self.newest_seq.max(view.seq);
        let id = view.id;
        if self.is_pending(id) {
            return;
        }
        match self.entries.get_mut(&id) {
            Some(entry) if entry.view.seq > view.seq => {}
            Some(entry) => {
                let (from, to) = (entry.view.folder, view.folder);
                let other_content = entry.view.summary != view.summary || entry.view.blob != view.blob;
                if from != to || entry.view.received_at != view.received_at {
                    Self::unlist(&mut self.lists, from, id);
                }
                if other_content {
                    entry.summary = None;
                    entry.haystack.clear();
                    self.opening.remove(&id);
                    if let Some(list) = self.lists.get_mut(&to) {
                        list.scanned = 0;
                    }
                }
                entry.view = view;
            }
            None => {
                self.entries.insert(id, Entry { view, summary: None, haystack: String::new() });
            }
        }
        self.enlist(id);
    }

    /// A message is gone.
    pub(crate) fn forget(&mut self, id: MessageId) {
        if self.is_pending(id) {
            return;
        }
        if let Some(entry) = self.entries.remove(&id) {
            Self::unlist(&mut self.lists, entry.view.folder, id);
        }
    }

    fn is_pending(&self, id: MessageId) -> bool {
        self.pending.iter().any(|pending| pending.before.iter().any(|entry| entry.view.id == id))
    }

    fn place(entries: &HashMap<MessageId, Entry>, id: MessageId) -> Place {
        let received = entries.get(&id).map_or(i64::MIN, |entry| entry.view.received_at);
        (Reverse(received), Reverse(id))
    }

    fn enlist(&mut self, id: MessageId) {
        let Some(folder) = self.entries.get(&id).map(|entry| entry.view.folder) else { return };
        let Some(list) = self.lists.get_mut(&folder) else { return };
        let entries = &self.entries;
        let key = Self::place(entries, id);
        // Pages come in order: the usual place is the end.
        let at = match list.ids.last() {
            Some(last) if Self::place(entries, *last) < key => list.ids.len(),
            _ => match list.ids.binary_search_by(|other| Self::place(entries, *other).cmp(&key)) {
                Ok(_) => return,
                Err(at) => at,
            },
        };
        list.ids.insert(at, id);
        list.scanned = list.scanned.min(at);
    }

    fn unlist(lists: &mut HashMap<FolderId, FolderList>, folder: FolderId, id: MessageId) {
        if let Some(list) = lists.get_mut(&folder)
            && let Some(at) = list.ids.iter().position(|other| *other == id)
        {
            list.ids.remove(at);
            list.scanned = list.scanned.min(at);
        }
    }

    /// The messages of a folder that match a search, newest first. Words must all occur, each in subject,
    /// snippet, names or addresses; only opened summaries can match.
    pub(crate) fn visible(&self, folder: FolderId, query: &str) -> Vec<MessageId> {
        let Some(list) = self.lists.get(&folder) else { return Vec::new() };
        let query = query.to_lowercase();
        let words: Vec<&str> = query.split_whitespace().collect();
        if words.is_empty() {
            return list.ids.clone();
        }
        let matches = |id: &&MessageId| {
            self.entries.get(*id).is_some_and(|entry| words.iter().all(|word| entry.haystack.contains(word)))
        };
        list.ids.iter().filter(matches).copied().collect()
    }

    /// Up to `limit` messages whose summaries the worker should open now: those of `first` (what is on
    /// the screen), then the newest of the folder. Each is given out once.
    pub(crate) fn take_unopened(
        &mut self,
        folder: FolderId,
        first: &[MessageId],
        limit: usize,
    ) -> Vec<MessageView> {
        let mut out = Vec::new();
        let Self { entries, opening, lists, .. } = self;
        let mut take = |id: MessageId, out: &mut Vec<MessageView>| {
            if let Some(entry) = entries.get(&id)
                && entry.summary.is_none()
                && opening.insert(id)
            {
                out.push(entry.view.clone());
            }
        };
        for id in first {
            if out.len() < limit {
                take(*id, &mut out);
            }
        }
        if let Some(list) = lists.get_mut(&folder) {
            while out.len() < limit
                && let Some(id) = list.ids.get(list.scanned)
            {
                take(*id, &mut out);
                list.scanned += 1;
            }
        }
        out
    }

    /// Take opened rows.
    pub(crate) fn opened(&mut self, rows: Vec<Row>) {
        for row in rows {
            self.opening.remove(&row.id);
            let Some(entry) = self.entries.get_mut(&row.id) else { continue };
            entry.haystack = row.summary.as_ref().map(haystack).unwrap_or_default();
            entry.summary = Some(row.summary);
        }
    }

    /// The worker did not answer for these: they may be asked again.
    pub(crate) fn not_opened(&mut self, ids: &[MessageId]) {
        for id in ids {
            self.opening.remove(id);
        }
        for list in self.lists.values_mut() {
            list.scanned = 0;
        }
    }

    /// Look at the change feed: forget what is gone, and say what to fetch.
    pub(crate) fn changes(&mut self, changes: &[Change]) -> ToFetch {
        let mut fetch = ToFetch::default();
        let mut seen = HashSet::new();
        let mut moved = Vec::new();
        for change in changes {
            match change {
                Change::Message { id, folder } => {
                    fetch.mail = true;
                    // A list never opened needs nothing, unless a message leaves an opened one for it.
                    let matters = self.lists.contains_key(folder) || self.entries.contains_key(id);
                    if matters && seen.insert(*id) {
                        moved.push((*id, *folder));
                    }
                }
                Change::MessageGone { id } => {
                    fetch.mail = true;
                    self.forget(*id);
                    moved.retain(|(other, _)| other != id);
                }
                Change::Account => fetch.account = true,
                Change::Item { .. } | Change::Collection { .. } => {}
            }
        }
        if moved.len() <= ONE_BY_ONE {
            fetch.messages = moved.into_iter().map(|(id, _)| id).collect();
        } else {
            let mut lists: Vec<FolderId> = moved
                .iter()
                .flat_map(|(id, folder)| [Some(*folder), self.entries.get(id).map(|entry| entry.view.folder)])
                .flatten()
                .filter(|folder| self.lists.contains_key(folder))
                .collect();
            lists.sort_unstable();
            lists.dedup();
            fetch.lists = lists;
        }
        fetch
    }
}

fn haystack(summary: &Summary) -> String {
    let mut text = String::new();
    let people = std::iter::once(&summary.from).chain(&summary.to);
    for part in
        [&summary.subject, &summary.snippet].into_iter().chain(people.flat_map(|p| [&p.name, &p.address]))
    {
        text.push_str(&part.to_lowercase());
        text.push('\n');
    }
    text
}

/// The row to go to when `leaving` leave the list: the next that stays, or the one before.
pub(crate) fn neighbour(list: &[MessageId], leaving: &[MessageId]) -> Option<MessageId> {
    let last = list.iter().rposition(|id| leaving.contains(id))?;
    let stays = |id: &&MessageId| !leaving.contains(id);
    let after = list.get(last + 1..).and_then(|rest| rest.iter().find(stays));
    after.or_else(|| list.get(..last).and_then(|rest| rest.iter().rev().find(stays))).copied()
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
