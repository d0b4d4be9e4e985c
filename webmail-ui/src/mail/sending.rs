//! From the composer to every mailbox: judge the certificates, remember new ones, seal, upload, submit.
//! Until the server confirms, the mail stays in the composer.

use super::compose::{Chip, Composer, Field, Phase, Prepared, Standing};
use super::random_id;
use super::room::Room;
use super::writing;
use crate::accounts::Committed;
use crate::api::{self, Fault};
use crate::i18n::{Sentence, list, t};
use leptos::prelude::*;
use leptos::task::spawn_local;
use model::mail::{Recipient, RecipientVerdict};
use model::worker::{Command, Reply};
use std::sync::Arc;
use wire::accounts::StateChange;
use wire::error::ErrorCode;
use wire::ids::{BlobId, MessageId, SubmissionId};
use wire::keys::DirectoryEntry;
use wire::mail::{MessageView, SubmitRequest};
use wire::plaintext::Address;

/// Why a mail did not leave.
enum Stop {
    /// Something to be put right at the recipients; the words stand there.
    Recipients(Sentence),
    /// A fault.
    Fault(Fault),
}

impl Stop {
    /// What is wrong with one recipient.
    fn about(chip: Chip) -> Self {
        Self::Recipients(Sentence::new(move || super::recipients::trouble(&chip).unwrap_or_default()))
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Room {
    /// Ask the directory for recipients, and judge what it says. Nothing is remembered before sending.
    pub(crate) fn look_up(self, field: Field, addresses: Vec<Address>) {
        for address in addresses {
            spawn_local(async move {
                let standing = self.standing_of(&address).await;
                set_standing(field, &address, standing);
            });
        }
    }

    async fn standing_of(self, address: &Address) -> Standing {
        let entry = match api::directory(address).await {
            Ok(entry) => entry,
            Err(fault) if fault.code() == Some(ErrorCode::NoSuchRecipient) => {
                return if self.may_leave(address).await { Standing::Outside } else { Standing::Missing };
            }
            Err(fault) => return Standing::Unknown(fault),
        };
        let _turn = self.me.turn().await;
        match self.judge(vec![entry.clone()]).await {
            Ok((recipients, change)) => {
                // Only a look: what would be remembered is dropped again.
                if change.is_some() {
                    let _ = self.vault.call(Command::StateRejected).await;
                }
                recipients
                    .into_iter()
                    .next()
                    .map_or(Standing::Missing, |recipient| by_verdict(recipient, entry))
            }
            Err(fault) => Standing::Unknown(fault),
        }
    }

    /// Whether mail to an address leaves this server. The own domain is the person's, whatever the server says.
    async fn may_leave(&self, address: &Address) -> bool {
        let own = self.address();
        let foreign = own.rsplit_once('@').is_some_and(|(_, domain)| domain != address.domain());
        foreign && self.me.server().await.is_ok_and(|info| info.sends_outside)
    }

    async fn judge(
        &self,
        entries: Vec<DirectoryEntry>,
    ) -> Result<(Vec<Recipient>, Option<StateChange>), Fault> {
        match self.vault.call(Command::JudgeRecipients { entries, now: api::now() }).await? {
            Reply::Recipients { recipients, change } => Ok((recipients, change)),
            _ => Err(Fault::Worker),
        }
    }

    /// The person compared the fingerprints and takes the new certificate.
    pub(crate) fn accept_certificate(self, field: Field, entry: DirectoryEntry) {
        spawn_local(async move {
            let address = entry.address.clone();
            let result = {
                let _turn = self.me.turn().await;
                let make = || Command::AcceptCertificate { entry: entry.clone(), now: api::now() };
                self.me.commit_with(make).await
            };
            match result {
                Ok(()) => {
                    set_standing(field, &address, Standing::Asking);
                    self.look_up(field, vec![address]);
                }
                Err(fault) => self.toasts.fault(&fault, None),
            }
        });
    }

    /// Send.
    pub(crate) fn send(self, composer: Composer) {
        if untrack(|| composer.busy()) || composer.reading.get_untracked() > 0 {
            return;
        }
        composer.refused.set(None);
        composer.phase.set(Phase::Sealing);
        spawn_local(async move {
            match self.send_all(composer).await {
                Ok(sent) => self.sent(composer, sent),
                Err(Stop::Recipients(words)) => {
                    composer.refused.try_set(Some(words));
                    composer.phase.try_set(Phase::Writing);
                }
                Err(Stop::Fault(fault)) => {
                    composer.phase.try_set(Phase::Failed(fault));
                }
            }
        });
    }

    async fn send_all(self, composer: Composer) -> Result<MessageView, Stop> {
        let prepared = match composer.prepared.get_value() {
            Some(prepared) => prepared,
            None => self.prepare(composer).await?,
        };
        self.submit(composer, prepared).await.map_err(Stop::Fault)
    }

    /// Everything up to the sealed mail.
    async fn prepare(self, composer: Composer) -> Result<Prepared, Stop> {
        let (entries, outside) = self.certificates(composer).await?;
        self.wait_for_saving(composer).await;
        let sealed = {
            let _turn = self.me.turn().await;
            self.remember(composer, &entries).await?;
            let draft = composer.draft(self.settings().display_name);
            let (Some(draft), Some(protection)) = (draft, composer.protection.try_get_untracked()) else {
                return Err(Stop::Fault(Fault::Worker));
            };
            let now = api::now();
            self.vault.call(Command::SealMessage { draft, protection, entries, outside, now }).await?
        };
        let Reply::Sealed { blob, blob_digest, deliveries, own_summary, outside } = sealed else {
            return Err(Stop::Fault(Fault::Worker));
        };
        if let Some(limit) = self.limit().await.filter(|limit| blob.len() as u64 > *limit) {
            return Err(Stop::Recipients(super::attach::too_large(limit)));
        }
        let blob_id = BlobId(random_id());
        let draft: Option<MessageId> = composer.on_server.get_value().then(|| composer.draft_id.get_value());
        let prepared = Prepared {
            blob: Arc::new(blob),
            blob_id,
            uploaded: false,
            request: SubmitRequest {
                submission_id: SubmissionId(random_id()),
                blob: blob_id,
                blob_digest,
                deliveries,
                outside,
                own_summary,
                answers: composer.answers.get_value(),
                draft,
            },
        };
        composer.prepared.set_value(Some(prepared.clone()));
        Ok(prepared)
    }

    /// The certificates of all recipients, and the recipients outside; a sentence for the person if a certificate is not
    /// to be had, or if it was not said that the mail may leave.
    async fn certificates(self, composer: Composer) -> Result<(Vec<DirectoryEntry>, Vec<Address>), Stop> {
        let fields = [composer.to, composer.cc];
        for field in fields {
            field.commit();
            for address in field.unasked() {
                let standing = self.standing_of(&address).await;
                set_standing(field, &address, standing);
            }
        }
        let chips: Vec<Chip> = fields.iter().flat_map(Field::all).collect();
        if chips.is_empty() {
            return Err(Stop::Recipients("mail.refused.nobody".into()));
        }
        let mut entries: Vec<DirectoryEntry> = Vec::new();
        let mut outside: Vec<Address> = Vec::new();
        for chip in &chips {
            match &chip.standing {
                Standing::Ready { entry, .. } => {
                    if !entries.iter().any(|known| known.address == entry.address) {
                        entries.push(entry.clone());
                    }
                }
                Standing::Outside => outside.extend(chip.address.parse::<Address>()),
                Standing::Unknown(fault) => return Err(Stop::Fault(fault.clone())),
                _ => return Err(Stop::about(chip.clone())),
            }
        }
        if !untrack(|| composer.plain_agreed()) {
            return Err(Stop::Recipients("mail.outside.refused".into()));
        }
        Ok((entries, outside))
    }

    /// Judge once more, and make what is new durable before anything is sealed to it.
    async fn remember(self, composer: Composer, entries: &[DirectoryEntry]) -> Result<(), Stop> {
        for _ in 0..3 {
            let (recipients, change) = self.judge(entries.to_vec()).await?;
            for (recipient, entry) in recipients.into_iter().zip(entries) {
                let address = recipient.address.clone();
                let standing = by_verdict(recipient, entry.clone());
                if !matches!(standing, Standing::Ready { .. }) {
                    for field in [composer.to, composer.cc] {
                        set_standing(field, &address, standing.clone());
                    }
                    if change.is_some() {
                        let _ = self.vault.call(Command::StateRejected).await;
                    }
                    let chip = Chip { name: String::new(), address: address.as_str().into(), standing };
                    return Err(Stop::about(chip));
                }
            }
            let Some(change) = change else { return Ok(()) };
            // Another device may be faster: judge again on what it wrote.
            if self.me.commit(&change).await? == Committed::Done {
                return Ok(());
            }
        }
        Err(Stop::Recipients("mail.refused.busy".into()))
    }

    /// Upload and submit, again and again while the server does not answer. The ids stay the same: the
    /// server takes it once.
    async fn submit(self, composer: Composer, mut prepared: Prepared) -> Result<MessageView, Fault> {
        let mut wait = 1_000;
        for attempt in 0.. {
            composer.phase.try_set(if attempt == 0 { Phase::Sending } else { Phase::Waiting });
            let result = async {
                if !prepared.uploaded {
                    api::put_blob(prepared.blob_id, &prepared.blob).await?;
                    prepared.uploaded = true;
                    composer.prepared.try_update_value(|known| {
                        if let Some(known) = known {
                            known.uploaded = true;
                        }
                    });
                }
                api::submit(&prepared.request).await
            }
            .await;
            match result {
                Ok(answer) => return Ok(answer.sent),
                Err(fault) if fault.is_passing() && attempt < 4 => {}
                Err(fault) => return Err(fault),
            }
            api::pause(wait).await;
            wait = (wait * 2).min(8_000);
        }
        Err(Fault::Offline)
    }

    fn sent(self, composer: Composer, sent: MessageView) {
        let names: Vec<String> = [composer.to, composer.cc]
            .iter()
            .flat_map(Field::all)
            .map(|chip| chip.shown().to_owned())
            .collect();
        let outside = untrack(|| composer.outside());
        let draft = composer.draft_id.try_get_value();
        self.mailbox.try_update(|mailbox| {
            if let Some(draft) = draft {
                mailbox.forget(draft);
            }
            mailbox.merge(sent);
        });
        self.close_composer(composer);
        let names = list(&names);
        if outside.is_empty() {
            self.sealed.try_set(Some(names.clone()));
            self.toasts.say(t!("mail.sent", names = names));
        } else {
            // No picture of a seal: it was none for everybody.
            self.toasts.say(t!("mail.sent.outside", names = names));
        }
        self.open_rows();
        spawn_local(async move { self.refresh_counts().await });
    }

    /// The sentence above Send: who will be able to read. Reactive.
    pub(crate) fn readers_sentence(self, composer: Composer) -> String {
        let chips: Vec<Chip> =
            [composer.to, composer.cc].iter().flat_map(|field| field.chips.get()).collect();
        let outside: Vec<String> = composer.outside().iter().map(|chip| chip.shown().to_owned()).collect();
        if !outside.is_empty() {
            return t!("mail.readers.outside", names = list(&outside));
        }
        let me = self.address();
        let names: Vec<String> = chips
            .iter()
            .filter(|chip| {
                use Standing::{Changed, Malformed, Missing, Unusable};
                !matches!(chip.standing, Malformed(_) | Missing | Changed { .. } | Unusable(_))
            })
            .filter(|chip| chip.address != me)
            .map(|chip| chip.shown().to_owned())
            .collect();
        if chips.is_empty() {
            t!("mail.readers.nobody_yet")
        } else if names.is_empty() {
            t!("mail.readers.only_you")
        } else {
            t!("mail.readers.will", names = list(&names))
        }
    }
}

fn by_verdict(recipient: Recipient, entry: DirectoryEntry) -> Standing {
    match recipient.verdict {
        RecipientVerdict::You | RecipientVerdict::Known { .. } => Standing::Ready { entry, known: true },
        RecipientVerdict::New { .. } => Standing::Ready { entry, known: false },
        RecipientVerdict::Changed { known, offered } => Standing::Changed { entry, known, offered },
        RecipientVerdict::Unusable { reason } => Standing::Unusable(reason),
    }
}

fn set_standing(field: Field, address: &Address, standing: Standing) {
    field.chips.try_update(|chips| {
        for chip in chips.iter_mut().filter(|chip| chip.address == address.as_str()) {
            chip.standing = standing.clone();
        }
    });
}

/// Names of people, for the trust line of a message.
pub(crate) fn names_without(people: &[&model::mail::Person], me: &str) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    people
        .iter()
        .filter(|person| !person.address.eq_ignore_ascii_case(me))
        .filter(|person| seen.insert(person.address.to_lowercase()))
        .map(|person| writing::shown_name(person).to_owned())
        .collect()
}
