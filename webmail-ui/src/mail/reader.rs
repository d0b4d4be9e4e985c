//! The open message.

use super::envelope::SealedView;
use super::reading::{Failed, Held, Reading};
use super::room::{Place, Room};
use super::text::{Piece, pieces, split_quote};
use super::trust::TrustStrip;
use super::writing::has_others;
use crate::api::Fault;
use crate::i18n::{faults, long_date, size, t, tr};
use crate::ui::{Button, Icon, IconButton, Kind, Spinner};
use leptos::html;
use leptos::prelude::*;
use model::error::CoreErrorCode;
use model::mail::{Attachment, OpenedMessage, Person};
use std::sync::Arc;
use wire::ids::MessageId;
use wire::mail::FolderRole;

/// The open message, or why it did not open.
#[component]
pub(crate) fn Reader() -> impl IntoView {
    let room = Room::get();
    view! {
        <section class="reader" aria-label=move || tr("mail.message")>
            <div class="reader-bar">
                <IconButton icon="back" label=move || tr("mail.back") shortcut="Esc" on_click=move || room.back()/>
            </div>
            {move || match room.reading.get() {
                Reading::Nothing => ().into_any(),
                Reading::Opening(_) => view! { <Spinner label=move || tr("mail.reader.opening")/> }.into_any(),
                Reading::Open(message, held) => view! { <Opened message=message held=held/> }.into_any(),
                Reading::Failed(failed) => view! { <NotOpened failed=failed/> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

/// A message that was opened.
#[component]
fn Opened(message: Arc<OpenedMessage>, held: Held) -> impl IntoView {
    let room = Room::get();
    let me = Signal::derive(move || room.address());
    let subject = message.subject.clone();
    let heading = NodeRef::<html::H2>::new();
    // The message was asked for: a screen reader begins with its subject. On a wide screen the list keeps
    // the focus, so that the arrows go on working there.
    Effect::new(move || {
        if let Some(heading) = heading.get()
            && is_narrow()
        {
            let _ = heading.focus();
        }
    });
    let differs = message.summary_differs;
    let body = message.clone();
    let message_for_trust = message.clone();
    view! {
        <Actions message=message.clone()/>
        <header class="reader-head" hidden=move || room.through.get()>
            <h2 class="reader-subject" tabindex="-1" node_ref=heading>
                <bdi>{move || if subject.trim().is_empty() { tr("mail.no_subject") } else { subject.clone() }}</bdi>
            </h2>
            <TrustStrip message=message_for_trust me=me/>
            {differs.then(|| view! {
                <div class="warning" role="alert">
                    <Icon name="alert"/>
                    <p>{move || tr("mail.reader.summary_differs")}</p>
                </div>
            })}
            <People message=message.clone()/>
        </header>
        {move || if room.through.get() {
            view! {
                <h2 class="reader-subject sealed-title">{move || tr("mail.envelope.look")}</h2>
                <SealedView held=held.clone()/>
            }
            .into_any()
        } else {
            view! {
                <Body text=body.text.clone()/>
                <Attachments id=body.id attachments=body.attachments.clone()/>
            }
            .into_any()
        }}
    }
    .into_any()
}

fn is_narrow() -> bool {
    window().match_media("(max-width: 719.9px)").ok().flatten().is_some_and(|query| query.matches())
}

/// What can be done with the message.
#[component]
fn Actions(message: Arc<OpenedMessage>) -> impl IntoView {
    let room = Room::get();
    let id = message.id;
    let others = {
        let message = message.clone();
        move || has_others(&message, &room.address())
    };
    let in_folder = move |role| room.place.with(|place| place.folder == role);
    let (one, all, on) = (message.clone(), message.clone(), message);
    let all = StoredValue::new(all);
    view! {
        <div class="reader-actions" role="toolbar" aria-label=move || tr("mail.actions")>
            <Button kind=Kind::Quiet icon="reply" on_click=move || room.reply(&one, false)>{move || tr("mail.reply")}</Button>
            <Show when=others>
                <Button kind=Kind::Quiet icon="reply-all" on_click=move || all.with_value(|all| room.reply(all, true))>
                    {move || tr("mail.reply_all")}
                </Button>
            </Show>
            <Button kind=Kind::Quiet icon="forward" on_click=move || room.forward(on.clone())>
                {move || tr("mail.forward")}
            </Button>
            <Filing id=id in_archive=Signal::derive(move || in_folder(FolderRole::Archive))/>
        </div>
    }
    .into_any()
}

/// What can be done with a message even if it does not open.
#[component]
fn Filing(id: MessageId, in_archive: Signal<bool>) -> impl IntoView {
    let room = Room::get();
    view! {
        <Show when=move || !in_archive.get()>
            <Button kind=Kind::Quiet icon="archive" on_click=move || room.archive(&[id])>{move || tr("mail.archive")}</Button>
        </Show>
        <Button kind=Kind::Quiet icon="trash" on_click=move || room.delete(&[id])>{move || tr("mail.delete")}</Button>
        <Button kind=Kind::Quiet icon="mail" on_click=move || {
            room.mark_read(&[id], false);
            room.back();
        }>{move || tr("mail.mark_unread")}</Button>
        <Button kind=Kind::Quiet icon="folder" on_click=move || room.ask_move()>{move || tr("mail.move")}</Button>
    }
    .into_any()
}

fn person(person: &Person) -> impl IntoView + use<> {
    let Person { name, address } = person.clone();
    if name.trim().is_empty() {
        view! { <bdi class="person">{address}</bdi> }.into_any()
    } else {
        view! { <span class="person"><bdi>{name}</bdi>" "<bdi class="person-address">{address}</bdi></span> }
            .into_any()
    }
}

#[component]
fn People(message: Arc<OpenedMessage>) -> impl IntoView {
    let line = |key: &'static str, people: &[Person]| {
        (!people.is_empty()).then(|| {
            let people: Vec<_> = people.iter().map(person).collect();
            view! {
                <dt>{move || tr(key)}</dt>
                <dd>{people}</dd>
            }
        })
    };
    let date = message.date;
    view! {
        <dl class="reader-people">
            {line("mail.reader.from", std::slice::from_ref(&message.from))}
            {line("mail.reader.to", &message.to)}
            {line("mail.reader.cc", &message.cc)}
            <dt>{move || tr("mail.reader.date")}</dt>
            <dd><span>{move || long_date(date)}</span></dd>
        </dl>
    }
    .into_any()
}

/// The text. Links are made of the pieces of text; nothing is read as HTML.
#[component]
fn Body(text: String) -> impl IntoView {
    let (new, quoted) = split_quote(&text);
    let quoted = (!quoted.is_empty()).then(|| quoted.to_owned());
    view! {
        <div class="reader-text" dir="auto">{linked(new)}</div>
        {quoted.map(|quoted| view! {
            <details class="reader-quote">
                <summary>{move || tr("mail.reader.quoted")}</summary>
                <div class="reader-text" dir="auto">{linked(&quoted)}</div>
            </details>
        })}
    }
    .into_any()
}

fn linked(text: &str) -> Vec<AnyView> {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.into_any(),
            Piece::Link(url) => view! {
                <a href=url.clone() target="_blank" rel="noopener noreferrer">{url.clone()}</a>
            }
            .into_any(),
        })
        .collect()
}

#[component]
fn Attachments(id: MessageId, attachments: Vec<Attachment>) -> impl IntoView {
    let room = Room::get();
    if attachments.is_empty() {
        return ().into_any();
    }
    let count = attachments.len();
    view! {
        <section class="attachments" aria-label=move || tr("mail.attachments")>
            <h3>{move || t!("mail.row.attachments", count = count)}</h3>
            <ul>
                {attachments.into_iter().map(|attachment| {
                    let busy = RwSignal::new(false);
                    let name = attachment.name.clone();
                    let for_label = name.clone();
                    let bytes = attachment.size;
                    view! {
                        <li class="attachment">
                            <button
                                type="button"
                                class="attachment-button"
                                aria-label=move || t!("mail.attachment.download", name = for_label, size = size(bytes))
                                aria-busy=move || busy.get().then_some("true")
                                on:click=move |_| {
                                    if !busy.get_untracked() {
                                        room.download(id, attachment.clone(), busy);
                                    }
                                }
                            >
                                <Icon name="attach"/>
                                <bdi class="attachment-name">{name}</bdi>
                                " "
                                <span class="attachment-size">{move || size(bytes)}</span>
                                <Icon name="download"/>
                            </button>
                        </li>
                    }
                }).collect_view()}
            </ul>
        </section>
    }
    .into_any()
}

/// A message that is not to be had or not to be opened: which, why, and what to do.
#[component]
fn NotOpened(failed: Arc<Failed>) -> impl IntoView {
    let room = Room::get();
    let Failed { id, fault, held } = (*failed).clone();
    let passing = matches!(fault, Fault::Offline | Fault::Unexpected(_)) || fault.is_passing();
    let advice = advice(&fault);
    let has_bytes = held.is_some();
    let sealed = held.clone();
    view! {
        <div class="reader-actions" role="toolbar" aria-label=move || tr("mail.actions")>
            <Filing id=id in_archive=Signal::derive(|| false)/>
        </div>
        <header class="reader-head">
            <h2 class="reader-subject" tabindex="-1">{move || tr("mail.reader.not_opened")}</h2>
            <div class="warning" role="alert">
                <Icon name="seal-broken"/>
                <div>
                    <p>{move || faults::words(&fault)}</p>
                    <p>{move || tr(advice)}</p>
                    {held.map(|held| {
                        let (blob, at) = (held.view.blob.to_string(), held.view.received_at);
                        view! { <p>{move || t!("mail.reader.not_opened.which", date = long_date(at), blob = blob)}</p> }
                    })}
                    {passing.then(|| view! {
                        <Button on_click=move || {
                            room.reading.set(Reading::Nothing);
                            room.read(id);
                        }>{move || tr("ui.retry")}</Button>
                    })}
                </div>
            </div>
        </header>
        {move || (has_bytes && room.through.get())
            .then(|| sealed.clone().map(|held| view! { <SealedView held=held/> }))}
    }
    .into_any()
}

/// What the person can do about a message that does not open.
fn advice(fault: &Fault) -> &'static str {
    match fault {
        Fault::Core(error) => match error.code {
            CoreErrorCode::NoKeyForMessage => "mail.advice.no_key",
            CoreErrorCode::Tampered | CoreErrorCode::Malformed | CoreErrorCode::NoIntegrity => {
                "mail.advice.damaged"
            }
            CoreErrorCode::MalformedMail | CoreErrorCode::TooLarge => "mail.advice.ask_sender",
            CoreErrorCode::Locked => "mail.advice.unlock",
            _ => "mail.advice.retry",
        },
        Fault::Api(body) => match body.code {
            wire::error::ErrorCode::Damaged => "mail.advice.server_damaged",
            wire::error::ErrorCode::NotFound => "mail.advice.gone",
            _ => "mail.advice.retry",
        },
        Fault::Offline => "mail.advice.offline",
        Fault::Unexpected(_) | Fault::Worker => "mail.advice.retry",
    }
}

impl Room {
    /// Close the open message; the list has the focus again.
    pub(crate) fn back(self) {
        let place = self.place.get_untracked();
        self.go(Place { message: None, ..place });
        if let Some(id) = self.cursor.get_untracked() {
            self.show.set(Some(super::room::Show { id, focus: true }));
        }
    }

    /// Ask where to move the subjects.
    pub(crate) fn ask_move(self) {
        let ids = self.subjects();
        if !ids.is_empty() {
            self.asking.set(Some(super::room::Question::MoveTo(ids)));
        }
    }
}
