//! A field for recipients. What is typed becomes a recipient on comma, Enter, or leaving the field, and
//! its certificate is asked for at once; whoever cannot be reached is named here, before sending.

use super::compose::{Chip, Composer, Field, Standing};
use super::room::Room;
use super::trust::Fingerprints;
use crate::i18n::{faults, t, tr};
use crate::ui::{Button, Icon, fresh_id};
use leptos::html;
use leptos::prelude::*;

/// What is wrong with a recipient, and what to do; `None` if nothing is.
pub(crate) fn trouble(chip: &Chip) -> Option<String> {
    let address = &chip.address;
    match &chip.standing {
        Standing::Malformed(why) => {
            let key = match why {
                wire::plaintext::MalformedAddress::NoAt => "mail.recipient.no_at",
                wire::plaintext::MalformedAddress::BadCharacter => "mail.recipient.bad_character",
                wire::plaintext::MalformedAddress::TooLong => "mail.recipient.too_long",
            };
            Some(t!(key, address = address))
        }
        Standing::Missing => Some(t!("mail.recipient.missing", address = address)),
        Standing::Changed { .. } => Some(t!("mail.recipient.changed", address = address)),
        Standing::Unusable(reason) => Some(t!("mail.recipient.unusable", address = address, reason = reason)),
        Standing::Unknown(fault) => {
            Some(t!("mail.recipient.unknown", address = address, why = faults::words(fault)))
        }
        Standing::Asking | Standing::Outside | Standing::Ready { .. } => None,
    }
}

fn symbol(standing: &Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Ready { known: true, .. } => ("seal", "chip"),
        Standing::Ready { known: false, .. } => ("seal-new", "chip"),
        Standing::Asking => ("person", "chip is-asking"),
        Standing::Outside => ("envelope-open", "chip is-careful"),
        Standing::Unknown(_) => ("seal-question", "chip is-careful"),
        _ => ("alert", "chip is-wrong"),
    }
}

fn standing_words(standing: &Standing) -> String {
    tr(match standing {
        Standing::Ready { known: true, .. } => "mail.recipient.standing.known",
        Standing::Ready { known: false, .. } => "mail.recipient.standing.new",
        Standing::Asking => "mail.recipient.standing.asking",
        Standing::Outside => "mail.recipient.standing.outside",
        _ => "mail.recipient.standing.trouble",
    })
}

/// The field.
#[component]
pub(crate) fn Recipients(
    composer: Composer,
    field: Field,
    /// The key of its label.
    label: &'static str,
    /// The input, for whoever must focus it.
    node: NodeRef<html::Input>,
) -> impl IntoView {
    let room = Room::get();
    let id = fresh_id("recipients");
    let errors = format!("{id}-errors");
    let commit = move || {
        if !field.typing.with_untracked(|text| text.trim().is_empty()) {
            room.look_up(field, field.commit());
            composer.refused.set(None);
            composer.touch();
        }
    };
    let remove = move |address: &str| {
        field.chips.update(|chips| chips.retain(|chip| chip.address != address));
        composer.refused.set(None);
        composer.touch();
        if let Some(input) = node.get_untracked() {
            let _ = input.focus();
        }
    };
    let wrong = move || field.chips.with(|chips| chips.iter().any(|chip| trouble(chip).is_some()));
    view! {
        <div class="recipients" class:is-invalid=wrong>
            <label class="composer-label" for=id.clone()>{move || tr(label)}</label>
            <div class="recipients-box">
                <ul class="chips">
                    <For each=move || field.chips.get() key=|chip| (chip.address.clone(), standing_key(&chip.standing))
                        children=move |chip| view! { <li><ChipView chip=chip remove=Callback::new(move |(address,): (String,)| remove(&address))/></li> }/>
                </ul>
                <input
                    id=id
                    node_ref=node
                    class="recipients-input"
                    type="text"
                    inputmode="email"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    readonly=move || composer.busy()
                    aria-describedby=errors.clone()
                    aria-invalid=move || wrong().then_some("true")
                    prop:value=move || field.typing.get()
                    on:input:target=move |event| {
                        let text = event.target().value();
                        field.typing.set(text.clone());
                        let quoted = text.matches('"').count() % 2 == 1;
                        if text.ends_with([',', ';', '\n']) && !quoted {
                            commit();
                        }
                    }
                    on:keydown=move |event| {
                        let empty = field.typing.with_untracked(|text| text.is_empty());
                        match event.key().as_str() {
                            "Enter" if !event.ctrl_key() && !event.meta_key() => {
                                event.prevent_default();
                                commit();
                            }
                            "Backspace" if empty && !composer.phase.with_untracked(is_busy) => {
                                let last = field.chips.with_untracked(|chips| chips.last().map(|chip| chip.address.clone()));
                                if let Some(last) = last {
                                    remove(&last);
                                }
                            }
                            _ => {}
                        }
                    }
                    on:blur=move |_| commit()
                />
            </div>
            <div class="recipients-errors" id=errors role="alert">
                {move || {
                    field.chips.get().into_iter().filter_map(|chip| {
                        let words = trouble(&chip)?;
                        Some(view! { <Trouble composer=composer field=field chip=chip words=words/> })
                    }).collect_view()
                }}
            </div>
        </div>
    }
    .into_any()
}

fn is_busy(phase: &super::compose::Phase) -> bool {
    use super::compose::Phase;
    matches!(phase, Phase::Sealing | Phase::Sending | Phase::Waiting)
}

/// Tells standings apart for the list: one that changed is drawn anew.
fn standing_key(standing: &Standing) -> u8 {
    match standing {
        Standing::Malformed(_) => 0,
        Standing::Asking => 1,
        Standing::Unknown(_) => 2,
        Standing::Missing => 3,
        Standing::Ready { known, .. } => 4 + u8::from(*known),
        Standing::Changed { .. } => 6,
        Standing::Unusable(_) => 7,
        Standing::Outside => 8,
    }
}

#[component]
fn ChipView(chip: Chip, remove: Callback<(String,)>) -> impl IntoView {
    let (icon, class) = symbol(&chip.standing);
    let standing = chip.standing.clone();
    let words = move || standing_words(&standing);
    let shown = chip.shown().to_owned();
    let name = shown.clone();
    let address = chip.address.clone();
    view! {
        <span class=class title=chip.address>
            <Icon name=icon/>
            <bdi class="chip-name">{shown}</bdi>
            <span class="visually-hidden">", "{words}</span>
            <button
                type="button"
                class="chip-remove"
                aria-label=move || t!("mail.recipient.remove", name = name)
                on:click=move |_| remove.run((address.clone(),))
            >
                <Icon name="close"/>
            </button>
        </span>
    }
    .into_any()
}

/// A recipient that cannot be sealed to: which, why, what to do.
#[component]
fn Trouble(composer: Composer, field: Field, chip: Chip, words: String) -> impl IntoView {
    let room = Room::get();
    // Why Send was refused is no longer true of what is asked anew.
    let ask_anew = move |ask: &dyn Fn()| {
        composer.refused.set(None);
        ask();
    };
    let act = match chip.standing {
        Standing::Changed { entry, known, offered } => view! {
            <Fingerprints known=known offered=offered/>
            <p>{move || tr("mail.recipient.changed.advice")}</p>
            <Button on_click=move || ask_anew(&|| room.accept_certificate(field, entry.clone()))>
                {move || tr("mail.recipient.changed.accept")}
            </Button>
        }
        .into_any(),
        Standing::Unknown(_) => view! {
            <Button on_click=move || ask_anew(&|| room.look_up(field, field.unasked()))>{move || tr("ui.retry")}</Button>
        }
        .into_any(),
        _ => ().into_any(),
    };
    view! {
        <div class="recipient-trouble">
            <p><Icon name="alert"/><span>{words}</span></p>
            {act}
        </div>
    }
    .into_any()
}
