//! Who gets a message, judged at RCPT: before a byte of it has come, so that nothing need be bounced later.

use super::replies::{self, Reply};
use crate::accounts;
use crate::app::{App, now};
use seal::cert::{FetchedCert, Trust, TrustedCert};
use wire::ids::AccountId;
use wire::plaintext::Address;

/// A mailbox here that a message goes to.
#[derive(Debug)]
pub(super) struct Recipient {
    pub(super) account: AccountId,
    /// The address as the sender wrote it, folded to lower case.
    pub(super) address: Address,
    pub(super) certificate: TrustedCert,
}

/// Why nobody here gets it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused(pub(super) Reply);

/// Whether mail can come from it: an address, or nothing (RFC 5321 section 4.5.5).
pub(super) fn may_be_sender(address: &str) -> bool {
    if address.is_empty() {
        return true;
    }
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    // Domain literals and quoted local parts are odd, but mail.
    !local.is_empty()
        && local.len() <= 64
        && !domain.is_empty()
        && domain.len() <= 255
        && !address.chars().any(|c| c.is_control() || matches!(c, '<' | '>'))
}

/// The mailboxes of an address, with room for `size` bytes and certificates that can be sealed to now.
pub(super) async fn find(
    app: &App,
    address: &str,
    utf8: bool,
    size: usize,
) -> Result<Vec<Recipient>, Refused> {
    if !address.is_ascii() && !utf8 {
        return Err(Refused(replies::NEEDS_SMTPUTF8));
    }
    let domain = &app.config.accounts.domain;
    // `RCPT TO:<Postmaster>` has no domain (RFC 5321 section 4.5.1); the parser gives an empty address for it.
    let full = if address.is_empty() { format!("postmaster@{domain}") } else { address.to_owned() };
    let Some((_, of)) = full.rsplit_once('@') else { return Err(Refused(replies::BAD_RECIPIENT)) };
    if !of.eq_ignore_ascii_case(domain) {
        return Err(Refused(replies::NO_RELAY));
    }
    // What is no address of ours can be nobody's.
    let address: Address = full.parse().map_err(|_| Refused(replies::NO_SUCH_MAILBOX))?;
    let unavailable = |_| Refused(replies::NOT_NOW);
    let mut tx = app.db.read().await.map_err(unavailable)?;
    let mailboxes = accounts::service::mailboxes(&mut tx, &address).await.map_err(unavailable)?;
    drop(tx);
    if mailboxes.is_empty() {
        return Err(Refused(replies::NO_SUCH_MAILBOX));
    }
    let mut found = Vec::with_capacity(mailboxes.len());
    for mailbox in mailboxes {
        if mailbox.room <= size as u64 {
            return Err(Refused(replies::MAILBOX_FULL));
        }
        let certificate = FetchedCert::parse(&mailbox.certificate.0)
            .map_err(|_| Refused(replies::CANNOT_SEAL))?
            .trust(Trust::FirstSeen);
        certificate.judge(now(), None).map_err(|_| Refused(replies::CANNOT_SEAL))?;
        found.push(Recipient { account: mailbox.account, address: address.clone(), certificate });
    }
    Ok(found)
}
