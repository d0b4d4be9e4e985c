//! Recipients, sealing and opening mail.

use super::Session;
use crate::accounts::account::{Change, UnlockedAccount};
use crate::accounts::recipients;
use crate::mail::{self, KnownSigner, OpenedMail, SignerKind, UnjudgedMessage};
use model::Millis;
use model::error::{CoreError, CoreErrorCode};
use model::mail::{Draft, Protection, Recipient, Row};
use model::worker::Reply;
use rand::{CryptoRng, RngCore};
use seal::cert::{FetchedCert, TrustedCert};
use wire::ids::MessageId;
use wire::keys::DirectoryEntry;
use wire::mail::MessageView;
use wire::plaintext::Address;

impl Session {
    pub(super) fn judge_recipients(
        &mut self,
        entries: &[DirectoryEntry],
        now: Millis,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let account = self.account_mut()?;
        let mut pins = None;
        let mut verdicts = Vec::with_capacity(entries.len());
        for entry in entries {
            let judged = recipients::judge(account, entry, now);
            if let Some(pin) = judged.new_pin(entry, now) {
                pins.get_or_insert_with(|| account.pins().clone()).remember(entry.address.clone(), pin);
            }
            verdicts.push(Recipient { address: entry.address.clone(), verdict: judged.verdict });
        }
        // With another change on its way the newcomers stay new, and are remembered the next time.
        let change = match pins {
            Some(pins) if !account.is_changing() => {
                Some(account.change(Change { pins: Some(pins), ..Change::default() }, rng)?)
            }
            _ => None,
        };
        Ok(Reply::Recipients { recipients: verdicts, change })
    }

    pub(super) fn accept_certificate(
        &mut self,
        entry: &DirectoryEntry,
        now: Millis,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let account = self.account_mut()?;
        let pin = recipients::accept(account, entry, now)?;
        let mut pins = account.pins().clone();
        pins.verify(entry.address.clone(), pin);
        let change = account.change(Change { pins: Some(pins), ..Change::default() }, rng)?;
        Ok(Reply::StateChange { change })
    }

    pub(super) fn seal_message(
        &self,
        draft: &Draft,
        protection: Protection,
        (entries, outside): (&[DirectoryEntry], &[Address]),
        now: Millis,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let account = self.account()?;
        let certs = certificates_for(account, draft, (entries, outside), now)?;
        let to = mail::Recipients { sealed: &certs, outside };
        let sealed = mail::seal_for(account.key(), draft, protection, account.address(), to, now, rng)?;
        Ok(Reply::Sealed {
            blob: sealed.blob,
            blob_digest: sealed.digest,
            deliveries: sealed.deliveries,
            own_summary: sealed.own_summary,
            outside: sealed.outside,
        })
    }

    pub(super) fn seal_draft(
        &self,
        draft: &Draft,
        now: Millis,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Reply, CoreError> {
        let account = self.account()?;
        let sealed = mail::seal_draft(account.key(), draft, account.address(), now, rng)?;
        Ok(Reply::Sealed {
            blob: sealed.blob,
            blob_digest: sealed.digest,
            deliveries: sealed.deliveries,
            own_summary: sealed.own_summary,
            outside: sealed.outside,
        })
    }

    pub(super) fn open_rows(&self, views: Vec<MessageView>) -> Result<Reply, CoreError> {
        let key = self.account()?.key();
        let open = |view: MessageView| {
            let summary = mail::open_summary(key, &view);
            Row {
                id: view.id,
                folder: view.folder,
                flags: view.flags,
                received_at: view.received_at,
                size: view.size,
                arrival: view.arrival,
                summary,
            }
        };
        Ok(Reply::Rows { rows: views.into_iter().map(open).collect() })
    }

    pub(super) fn open_message(
        &mut self,
        view: &MessageView,
        blob: &[u8],
        offered: &[DirectoryEntry],
        now: Millis,
    ) -> Result<Reply, CoreError> {
        let account = self.account()?;
        let opened = open_with_pins(account, view, blob, offered, now)?;
        self.opened.keep(view.id, opened.attachments);
        Ok(Reply::Message { message: Box::new(opened.message) })
    }

    pub(super) fn attachment(&self, id: MessageId, index: u32) -> Result<Reply, CoreError> {
        self.account()?;
        let bytes = self.opened.attachment(id, index).ok_or(CoreErrorCode::NoSuchAttachment)?;
        Ok(Reply::Bytes { bytes: bytes.to_vec() })
    }
}

/// A judged certificate for each recipient of the draft who is not outside; the person's own needs no entry.
fn certificates_for(
    account: &UnlockedAccount,
    draft: &Draft,
    (entries, outside): (&[DirectoryEntry], &[Address]),
    now: Millis,
) -> Result<Vec<(Address, TrustedCert)>, CoreError> {
    let mut certs: Vec<(Address, TrustedCert)> = Vec::new();
    for person in draft.to.iter().chain(&draft.cc) {
        let address: Address = person.address.parse().map_err(|_| CoreErrorCode::MalformedAddress)?;
        if certs.iter().any(|(known, _)| *known == address) {
            continue;
        }
        if outside.contains(&address) {
            // A server that hides a certificate must not get in clear what used to be sealed.
            if address.domain() == account.address().domain() || account.pins().get(&address).is_some() {
                let detail = "a recipient whose certificate is known gets no plain mail";
                return Err(CoreError::with(CoreErrorCode::UnusableCertificate, detail));
            }
            continue;
        }
        let cert = match entries.iter().find(|entry| entry.address == address) {
            Some(entry) => recipients::judge(account, entry, now).into_cert()?,
            None if address == *account.address() => account.key().certificate().clone(),
            None => {
                let detail = "a recipient has no certificate";
                return Err(CoreError::with(CoreErrorCode::UnusableCertificate, detail));
            }
        };
        certs.push((address, cert));
    }
    Ok(certs)
}

fn open_with_pins(
    account: &UnlockedAccount,
    view: &MessageView,
    blob: &[u8],
    offered: &[DirectoryEntry],
    now: Millis,
) -> Result<OpenedMail, CoreError> {
    let message = UnjudgedMessage::open(account.key(), view, blob)?;
    let mail = message.mail();
    let address = mail.from_address();
    let mut signer = address.as_ref().and_then(|address| known_signer(account, offered, address));
    // A signature the pinned certificate does not explain may be by one that replaced it: say so.
    if !signer.as_ref().is_some_and(|known| mail.is_by(known, now)) {
        let changed = address.as_ref().and_then(|address| changed_signer(account, offered, address));
        signer = changed.filter(|changed| mail.is_by(changed, now)).or(signer);
    }
    Ok(message.verify(view, signer.as_ref(), now))
}

/// The certificate a signature of this address must be by: the own one, the pinned one, or for an address
/// never seen the one the server offers.
fn known_signer(
    account: &UnlockedAccount,
    offered: &[DirectoryEntry],
    address: &Address,
) -> Option<KnownSigner> {
    if address == account.address() {
        let cert = FetchedCert::parse(account.key().certificate_bytes()).ok()?;
        return Some(KnownSigner { cert, since: 0, kind: SignerKind::You });
    }
    if let Some(pin) = account.pins().get(address) {
        let cert = FetchedCert::parse(pin.certificate.as_bytes()).ok()?;
        return Some(KnownSigner { cert, since: pin.first_seen, kind: SignerKind::Known });
    }
    let entry = offered.iter().find(|entry| entry.address == *address)?;
    let cert = FetchedCert::parse(entry.certificate.as_bytes()).ok()?;
    Some(KnownSigner { cert, since: 0, kind: SignerKind::New })
}

/// The certificate the server offers in place of a pinned one.
fn changed_signer(
    account: &UnlockedAccount,
    offered: &[DirectoryEntry],
    address: &Address,
) -> Option<KnownSigner> {
    let pin = account.pins().get(address)?;
    let entry = offered.iter().find(|entry| entry.address == *address)?;
    let cert = FetchedCert::parse(entry.certificate.as_bytes()).ok()?;
    let fingerprint = cert.fingerprint().to_string();
    if fingerprint.eq_ignore_ascii_case(&pin.fingerprint) {
        return None;
    }
    let kind = SignerKind::Changed { known: pin.fingerprint.clone(), offered: fingerprint };
    Some(KnownSigner { cert, since: pin.first_seen, kind })
}
