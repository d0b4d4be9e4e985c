//! Mails being written: what each holds, and how one begins.

use super::random_id;
use super::room::{Room, Show};
use super::writing::{self, Typed};
use crate::api::{self, Fault};
use crate::i18n::Sentence;
use leptos::prelude::*;
use model::mail::{AttachmentData, Draft, OpenedMessage, Person, Protection};
use std::sync::Arc;
use wire::ids::{BlobId, MessageId};
use wire::keys::DirectoryEntry;
use wire::mail::{Flag, SubmitRequest};
use wire::plaintext::{Address, MalformedAddress};

/// Every mail being written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Composers {
    /// All, oldest first.
    pub(crate) open: RwSignal<Vec<Composer>>,
    /// The one shown in full; the others are folded to their name.
    pub(crate) front: RwSignal<Option<u32>>,
    next: StoredValue<u32>,
}

impl Composers {
    pub(crate) fn new() -> Self {
        Self { open: RwSignal::new(Vec::new()), front: RwSignal::new(None), next: StoredValue::new(1) }
    }
}

/// What is known of a recipient.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    /// Not an address.
    Malformed(MalformedAddress),
    /// The directory is being asked.
    Asking,
    /// The directory could not be asked.
    Unknown(Fault),
    /// The server has no such address.
    Missing,
    /// At another server: it gets plain mail, if the person says so.
    Outside,
    /// It has a certificate that can be sealed to.
    Ready {
        /// What the server gave out.
        entry: DirectoryEntry,
        /// Whether the certificate was known before.
        known: bool,
    },
    /// Not the certificate known: nothing is sealed to it until the person compared and agreed.
    Changed {
        /// What the server gave out.
        entry: DirectoryEntry,
        /// The fingerprint known.
        known: String,
        /// The fingerprint offered now.
        offered: String,
    },
    /// Its certificate cannot be used.
    Unusable(String),
}

/// A recipient in a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chip {
    /// Display name, or empty.
    pub(crate) name: String,
    /// The address, or what was typed if it is none.
    pub(crate) address: String,
    /// What is known.
    pub(crate) standing: Standing,
}

impl Chip {
    fn of(person: &Person) -> Self {
        let standing = match person.address.parse::<Address>() {
            Ok(_) => Standing::Asking,
            Err(why) => Standing::Malformed(why),
        };
        Self { name: person.name.clone(), address: person.address.to_lowercase(), standing }
    }

    /// A name to show.
    pub(crate) fn shown(&self) -> &str {
        if self.name.is_empty() { &self.address } else { &self.name }
    }
}

/// A recipient field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// The recipients.
    pub(crate) chips: RwSignal<Vec<Chip>>,
    /// What is being typed.
    pub(crate) typing: RwSignal<String>,
}

impl Field {
    fn new(people: &[Person]) -> Self {
        Self {
            chips: RwSignal::new(people.iter().map(Chip::of).collect()),
            typing: RwSignal::new(String::new()),
        }
    }

    /// Make recipients of what was typed. Those whose certificates must be asked for.
    pub(crate) fn commit(&self) -> Vec<Address> {
        let text = self.typing.try_get_untracked().unwrap_or_default();
        let typed = writing::recipients(&text);
        if text.is_empty() {
            return Vec::new();
        }
        self.typing.try_set(String::new());
        let mut fresh = Vec::new();
        self.chips.try_update(|chips| {
            for typed in typed {
                let chip = match typed {
                    Typed::Person(name, address) => {
                        let chip =
                            Chip { name, address: address.as_str().into(), standing: Standing::Asking };
                        if chips.iter().any(|known| known.address == chip.address) {
                            continue;
                        }
                        fresh.push(address);
                        chip
                    }
                    Typed::Bad(text, why) => {
                        Chip { name: String::new(), address: text, standing: Standing::Malformed(why) }
                    }
                };
                chips.push(chip);
            }
        });
        fresh
    }

    /// The addresses that nothing is known of.
    pub(crate) fn unasked(&self) -> Vec<Address> {
        let unasked = |chip: &&Chip| matches!(chip.standing, Standing::Asking | Standing::Unknown(_));
        self.all().iter().filter(unasked).filter_map(|chip| chip.address.parse().ok()).collect()
    }

    /// The recipients, untracked; none once the room is closed.
    pub(crate) fn all(&self) -> Vec<Chip> {
        self.chips.try_get_untracked().unwrap_or_default()
    }

    fn people(&self) -> Vec<Person> {
        self.all()
            .into_iter()
            .filter(|chip| !matches!(chip.standing, Standing::Malformed(_)))
            .map(|chip| Person { name: chip.name, address: chip.address })
            .collect()
    }
}

/// A file to send.
#[derive(Debug, Clone)]
pub(crate) struct Attached {
    /// Tells it from the others.
    pub(crate) key: u32,
    /// The file.
    pub(crate) data: Arc<AttachmentData>,
}

/// How far the sending has come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Phase {
    /// Being written.
    Writing,
    /// Judging certificates, sealing.
    Sealing,
    /// On its way to the server.
    Sending,
    /// The server does not answer; it is tried again by itself.
    Waiting,
    /// Not sent.
    Failed(Fault),
}

/// Whether the draft is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saved {
    /// Nothing to keep yet.
    Nothing,
    /// Changed since it was kept.
    Changed,
    /// Being sealed and kept.
    Saving,
    /// Kept.
    Kept,
    /// Could not be kept; it is tried again.
    Failed,
}

/// A sealed mail that the server has not confirmed yet: repeated as it is, never sealed anew, so that it
/// arrives once.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) blob: Arc<Vec<u8>>,
    pub(super) blob_id: BlobId,
    pub(super) uploaded: bool,
    pub(super) request: SubmitRequest,
}

/// A mail being written. A handle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Composer {
    pub(crate) key: u32,
    pub(crate) to: Field,
    pub(crate) cc: Field,
    pub(crate) show_cc: RwSignal<bool>,
    pub(crate) subject: RwSignal<String>,
    pub(crate) text: RwSignal<String>,
    pub(crate) attachments: RwSignal<Vec<Attached>>,
    pub(crate) protection: RwSignal<Protection>,
    pub(crate) phase: RwSignal<Phase>,
    pub(crate) saved: RwSignal<Saved>,
    /// The addresses outside that may get this as plain mail, by the person's word.
    pub(crate) agreed: RwSignal<Vec<String>>,
    /// Said at the recipients when Send was refused because of them.
    pub(crate) refused: RwSignal<Option<Sentence>>,
    /// Why a file was not taken.
    pub(crate) file_trouble: RwSignal<Option<Sentence>>,
    /// Files being read.
    pub(crate) reading: RwSignal<u32>,
    pub(super) draft_id: StoredValue<MessageId>,
    pub(super) on_server: StoredValue<bool>,
    pub(super) answers: StoredValue<Option<(MessageId, Flag)>>,
    pub(super) in_reply_to: StoredValue<Option<String>>,
    pub(super) references: StoredValue<Vec<String>>,
    pub(super) prepared: StoredValue<Option<Prepared>>,
    pub(super) changed_at: StoredValue<i64>,
    pub(super) next_file: StoredValue<u32>,
}

impl PartialEq for Composer {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// What a mail begins with.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    pub(crate) to: Vec<Person>,
    pub(crate) cc: Vec<Person>,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) attachments: Vec<AttachmentData>,
    pub(crate) answers: Option<(MessageId, Flag)>,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) references: Vec<String>,
    /// The draft this is, if it is one.
    pub(crate) draft: Option<MessageId>,
}

impl Composer {
    fn new(key: u32, begin: Beginning) -> Self {
        let attachments: Vec<Attached> =
            (0..).zip(begin.attachments).map(|(key, data)| Attached { key, data: Arc::new(data) }).collect();
        let files = attachments.len() as u32;
        let kept = begin.draft.is_some();
        Self {
            key,
            to: Field::new(&begin.to),
            cc: Field::new(&begin.cc),
            show_cc: RwSignal::new(!begin.cc.is_empty()),
            subject: RwSignal::new(begin.subject),
            text: RwSignal::new(begin.text),
            attachments: RwSignal::new(attachments),
            protection: RwSignal::new(Protection::SignAndSeal),
            phase: RwSignal::new(Phase::Writing),
            saved: RwSignal::new(if kept { Saved::Kept } else { Saved::Nothing }),
            agreed: RwSignal::new(Vec::new()),
            refused: RwSignal::new(None),
            file_trouble: RwSignal::new(None),
            reading: RwSignal::new(0),
            draft_id: StoredValue::new(begin.draft.unwrap_or_else(|| MessageId(random_id()))),
            on_server: StoredValue::new(kept),
            answers: StoredValue::new(begin.answers),
            in_reply_to: StoredValue::new(begin.in_reply_to),
            references: StoredValue::new(begin.references),
            prepared: StoredValue::new(None),
            changed_at: StoredValue::new(0),
            next_file: StoredValue::new(files),
        }
    }

    /// Something was changed by the person: what was sealed of it is no longer what they mean.
    pub(crate) fn touch(&self) {
        self.changed_at.set_value(api::now());
        self.prepared.set_value(None);
        if self.saved.get_untracked() != Saved::Changed {
            self.saved.set(Saved::Changed);
        }
        if matches!(self.phase.get_untracked(), Phase::Failed(_)) {
            self.phase.set(Phase::Writing);
        }
    }

    /// Whether it is on its way and must not be changed. Reactive.
    pub(crate) fn busy(&self) -> bool {
        self.phase.with(|phase| matches!(phase, Phase::Sealing | Phase::Sending | Phase::Waiting))
    }

    /// Whether there is anything in it worth keeping.
    pub(crate) fn is_blank(&self) -> bool {
        self.to.chips.with_untracked(Vec::is_empty)
            && self.cc.chips.with_untracked(Vec::is_empty)
            && self.to.typing.with_untracked(|text| text.trim().is_empty())
            && self.subject.with_untracked(|text| text.trim().is_empty())
            && self.text.with_untracked(|text| text.trim().is_empty())
            && self.attachments.with_untracked(Vec::is_empty)
    }

    /// What was written, for the worker; `None` once the room is closed (the account was locked meanwhile).
    pub(crate) fn draft(&self, from_name: String) -> Option<Draft> {
        if self.text.is_disposed() {
            return None;
        }
        Some(Draft {
            from_name,
            to: self.to.people(),
            cc: self.cc.people(),
            subject: self.subject.get_untracked(),
            text: self.text.get_untracked(),
            attachments: self
                .attachments
                .with_untracked(|files| files.iter().map(|file| (*file.data).clone()).collect()),
            in_reply_to: self.in_reply_to.get_value(),
            references: self.references.get_value(),
        })
    }

    /// The recipients outside. Reactive.
    pub(crate) fn outside(&self) -> Vec<Chip> {
        let mut chips: Vec<Chip> = [self.to, self.cc].iter().flat_map(|field| field.chips.get()).collect();
        chips.retain(|chip| chip.standing == Standing::Outside);
        chips
    }

    /// Whether there are recipients, and all of them are outside: nothing is sealed but the person's own copy. Reactive.
    pub(crate) fn all_outside(&self) -> bool {
        let chips: Vec<Chip> = [self.to, self.cc].iter().flat_map(|field| field.chips.get()).collect();
        !chips.is_empty() && chips.iter().all(|chip| chip.standing == Standing::Outside)
    }

    /// Whether the person said that all recipients outside may get this as plain mail. Reactive.
    pub(crate) fn plain_agreed(&self) -> bool {
        let outside = self.outside();
        self.agreed.with(|agreed| outside.iter().all(|chip| agreed.contains(&chip.address)))
    }

    /// Bytes of the attachments.
    pub(crate) fn attached_bytes(&self) -> u64 {
        self.attachments.with(|files| files.iter().map(|file| file.data.bytes.len() as u64).sum())
    }
}

/// The size of the sealed mail, near enough from above: base64 with line ends, MIME heads, padding.
pub(crate) fn sealed_size(attached: u64, text: u64) -> u64 {
    let encoded = attached.saturating_mul(78) / 57 + text.saturating_mul(3) + 8_192;
    encoded + encoded / 8
}

/// The most bytes of files that fit in a sealed mail of `limit` bytes.
pub(crate) fn room_for_files(limit: u64) -> u64 {
    (limit.saturating_mul(8) / 9).saturating_sub(8_192).saturating_mul(57) / 78
}

impl Room {
    /// Begin a mail and show it.
    pub(crate) fn compose(self, begin: Beginning) -> Composer {
        let composers = self.composers;
        let key = composers.next.try_update_value(|next| std::mem::replace(next, next.wrapping_add(1)));
        let composer = self.owned(|| Composer::new(key.unwrap_or_default(), begin));
        composers.open.try_update(|open| open.push(composer));
        composers.front.try_set(Some(composer.key));
        self.look_up(composer.to, composer.to.unasked());
        self.look_up(composer.cc, composer.cc.unasked());
        self.keep_saving(composer);
        composer
    }

    /// An empty mail, with the person's signature.
    pub(crate) fn compose_new(self) {
        let signature = self.settings().signature;
        let text = if signature.is_empty() { String::new() } else { format!("\n\n-- \n{signature}") };
        self.compose(Beginning { text, ..Beginning::default() });
    }

    /// Answer the open message.
    pub(crate) fn reply(self, message: &OpenedMessage, all: bool) {
        let (to, cc) = writing::answer_to(message, &self.address(), all);
        let head = crate::i18n::t!(
            "mail.quote.wrote",
            date = crate::i18n::long_date(message.date),
            name = writing::shown_name(&message.from)
        );
        self.compose(Beginning {
            to,
            cc,
            subject: writing::prefixed("Re", &message.subject),
            text: writing::quote(&head, &message.text),
            answers: Some((message.id, Flag::Answered)),
            in_reply_to: Some(message.message_id.clone()).filter(|id| !id.is_empty()),
            references: writing::thread(message),
            ..Beginning::default()
        });
    }

    /// Fold or close: a composer that leaves the front gives it to the newest other.
    pub(crate) fn close_composer(self, composer: Composer) {
        self.composers.open.try_update(|open| open.retain(|other| other.key != composer.key));
        if self.composers.front.try_get_untracked() == Some(Some(composer.key)) {
            self.composers.front.set(None);
            // The keyboard goes on where it was: in the list.
            if let Some(id) = self.cursor.get_untracked() {
                self.show.set(Some(Show { id, focus: true }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_less_than_what_is_refused() {
        let limit = 26_214_400;
        let files = room_for_files(limit);
        assert!(sealed_size(files, 0) <= limit);
        assert!(sealed_size(files + files / 50, 0) > limit);
        // Five mebibytes must pass with the default limit of 25.
        assert!(sealed_size(5 << 20, 10_000) < limit);
        assert_eq!(room_for_files(0), 0);
    }
}
