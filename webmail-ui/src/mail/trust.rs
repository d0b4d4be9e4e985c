//! The two lines of trust: who can read, and who wrote it. Words first; drawn outside the mail itself, at
//! the same place always, so that no mail can imitate them.

use super::sending::names_without;
use super::text::grouped;
use super::writing::shown_name;
use crate::i18n::{day, list, t, tr};
use crate::ui::Icon;
use leptos::prelude::*;
use model::mail::{Author, DomainWord, OpenedMessage, Person, Readers};

/// How a line is coloured; the words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Sealed,
    Plain,
    Careful,
    Danger,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Sealed => "trust-line trust-sealed",
            Self::Plain => "trust-line",
            Self::Careful => "trust-line trust-careful",
            Self::Danger => "trust-line trust-danger",
        }
    }
}

/// More names than this are counted.
const NAMES: usize = 4;

fn readers(message: &OpenedMessage, me: &str) -> (Tone, &'static str, String) {
    let everyone: Vec<_> = std::iter::once(&message.from).chain(&message.to).chain(&message.cc).collect();
    let mut names = names_without(&everyone, me);
    // Whoever is at another server got it as plain mail from here, though this copy is sealed. Of what others wrote,
    // nobody here knows.
    let left = |one: &&Person| !is_outside(&message.from, me) && is_outside(one, me);
    let outside: Vec<_> = message.to.iter().chain(&message.cc).filter(left).collect();
    match message.readers {
        Readers::EndToEnd if !outside.is_empty() => (
            Tone::Plain,
            "envelope-open",
            t!("mail.trust.readers.left", names = list(&names_without(&outside, me))),
        ),
        Readers::EndToEnd if names.is_empty() => {
            (Tone::Sealed, "envelope-sealed", tr("mail.trust.readers.only_you"))
        }
        Readers::EndToEnd => {
            if names.len() > NAMES {
                let more = names.len() - (NAMES - 1);
                names.truncate(NAMES - 1);
                names.push(t!("mail.trust.readers.more", count = more));
            }
            (Tone::Sealed, "envelope-sealed", t!("mail.trust.readers.end_to_end", names = list(&names)))
        }
        Readers::SealedOnArrival => (
            Tone::Plain,
            "envelope-shelf",
            t!("mail.trust.readers.on_arrival", name = shown_name(&message.from)),
        ),
    }
}

fn is_outside(person: &Person, me: &str) -> bool {
    let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    domain(&person.address) != domain(me)
}

fn author(message: &OpenedMessage) -> (Tone, &'static str, String) {
    let name = shown_name(&message.from);
    match &message.author {
        Author::You => (Tone::Plain, "seal", tr("mail.trust.author.you")),
        Author::Known { since, .. } => {
            (Tone::Plain, "seal", t!("mail.trust.author.known", name = name, date = day(*since)))
        }
        Author::New { .. } => (Tone::Careful, "seal-new", t!("mail.trust.author.new", name = name)),
        Author::TextOnly { .. } => (Tone::Careful, "seal", t!("mail.trust.author.text_only", name = name)),
        Author::Changed { .. } => (Tone::Danger, "seal-new", t!("mail.trust.author.changed", name = name)),
        Author::SomeoneElse { signer } => (
            Tone::Danger,
            "seal-question",
            t!("mail.trust.author.someone_else", signer = signer, name = name),
        ),
        Author::Broken => (Tone::Danger, "seal-broken", tr("mail.trust.author.broken")),
        Author::Unchecked => (Tone::Careful, "seal-question", t!("mail.trust.author.unchecked", name = name)),
        Author::Unsigned => match &message.domain_word {
            None => (Tone::Plain, "person", tr("mail.trust.author.unsigned")),
            Some(DomainWord::Confirmed { domain }) => {
                (Tone::Plain, "person", t!("mail.trust.author.confirmed", domain = domain))
            }
            Some(DomainWord::Denied { domain }) => {
                (Tone::Danger, "seal-question", t!("mail.trust.author.denied", domain = domain))
            }
        },
    }
}

/// The fingerprint behind the second line.
fn fingerprint(author: &Author) -> Option<&str> {
    match author {
        Author::Known { fingerprint, .. }
        | Author::New { fingerprint }
        | Author::TextOnly { fingerprint } => Some(fingerprint),
        _ => None,
    }
}

/// The strip above a message.
#[component]
pub(crate) fn TrustStrip(message: std::sync::Arc<OpenedMessage>, me: Signal<String>) -> impl IntoView {
    let for_readers = message.clone();
    let for_author = message.clone();
    view! {
        <div class="trust" role="group" aria-label=move || tr("mail.trust")>
            {move || line("mail.trust.who_reads", readers(&for_readers, &me.get()))}
            {move || line("mail.trust.who_wrote", author(&for_author))}
            {fingerprint(&message.author).map(|fingerprint| {
                let groups = grouped(fingerprint);
                view! {
                    <details class="trust-more">
                        <summary>{move || tr("mail.trust.fingerprint")}</summary>
                        <code class="fingerprint">{groups}</code>
                        <p>{move || tr("mail.trust.fingerprint.compare")}</p>
                    </details>
                }
            })}
        </div>
        {match &message.author {
            Author::Changed { known, offered } => {
                let (known, offered) = (known.clone(), offered.clone());
                view! {
                    <div class="warning" role="alert">
                        <p>{move || tr("mail.trust.changed.what")}</p>
                        <Fingerprints known=known offered=offered/>
                    </div>
                }
                .into_any()
            }
            _ => ().into_any(),
        }}
    }
    .into_any()
}

fn line(what: &'static str, (tone, icon, words): (Tone, &'static str, String)) -> impl IntoView {
    view! {
        <p class=tone.class()>
            <span class="trust-what">{tr(what)}</span>
            <span class="trust-icon"><Icon name=icon/></span>
            <bdi class="trust-words">{words}</bdi>
        </p>
    }
}

/// The fingerprint known and the one offered, to compare.
#[component]
pub(crate) fn Fingerprints(known: String, offered: String) -> impl IntoView {
    view! {
        <dl class="fingerprints">
            <dt>{move || tr("mail.trust.changed.known")}</dt>
            <dd><code class="fingerprint">{grouped(&known)}</code></dd>
            <dt>{move || tr("mail.trust.changed.offered")}</dt>
            <dd><code class="fingerprint">{grouped(&offered)}</code></dd>
        </dl>
    }
    .into_any()
}
