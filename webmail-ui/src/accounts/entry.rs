//! What the forms before the rooms share: fields that complain, new passphrases, the attempt under way.

use super::strength::StrengthMeter;
use super::{Me, address};
use crate::api::Fault;
use crate::i18n::{Sentence, t, tr};
use crate::ui::{Button, FaultNote, Field, Kind, PassphraseField, ProgressLine};
use leptos::prelude::*;
use leptos::{html, web_sys};
use model::error::CoreErrorCode;
use model::worker::{Confidential, Progress};
use wire::error::ErrorCode;
use wire::plaintext::Address;

/// The least number of characters of a passphrase; the core refuses shorter ones.
const LEAST: usize = 12;

/// One field: what was typed, what is wrong with it, and the element.
pub(crate) struct Entry<E: html::ElementType = html::Input>
where
    E::Output: 'static,
{
    /// What was typed.
    pub(crate) text: RwSignal<String>,
    complaint: RwSignal<Option<Sentence>>,
    /// The element.
    pub(crate) node: NodeRef<E>,
}

impl<E: html::ElementType> Clone for Entry<E>
where
    E::Output: 'static,
{
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: html::ElementType> Copy for Entry<E> where E::Output: 'static {}

impl<E> Entry<E>
where
    E: html::ElementType,
    E::Output: wasm_bindgen::JsCast + AsRef<web_sys::HtmlElement> + Clone + 'static,
{
    /// With this text in it.
    pub(crate) fn new(text: String) -> Self {
        Self { text: RwSignal::new(text), complaint: RwSignal::new(None), node: NodeRef::new() }
    }

    /// Says what is wrong, and moves the focus here.
    pub(crate) fn complain(&self, what: impl Into<Sentence>) {
        self.complaint.try_set(Some(what.into()));
        self.focus();
    }

    /// Says what is wrong, and leaves the focus: typing here would not help.
    pub(crate) fn remark(&self, what: impl Into<Sentence>) {
        self.complaint.try_set(Some(what.into()));
    }

    fn focus(&self) {
        if let Some(Some(element)) = self.node.try_get_untracked() {
            let element: &web_sys::HtmlElement = element.as_ref();
            // Fails only where there is nothing to focus.
            let _ = element.focus();
        }
    }

    /// Takes the complaint back.
    pub(crate) fn forgive(&self) {
        self.complaint.set(None);
    }

    /// Empties it.
    pub(crate) fn wipe(&self) {
        self.text.try_set(String::new());
    }

    /// What is wrong, in the language shown.
    pub(crate) fn error(&self) -> Signal<Option<String>> {
        let complaint = self.complaint;
        Signal::derive(move || complaint.get().map(|sentence| sentence.words()))
    }

    /// Whether nothing is typed; complains then.
    pub(crate) fn missing(&self, complaint: &'static str) -> bool {
        let empty = self.text.with_untracked(String::is_empty);
        if empty {
            self.complain(complaint);
        }
        empty
    }
}

/// The address, with the server's domain where none was typed.
#[component]
pub(crate) fn AddressField(
    /// The field.
    entry: Entry,
    /// Says below it which addresses there are.
    #[prop(optional)]
    new: bool,
    /// Takes the focus when it appears.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let me = Me::get();
    let suffix = Signal::derive(move || {
        let whole = entry.text.read().contains('@');
        (!whole).then(|| me.server_info().map(|server| format!("@{}", server.domain))).flatten()
    });
    let hint = move || match me.server_info() {
        Some(server) if new => t!("accounts.address_hint", domain = server.domain),
        _ => String::new(),
    };
    view! {
        <Field
            label=move || tr("accounts.address")
            value=entry.text
            error=entry.error()
            hint=hint
            inputmode="email"
            autocomplete="username"
            autofocus=autofocus
            node=entry.node
            suffix=suffix
        />
    }
    .into_any()
}

/// Reads the address typed. The server is asked for its domain where none was typed.
pub(crate) async fn read_address(me: Me, entry: Entry) -> Result<Address, Fault> {
    let text = entry.text.get_untracked();
    let domain = if text.contains('@') { String::new() } else { me.server().await?.domain };
    address::read(&text, &domain).map_err(|_| Fault::Core(CoreErrorCode::MalformedAddress.into()))
}

/// A new passphrase, typed twice.
#[derive(Clone, Copy)]
pub(crate) struct NewPassphrase {
    /// The first time.
    pub(crate) first: Entry,
    repeat: Entry,
}

impl NewPassphrase {
    /// Nothing typed yet.
    pub(crate) fn new() -> Self {
        Self { first: Entry::new(String::new()), repeat: Entry::new(String::new()) }
    }

    /// Takes the complaints back.
    pub(crate) fn forgive(&self) {
        self.first.forgive();
        self.repeat.forgive();
    }

    /// Whether it can be used; complains if not.
    pub(crate) fn is_fit(&self) -> bool {
        let secret = self.first.text.get_untracked();
        let same = secret == self.repeat.text.get_untracked();
        if !same {
            self.repeat.complain("accounts.repeat_differs");
        }
        let long = secret.chars().count() >= LEAST;
        if !long {
            self.first.complain("errors.core.passphrase_too_short");
        }
        same && long
    }

    /// Empties both.
    pub(crate) fn wipe(&self) {
        self.first.wipe();
        self.repeat.wipe();
    }
}

/// The two fields of a new passphrase, with a judgement of its strength between them.
#[component]
pub(crate) fn NewPassphraseFields(
    /// The fields.
    entry: NewPassphrase,
    /// The key of the first field's label.
    label: &'static str,
) -> impl IntoView {
    let NewPassphrase { first, repeat } = entry;
    view! {
        <PassphraseField
            label=move || tr(label)
            value=first.text
            new=true
            hint=move || tr("accounts.passphrase_hint")
            error=first.error()
            node=first.node
        />
        <StrengthMeter passphrase=first.text/>
        <PassphraseField
            label=move || tr("accounts.repeat_passphrase")
            value=repeat.text
            new=true
            error=repeat.error()
            node=repeat.node
        />
    }
    .into_any()
}

/// A form's attempt: under way or not, where it is, what came of it.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    busy: RwSignal<bool>,
    step: RwSignal<Option<Progress>>,
    /// What went wrong, where it does not belong to a field.
    pub(crate) fault: RwSignal<Option<Fault>>,
}

impl Attempt {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { busy: RwSignal::new(false), step: RwSignal::new(None), fault: RwSignal::new(None) }
    }

    /// Whether one is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.get_untracked()
    }

    /// Begins one.
    pub(crate) fn begin(&self) {
        self.step.set(None);
        self.busy.set(true);
    }

    /// Says where it is.
    pub(crate) fn reach(&self, step: Progress) {
        self.step.try_set(Some(step));
    }

    /// It is over.
    pub(crate) fn end(&self) {
        self.busy.try_set(false);
    }

    /// It failed, for a reason that belongs to no field.
    pub(crate) fn fail(&self, fault: Fault) {
        self.fault.try_set(Some(fault));
    }
}

/// A form with one button. Shows the attempt it starts.
#[component]
pub(crate) fn EntryForm(
    /// What the button starts.
    submit: Callback<()>,
    /// The attempt.
    attempt: Attempt,
    /// The key of the button's words.
    button: &'static str,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let Attempt { busy, step, fault } = attempt;
    view! {
        <form
            class="form"
            novalidate
            on:submit=move |event| {
                event.prevent_default();
                submit.run(());
            }
        >
            {children()}
            <FaultNote fault=fault retry=submit/>
            <Button kind=Kind::Primary submit=true busy=busy>{move || tr(button)}</Button>
            <Show when=move || busy.get()>
                <ProgressLine label=move || match step.get() {
                    Some(step) => progress_words(step),
                    None => tr("accounts.progress.asking"),
                }/>
            </Show>
        </form>
    }
    .into_any()
}

/// What a long command is doing, in words.
pub(crate) fn progress_words(progress: Progress) -> String {
    tr(match progress {
        Progress::Stretching => "accounts.progress.stretching",
        Progress::MakingKeys => "accounts.progress.making_keys",
        Progress::Sealing => "accounts.progress.sealing",
    })
}

/// What a form with one passphrase does: missing or wrong is told at the field, everything else at the form.
pub(crate) fn submit_passphrase<F>(
    passphrase: Entry,
    attempt: Attempt,
    act: impl Fn(Confidential) -> F + Send + Sync + 'static,
) -> Callback<()>
where
    F: Future<Output = Result<(), Fault>> + 'static,
{
    Callback::new(move |()| {
        if attempt.is_busy() {
            return;
        }
        attempt.fault.set(None);
        passphrase.forgive();
        if passphrase.missing("accounts.passphrase_missing") {
            return;
        }
        attempt.begin();
        let acting = act(Confidential(passphrase.text.get_untracked()));
        leptos::task::spawn_local(async move {
            let done = acting.await;
            attempt.end();
            match done {
                Ok(()) => {}
                Err(refused) if is_wrong_passphrase(&refused) => {
                    passphrase.complain("accounts.wrong_passphrase");
                }
                Err(refused) => attempt.fail(refused),
            }
        });
    })
}

/// Whether it is the passphrase that was wrong: the one fault that belongs to its field.
pub(crate) fn is_wrong_passphrase(fault: &Fault) -> bool {
    fault.core() == Some(CoreErrorCode::WrongPassphrase) || fault.code() == Some(ErrorCode::WrongCredentials)
}
