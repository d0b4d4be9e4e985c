//! One row of the list. It reads as one sentence: unread, sender, subject, date, the word of trust.

use super::room::{Place, Room};
use super::state::Entry;
use super::window::to_pixels;
use super::writing::shown_name;
use crate::i18n::{faults, long_date, short_date, size, t, tr};
use crate::ui::Icon;
use leptos::html;
use leptos::prelude::*;
use model::error::CoreError;
use wire::ids::MessageId;
use wire::mail::{Arrival, Flag, FolderRole};

/// What a row of the window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// A message.
    Message(MessageId),
    /// A place in the list that is not loaded yet.
    Ahead(usize),
}

/// What a row shows, apart from words of the language.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    unread: bool,
    answered: bool,
    forwarded: bool,
    arrival: Arrival,
    content: Content,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Opening,
    Opened { who: String, subject: String, snippet: String, date: i64, attachments: u32 },
    Failed(CoreError, i64),
}

impl Shown {
    fn of(entry: &Entry, role: FolderRole) -> Self {
        let flag = |flag| entry.view.flags.contains(&flag);
        let content = match &entry.summary {
            None => Content::Opening,
            Some(Err(error)) => Content::Failed(error.clone(), entry.view.received_at),
            Some(Ok(summary)) => {
                // What the person wrote is known by who gets it.
                let who = match role {
                    FolderRole::Sent | FolderRole::Drafts => {
                        summary.to.iter().map(shown_name).collect::<Vec<_>>().join(", ")
                    }
                    _ => shown_name(&summary.from).to_owned(),
                };
                Content::Opened {
                    who,
                    subject: summary.subject.clone(),
                    snippet: summary.snippet.clone(),
                    date: summary.date,
                    attachments: summary.attachments,
                }
            }
        };
        Self {
            unread: entry.unread() && !matches!(role, FolderRole::Sent | FolderRole::Drafts),
            answered: flag(Flag::Answered),
            forwarded: flag(Flag::Forwarded),
            arrival: entry.view.arrival,
            content,
        }
    }

    /// The name of the row.
    fn sentence(&self, role: FolderRole) -> String {
        let mut parts = Vec::new();
        if self.unread {
            parts.push(tr("mail.row.unread"));
        }
        match &self.content {
            Content::Opening => parts.push(tr("mail.row.opening")),
            Content::Failed(error, date) => {
                parts.push(tr("mail.row.closed"));
                parts.push(faults::words(&crate::api::Fault::Core(error.clone())));
                parts.push(long_date(*date));
            }
            Content::Opened { who, subject, date, attachments, .. } => {
                parts.push(match role {
                    FolderRole::Sent | FolderRole::Drafts if who.is_empty() => tr("mail.row.nobody"),
                    FolderRole::Sent | FolderRole::Drafts => t!("mail.row.to", names = who),
                    _ => who.clone(),
                });
                parts.push(subject_or_none(subject));
                parts.push(short_date(*date));
                if *attachments > 0 {
                    parts.push(t!("mail.row.attachments", count = attachments));
                }
                parts.push(trust_word(self.arrival));
            }
        }
        if self.answered {
            parts.push(tr("mail.row.answered"));
        }
        if self.forwarded {
            parts.push(tr("mail.row.forwarded"));
        }
        parts.join(", ")
    }
}

fn subject_or_none(subject: &str) -> String {
    if subject.trim().is_empty() { tr("mail.no_subject") } else { subject.to_owned() }
}

fn trust_word(arrival: Arrival) -> String {
    tr(match arrival {
        Arrival::Sealed => "mail.trust.word.end_to_end",
        Arrival::SealedOnArrival => "mail.trust.word.on_arrival",
    })
}

/// A row. `at` is its place in the list, `row_height` the height of every row in CSS pixels.
#[component]
pub(crate) fn Row(item: Slot, at: Memo<Option<usize>>, row_height: RwSignal<f64>) -> impl IntoView {
    let room = Room::get();
    let place = move || format!("translateY({}px)", to_pixels(at.get().unwrap_or(0), row_height.get()));
    let number = move || at.get().map(|at| (at + 1).to_string());
    let id = match item {
        Slot::Ahead(_) => {
            return view! {
                <div class="row is-ahead" role="row" aria-rowindex=number style:transform=place
                    aria-label=move || tr("mail.row.loading")>
                    <div class="row-cell" role="gridcell"><span class="row-bar"></span></div>
                </div>
            }
            .into_any();
        }
        Slot::Message(id) => id,
    };
    let shown = Memo::new(move |_| {
        let role = room.place.with(|place| place.folder);
        room.mailbox.with(|mailbox| mailbox.entry(id).map(|entry| Shown::of(entry, role)))
    });
    let role = move || room.place.with_untracked(|place| place.folder);
    let node = NodeRef::<html::Div>::new();
    // The list asks for the focus; the row may come into being only afterwards.
    Effect::new(move || {
        if let Some(show) = room.show.get()
            && show.id == id
            && show.focus
            && let Some(row) = node.get()
        {
            focus_without_scrolling(&row);
            room.show.set(None);
        }
    });
    let picked = move || room.picked.with(|picked| picked.contains(&id));
    let is_open = move || room.place.with(|place| place.message == Some(id));
    let has_cursor = move || match room.cursor.get() {
        Some(cursor) => cursor == id,
        None => at.get() == Some(0),
    };
    let sentence = move || shown.with(|shown| shown.as_ref().map(|shown| shown.sentence(role())));
    view! {
        <div
            node_ref=node
            class="row"
            class:is-unread=move || shown.with(|shown| shown.as_ref().is_some_and(|shown| shown.unread))
            class:is-open=is_open
            class:is-picked=picked
            role="row"
            tabindex=move || if has_cursor() { "0" } else { "-1" }
            aria-rowindex=number
            aria-selected=move || if picked() || is_open() { "true" } else { "false" }
            aria-label=sentence
            style:transform=place
            on:focus=move |_| {
                if room.cursor.get_untracked() != Some(id) {
                    room.cursor.set(Some(id));
                }
            }
            on:click=move |event| {
                if event.shift_key() {
                    room.pick_to(id);
                } else if event.ctrl_key() || event.meta_key() {
                    room.pick(id);
                } else {
                    room.open_row(id);
                }
            }
        >
            <div class="row-cell" role="gridcell">
                {move || {
                    if room.through.get() {
                        sealed_row(room, id).into_any()
                    } else {
                        shown.get().map(|shown| content(&shown, role())).into_any()
                    }
                }}
            </div>
        </div>
    }
    .into_any()
}

fn content(shown: &Shown, role: FolderRole) -> impl IntoView + use<> {
    match &shown.content {
        Content::Opening => view! { <span class="row-bar"></span><span class="row-bar"></span> }.into_any(),
        Content::Failed(error, date) => view! {
            <span class="row-who row-danger"><Icon name="seal-broken"/>{tr("mail.row.closed")}</span>
            <span class="row-date">{short_date(*date)}</span>
            <span class="row-what">{faults::words(&crate::api::Fault::Core(error.clone()))}</span>
        }
        .into_any(),
        Content::Opened { who, subject, snippet, date, attachments } => {
            let who = match role {
                FolderRole::Sent | FolderRole::Drafts if who.is_empty() => tr("mail.row.nobody"),
                _ => who.clone(),
            };
            let (icon, tone) = match shown.arrival {
                Arrival::Sealed => ("envelope-sealed", "row-glyph"),
                Arrival::SealedOnArrival => ("envelope-shelf", "row-glyph row-glyph-quiet"),
            };
            view! {
                <span class="row-who">
                    {shown.unread.then(|| view! { <span class="row-dot"></span> })}
                    <bdi>{who}</bdi>
                </span>
                <span class="row-marks" title=trust_word(shown.arrival)>
                    {shown.answered.then(|| view! { <Icon name="reply"/> })}
                    {shown.forwarded.then(|| view! { <Icon name="forward"/> })}
                    {(*attachments > 0).then(|| view! { <Icon name="attach"/> })}
                    <span class=tone><Icon name=icon/></span>
                </span>
                <span class="row-date">{short_date(*date)}</span>
                <span class="row-what">
                    <bdi class="row-subject">{subject_or_none(subject)}</bdi>
                    " "
                    <bdi class="row-snippet">{snippet.clone()}</bdi>
                </span>
            }
            .into_any()
        }
    }
}

/// What the server returned for this row: what it can read, and the sealed summary exactly as received.
fn sealed_row(room: Room, id: MessageId) -> impl IntoView {
    let view = room.mailbox.with(|mailbox| mailbox.entry(id).map(|entry| entry.view.clone()));
    view.map(|view| {
        let flags = super::envelope::flags(&view.flags);
        let facts = format!("{} · {} · {flags}", size(view.size), long_date(view.received_at));
        view! {
            <span class="row-facts">{facts}</span>
            <code class="row-sealed">{super::envelope::as_received(&view.summary)}</code>
        }
    })
}

fn focus_without_scrolling(row: &web_sys::HtmlElement) {
    // The list has scrolled already, by whole rows.
    let options = web_sys::FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = row.focus_with_options(&options);
}

impl Room {
    /// Open the message of a row, or the draft.
    pub(crate) fn open_row(self, id: MessageId) {
        self.cursor.set(Some(id));
        if self.in_drafts() {
            self.open_draft(id);
        } else {
            let place = self.place.get_untracked();
            self.go(Place { message: Some(id), ..place });
        }
    }

    /// Choose a row, or no longer.
    pub(crate) fn pick(self, id: MessageId) {
        self.cursor.set(Some(id));
        self.picked.update(|picked| {
            if !picked.remove(&id) {
                picked.insert(id);
            }
        });
    }

    /// Choose every row from the one with the cursor to this one.
    pub(crate) fn pick_to(self, id: MessageId) {
        let from = self.cursor.get_untracked().unwrap_or(id);
        let range: Vec<MessageId> = self.rows.with_untracked(|rows| {
            let place = |id: MessageId| rows.iter().position(|row| *row == id);
            match (place(from), place(id)) {
                (Some(a), Some(b)) => rows.get(a.min(b)..=a.max(b)).unwrap_or_default().to_vec(),
                _ => vec![id],
            }
        });
        self.picked.update(|picked| picked.extend(range));
        self.cursor.set(Some(id));
    }
}
