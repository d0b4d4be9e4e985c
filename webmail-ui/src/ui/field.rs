//! Labelled fields. The label is always visible; hint and error are tied to the field by
//! `aria-describedby`, and the error is spoken when it appears.

use super::{Icon, fresh_id};
use crate::i18n::tr;
use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// Label above, hint and error below whatever stands between.
fn framed(
    id: &str,
    label: TextProp,
    hint: Option<TextProp>,
    error: MaybeProp<String>,
    control: AnyView,
) -> AnyView {
    let invalid = Memo::new(move |_| error.get().is_some_and(|text| !text.is_empty()));
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    view! {
        <div class="field" class:is-invalid=invalid>
            <label class="field-label" for=id.to_owned()>{move || label.get()}</label>
            {control}
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{move || hint.get()}</p> })}
            <p class="field-error" id=error_id aria-live="polite">
                {move || invalid.get().then(|| view! { <Icon name="alert"/> })}
                {move || error.get().unwrap_or_default()}
            </p>
        </div>
    }
    .into_any()
}

fn described_by(id: &str, hint: bool) -> String {
    if hint { format!("{id}-hint {id}-error") } else { format!("{id}-error") }
}

fn is_invalid(error: MaybeProp<String>) -> Option<&'static str> {
    error.get().is_some_and(|text| !text.is_empty()).then_some("true")
}

fn focus_on_mount(node: NodeRef<html::Input>, wanted: bool) {
    Effect::new(move || {
        if wanted && let Some(input) = node.get() {
            // Fails only where there is nothing to focus.
            let _ = input.focus();
        }
    });
}

/// A line of text.
#[component]
pub(crate) fn Field(
    /// Its label.
    #[prop(into)]
    label: TextProp,
    /// Its content.
    value: RwSignal<String>,
    /// Said below it at all times.
    #[prop(optional, into)]
    hint: Option<TextProp>,
    /// Said below it when there is something wrong.
    #[prop(optional, into)]
    error: MaybeProp<String>,
    /// `type` of the input.
    #[prop(default = "text")]
    kind: &'static str,
    /// `autocomplete` of the input.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// `inputmode` of the input.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// Fixed text behind the input, such as a domain.
    #[prop(optional, into)]
    suffix: MaybeProp<String>,
    /// Takes the focus when it appears.
    #[prop(optional)]
    autofocus: bool,
    /// Cannot be changed.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// The element, for whoever must focus it.
    #[prop(optional)]
    node: NodeRef<html::Input>,
) -> impl IntoView {
    let id = fresh_id("field");
    focus_on_mount(node, autofocus);
    let control = view! {
        <div class="field-box">
            <input
                id=id.clone()
                node_ref=node
                type=kind
                autocomplete=autocomplete
                inputmode=inputmode
                autocapitalize="none"
                spellcheck="false"
                readonly=readonly
                aria-describedby=described_by(&id, hint.is_some())
                aria-invalid=move || is_invalid(error)
                prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())
            />
            {move || suffix.get().map(|text| view! { <span class="field-suffix" aria-hidden="true">{text}</span> })}
        </div>
    }
    .into_any();
    framed(&id, label, hint, error, control)
}

/// A passphrase, which can be shown.
#[component]
pub(crate) fn PassphraseField(
    /// Its label.
    #[prop(into)]
    label: TextProp,
    /// Its content.
    value: RwSignal<String>,
    /// Whether it is a new one, for password managers.
    #[prop(optional)]
    new: bool,
    /// Said below it at all times.
    #[prop(optional, into)]
    hint: Option<TextProp>,
    /// Said below it when there is something wrong.
    #[prop(optional, into)]
    error: MaybeProp<String>,
    /// Takes the focus when it appears.
    #[prop(optional)]
    autofocus: bool,
    /// The element, for whoever must focus it.
    #[prop(optional)]
    node: NodeRef<html::Input>,
) -> impl IntoView {
    let id = fresh_id("passphrase");
    let shown = RwSignal::new(false);
    focus_on_mount(node, autofocus);
    let control = view! {
        <div class="field-box">
            <input
                id=id.clone()
                node_ref=node
                type=move || if shown.get() { "text" } else { "password" }
                autocomplete=if new { "new-password" } else { "current-password" }
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=described_by(&id, hint.is_some())
                aria-invalid=move || is_invalid(error)
                prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())
            />
            <button
                type="button"
                class="field-show"
                aria-pressed=move || if shown.get() { "true" } else { "false" }
                aria-controls=id.clone()
                on:click=move |_| shown.update(|shown| *shown = !*shown)
            >
                {move || tr("ui.show")}
            </button>
        </div>
    }
    .into_any();
    framed(&id, label, hint, error, control)
}

/// Several lines of text.
#[component]
pub(crate) fn TextArea(
    /// Its label.
    #[prop(into)]
    label: TextProp,
    /// Its content.
    value: RwSignal<String>,
    /// Lines shown.
    #[prop(default = 4)]
    rows: u32,
    /// Said below it at all times.
    #[prop(optional, into)]
    hint: Option<TextProp>,
    /// Said below it when there is something wrong.
    #[prop(optional, into)]
    error: MaybeProp<String>,
    /// Whether the browser checks the spelling (it may ask a server: never for secrets).
    #[prop(optional)]
    spellcheck: bool,
    /// The element, for whoever must focus it.
    #[prop(optional)]
    node: NodeRef<html::Textarea>,
) -> impl IntoView {
    let id = fresh_id("area");
    let control = view! {
        <textarea
            id=id.clone()
            node_ref=node
            rows=rows
            autocomplete="off"
            autocapitalize=if spellcheck { "sentences" } else { "none" }
            spellcheck=if spellcheck { "true" } else { "false" }
            aria-describedby=described_by(&id, hint.is_some())
            aria-invalid=move || is_invalid(error)
            prop:value=move || value.get()
            on:input:target=move |event| value.set(event.target().value())
        ></textarea>
    }
    .into_any();
    framed(&id, label, hint, error, control)
}

/// One of a few.
#[component]
pub(crate) fn Select(
    /// Its label.
    #[prop(into)]
    label: TextProp,
    /// The value chosen.
    #[prop(into)]
    value: Signal<String>,
    /// Values and their words.
    #[prop(into)]
    options: Signal<Vec<(String, String)>>,
    /// Called with the new value.
    #[prop(into)]
    on_change: Callback<(String,)>,
    /// Said below it at all times.
    #[prop(optional, into)]
    hint: Option<TextProp>,
) -> impl IntoView {
    let id = fresh_id("select");
    let control = view! {
        <div class="field-box field-select">
            <select
                id=id.clone()
                aria-describedby=described_by(&id, hint.is_some())
                prop:value=move || {
                    // After the options: a value without its option would be dropped.
                    options.track();
                    value.get()
                }
                on:change:target=move |event| on_change.run((event.target().value(),))
            >
                {move || {
                    let chosen = value.get();
                    options
                        .get()
                        .into_iter()
                        .map(|(value, words)| {
                            let selected = value == chosen;
                            view! { <option value=value selected=selected>{words}</option> }
                        })
                        .collect_view()
                }}
            </select>
            <Icon name="chevron-down"/>
        </div>
    }
    .into_any();
    framed(&id, label, hint, MaybeProp::default(), control)
}

/// Yes or no.
#[component]
pub(crate) fn Checkbox(
    /// Its label.
    #[prop(into)]
    label: TextProp,
    /// Whether it is ticked.
    value: RwSignal<bool>,
) -> impl IntoView {
    let id = fresh_id("check");
    view! {
        <div class="check">
            <input
                id=id.clone()
                type="checkbox"
                prop:checked=move || value.get()
                on:change:target=move |event| value.set(event.target().checked())
            />
            <label for=id>{move || label.get()}</label>
        </div>
    }
    .into_any()
}
