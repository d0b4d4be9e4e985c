//! The composer: a sheet at the lower edge, the whole screen on a phone.

use super::attach::files_of;
use super::compose::{Attached, Composer, Phase, Saved};
use super::recipients::Recipients;
use super::room::Room;
use crate::i18n::{faults, size, t, tr};
use crate::ui::{Button, Icon, IconButton, Kind, fresh_id};
use leptos::html;
use leptos::prelude::*;
use model::mail::Protection;

/// Milliseconds the sealed envelope is shown; the style sheet says the same.
const SEAL_MOMENT: u32 = 1_400;

/// Every composer, and the envelope that was just sealed.
#[component]
pub(crate) fn Dock() -> impl IntoView {
    let room = Room::get();
    let composers = room.composers;
    view! {
        <div class="dock">
            <For each=move || composers.open.get() key=|composer| composer.key let:composer>
                {
                    let in_front = move || composers.front.get() == Some(composer.key);
                    view! {
                        <Show when=in_front fallback=move || view! { <Folded composer=composer/> }>
                            <Sheet composer=composer/>
                        </Show>
                    }
                }
            </For>
        </div>
        <SealMoment/>
    }
    .into_any()
}

fn title(composer: Composer) -> String {
    let subject = composer.subject.get();
    if subject.trim().is_empty() { tr("mail.composer") } else { subject }
}

/// A composer folded to its name.
#[component]
fn Folded(composer: Composer) -> impl IntoView {
    let room = Room::get();
    view! {
        <button
            type="button"
            class="composer-folded"
            aria-label=move || t!("mail.composer.unfold", subject = title(composer))
            on:click=move |_| room.composers.front.set(Some(composer.key))
        >
            <Icon name="drafts"/>
            <bdi>{move || title(composer)}</bdi>
        </button>
    }
    .into_any()
}

#[component]
fn Sheet(composer: Composer) -> impl IntoView {
    let room = Room::get();
    let to = NodeRef::<html::Input>::new();
    let cc = NodeRef::<html::Input>::new();
    let text = NodeRef::<html::Textarea>::new();
    let (subject_id, text_id) = (fresh_id("subject"), fresh_id("text"));
    // A new mail begins with its recipients, an answer with its text.
    Effect::new(move || {
        let (Some(to), Some(text)) = (to.get(), text.get()) else { return };
        if composer.to.chips.with_untracked(Vec::is_empty) {
            let _ = to.focus();
        } else {
            let _ = text.focus();
            let _ = text.set_selection_range(0, 0);
        }
    });
    let busy = move || composer.busy();
    view! {
        <section
            class="composer"
            role="dialog"
            aria-label=move || tr("mail.composer")
            on:keydown=move |event| {
                match event.key().as_str() {
                    "Enter" if event.ctrl_key() || event.meta_key() => {
                        event.prevent_default();
                        room.send(composer);
                    }
                    "Escape" => {
                        event.prevent_default();
                        room.put_away(composer);
                    }
                    _ => {}
                }
            }
            on:dragover=|event| event.prevent_default()
            on:drop=move |event| {
                event.prevent_default();
                room.attach(composer, files_of(event.data_transfer().and_then(|data| data.files())));
            }
        >
            <header class="composer-head">
                <h2>{move || title(composer)}</h2>
                <SavedWords composer=composer/>
                <IconButton icon="chevron-down" label=move || tr("mail.composer.fold")
                    on_click=move || room.composers.front.set(None)/>
                <IconButton icon="close" label=move || tr("mail.composer.close") shortcut="Esc"
                    on_click=move || room.put_away(composer)/>
            </header>
            <div class="composer-fields">
                <Recipients composer=composer field=composer.to label="mail.composer.to" node=to/>
                <Show when=move || composer.show_cc.get() fallback=move || view! {
                    <button type="button" class="composer-more" on:click=move |_| composer.show_cc.set(true)>
                        {move || tr("mail.composer.add_cc")}
                    </button>
                }>
                    <Recipients composer=composer field=composer.cc label="mail.composer.cc" node=cc/>
                </Show>
                <div class="composer-line">
                    <label class="composer-label" for=subject_id.clone()>{move || tr("mail.composer.subject")}</label>
                    <input
                        id=subject_id
                        type="text"
                        class="composer-subject"
                        autocomplete="off"
                        readonly=busy
                        prop:value=move || composer.subject.get()
                        on:input:target=move |event| {
                            composer.subject.set(event.target().value());
                            composer.touch();
                        }
                    />
                </div>
                <label class="visually-hidden" for=text_id.clone()>{move || tr("mail.composer.text")}</label>
                <textarea
                    id=text_id
                    node_ref=text
                    class="composer-text"
                    dir="auto"
                    spellcheck="false"
                    readonly=busy
                    prop:value=move || composer.text.get()
                    on:input:target=move |event| {
                        composer.text.set(event.target().value());
                        composer.touch();
                    }
                ></textarea>
                <Files composer=composer/>
            </div>
            <footer class="composer-foot">
                <Show when=move || !composer.all_outside()>
                    <ProtectionChoice composer=composer/>
                </Show>
                <p class="composer-readers" role="status" class:is-plain=move || leaves(composer)>
                    {move || {
                        let icon = if leaves(composer) { "envelope-open" } else { "envelope-sealed" };
                        view! { <Icon name=icon/> }
                    }}
                    <bdi>{move || room.readers_sentence(composer)}</bdi>
                </p>
                <Show when=move || leaves(composer)>
                    <PlainConsent composer=composer/>
                </Show>
                <Outcome composer=composer/>
                <div class="composer-actions">
                    <Button
                        kind=Kind::Primary
                        icon="seal"
                        busy=Signal::derive(busy)
                        disabled=Signal::derive(move || composer.reading.get() > 0)
                        on_click=move || room.send(composer)
                    >
                        {move || tr(if leaves(composer) { "mail.composer.send_plain" } else { "mail.composer.send" })}
                    </Button>
                    <AttachButton composer=composer/>
                    <span class="composer-gap"></span>
                    <IconButton
                        icon="trash"
                        label=move || tr("mail.composer.discard")
                        disabled=Signal::derive(busy)
                        on_click=move || room.discard(composer)
                    />
                </div>
            </footer>
        </section>
    }
    .into_any()
}

/// Whether it goes to somebody outside. Reactive.
fn leaves(composer: Composer) -> bool {
    !composer.outside().is_empty()
}

/// The deliberate word without which nothing leaves as plain mail. It holds for the addresses named, and no others.
#[component]
fn PlainConsent(composer: Composer) -> impl IntoView {
    view! {
        <label class="composer-plain">
            <input
                type="checkbox"
                disabled=move || composer.busy()
                prop:checked=move || composer.plain_agreed()
                on:change:target=move |event| {
                    let outside = if event.target().checked() { untrack(|| composer.outside()) } else { Vec::new() };
                    composer.agreed.set(outside.into_iter().map(|chip| chip.address).collect());
                    composer.refused.set(None);
                    composer.touch();
                }
            />
            <span>{move || tr("mail.outside.agree")}</span>
        </label>
    }
    .into_any()
}

#[component]
fn SavedWords(composer: Composer) -> impl IntoView {
    let words = move || match composer.saved.get() {
        Saved::Nothing | Saved::Changed => String::new(),
        Saved::Saving => tr("mail.draft.saving"),
        Saved::Kept => tr("mail.draft.saved"),
        Saved::Failed => tr("mail.draft.failed"),
    };
    view! { <span class="composer-saved" class:is-failed=move || composer.saved.get() == Saved::Failed>{words}</span> }
        .into_any()
}

#[component]
fn Files(composer: Composer) -> impl IntoView {
    view! {
        <p class="composer-trouble" role="alert">
            {move || composer.file_trouble.get().map(|trouble| view! { <Icon name="alert"/><span>{trouble.words()}</span> })}
        </p>
        <ul class="files">
            <For each=move || composer.attachments.get() key=|file| file.key let:file>
                {
                    let Attached { key, data } = file;
                    let name = data.name.clone();
                    let label = name.clone();
                    let bytes = data.bytes.len() as u64;
                    view! {
                        <li class="file">
                            <Icon name="attach"/>
                            <bdi class="file-name">{name}</bdi>
                            <span class="file-size">{move || size(bytes)}</span>
                            <button
                                type="button"
                                class="chip-remove"
                                aria-label=move || t!("mail.attach.remove", name = label)
                                disabled=move || composer.busy()
                                on:click=move |_| {
                                    composer.attachments.update(|files| files.retain(|file| file.key != key));
                                    composer.file_trouble.set(None);
                                    composer.touch();
                                }
                            >
                                <Icon name="close"/>
                            </button>
                        </li>
                    }
                }
            </For>
        </ul>
        <p class="files-reading" role="status">
            {move || (composer.reading.get() > 0).then(|| tr("mail.attach.reading"))}
        </p>
    }
    .into_any()
}

#[component]
fn AttachButton(composer: Composer) -> impl IntoView {
    let room = Room::get();
    let input = NodeRef::<html::Input>::new();
    view! {
        <Button
            icon="attach"
            disabled=Signal::derive(move || composer.busy())
            on_click=move || {
                if let Some(input) = input.get_untracked() {
                    input.click();
                }
            }
        >
            {move || tr("mail.attach")}
        </Button>
        <input
            node_ref=input
            type="file"
            multiple=true
            hidden=true
            on:change:target=move |event| {
                let input = event.target();
                room.attach(composer, files_of(input.files()));
                // The same file may be chosen again.
                input.set_value("");
            }
        />
    }
    .into_any()
}

fn protection_key(protection: Protection) -> &'static str {
    match protection {
        Protection::SignAndSeal => "sign_and_seal",
        Protection::SignOnly => "sign_only",
        Protection::SealOnly => "seal_only",
    }
}

const PROTECTIONS: [Protection; 3] = [Protection::SignAndSeal, Protection::SealOnly, Protection::SignOnly];

#[component]
fn ProtectionChoice(composer: Composer) -> impl IntoView {
    let id = fresh_id("protection");
    let hint = format!("{id}-hint");
    view! {
        <div class="protection">
            <label class="composer-label" for=id.clone()>{move || tr("mail.protection")}</label>
            <select
                id=id
                aria-describedby=hint.clone()
                disabled=move || composer.busy()
                prop:value=move || protection_key(composer.protection.get())
                on:change:target=move |event| {
                    let value = event.target().value();
                    if let Some(chosen) = PROTECTIONS.into_iter().find(|one| protection_key(*one) == value) {
                        composer.protection.set(chosen);
                        composer.touch();
                    }
                }
            >
                {PROTECTIONS.into_iter().map(|one| {
                    let key = protection_key(one);
                    view! { <option value=key selected=move || composer.protection.get() == one>{move || tr(&format!("mail.protection.{key}"))}</option> }
                }).collect_view()}
            </select>
            <span class="protection-hint" id=hint>
                // What it says of the recipients is not true of those outside.
                {move || (!leaves(composer)).then(|| {
                    tr(&format!("mail.protection.{}.text", protection_key(composer.protection.get())))
                })}
            </span>
        </div>
    }
    .into_any()
}

/// What becomes of the sending.
#[component]
fn Outcome(composer: Composer) -> impl IntoView {
    let room = Room::get();
    view! {
        <div class="composer-outcome" role="alert">
            {move || composer.refused.get().map(|trouble| view! {
                <p class="composer-trouble"><Icon name="alert"/><span>{trouble.words()}</span></p>
            })}
            {move || match composer.phase.get() {
                Phase::Writing => ().into_any(),
                Phase::Sealing => view! { <p>{tr("mail.sending.sealing")}</p> }.into_any(),
                Phase::Sending => view! { <p>{tr("mail.sending.sending")}</p> }.into_any(),
                Phase::Waiting => view! { <p class="composer-trouble">{tr("mail.sending.waiting")}</p> }.into_any(),
                Phase::Failed(fault) => view! {
                    <div class="composer-trouble">
                        <Icon name="alert"/>
                        <span>{tr("mail.sending.failed")}" "{faults::words(&fault)}</span>
                        <Button on_click=move || room.send(composer)>{tr("ui.retry")}</Button>
                    </div>
                }
                .into_any(),
            }}
        </div>
    }
    .into_any()
}

/// The envelope closes, with the names on its flap. A picture only; the toast has the words.
#[component]
fn SealMoment() -> impl IntoView {
    let room = Room::get();
    Effect::new(move || {
        if room.sealed.with(Option::is_some) {
            leptos::task::spawn_local(async move {
                crate::api::pause(SEAL_MOMENT).await;
                room.sealed.try_set(None);
            });
        }
    });
    move || {
        room.sealed.get().map(|names| {
            view! {
                <div class="seal-moment" aria-hidden="true">
                    <div class="seal-letter"></div>
                    <div class="seal-envelope"><span class="seal-names">{t!("mail.sent.for", names = names)}</span></div>
                    <div class="seal-flap"></div>
                    <div class="seal-wax"></div>
                </div>
            }
        })
    }
}
