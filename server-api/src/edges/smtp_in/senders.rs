//! Whether a message comes from where it says: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989) and ARC
//! (RFC 8617), written down as `Authentication-Results` (RFC 8601) for the recipient's client.
//!
//! This says something of domains, never of persons: the badge of a verified sender is for signatures.

use super::session::{Envelope, Greeting, Peer};
use crate::config::Mail;
use crate::edges::names;
use crate::errors::ApiResult;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::Canonicalization;
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, AuthenticationResults, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator,
};
use std::time::Duration;
use wire::mail::FolderRole;

/// How long all questions about one message may take. Whoever has slow name servers is not checked.
const PATIENCE: Duration = Duration::from_secs(8);
/// Most signatures looked at; each costs a question and a public-key operation.
const SIGNATURES: usize = 10;

/// Who asks.
pub(super) struct Senders {
    hostname: String,
    authenticator: Option<MessageAuthenticator>,
}

/// What is known of a message's sender.
#[derive(Debug)]
pub(super) struct Judged {
    /// The field that says so, with its line end.
    pub(super) field: String,
    /// Where the message goes.
    pub(super) folder: FolderRole,
}

impl Senders {
    /// # Errors
    /// `internal` if there is no resolver to be had.
    pub(super) fn new(mail: &Mail) -> ApiResult<Self> {
        let authenticator = names::resolver(mail)?
            .map(|(config, options)| {
                MessageAuthenticator::new(config, options).map_err(|_| names::unusable())
            })
            .transpose()?;
        Ok(Self { hostname: mail.hostname.clone(), authenticator })
    }

    /// Judges a message as it came in.
    pub(super) async fn judge(
        &self,
        peer: &Peer,
        greeting: &Greeting,
        envelope: &Envelope,
        message: &[u8],
        signatures: usize,
    ) -> Judged {
        let asked = self.ask(peer, greeting, envelope, message, signatures);
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Some(judged)) => judged,
            // Nothing was found out, which is something else than a failure.
            _ => Judged {
                field: AuthenticationResults::new(&self.hostname).to_header(),
                folder: FolderRole::Inbox,
            },
        }
    }

    async fn ask(
        &self,
        peer: &Peer,
        greeting: &Greeting,
        envelope: &Envelope,
        message: &[u8],
        signatures: usize,
    ) -> Option<Judged> {
        let authenticator = self.authenticator.as_ref()?;
        let parsed = AuthenticatedMessage::parse_with_opts(message, None, true)?;
        let (helo, from) = (greeting.name.as_str(), envelope.from.as_str());
        // A notice has no sender; its server answers for it.
        let spf = authenticator.verify_spf(if from.is_empty() {
            SpfParameters::verify_ehlo(peer.address, helo, &self.hostname)
        } else {
            SpfParameters::verify_mail_from(peer.address, helo, &self.hostname, from)
        });
        let spf = spf.await;
        let trimmed = without_blank_end(message);
        let trimmed =
            trimmed.as_deref().and_then(|bytes| AuthenticatedMessage::parse_with_opts(bytes, None, true));
        let (mut dkim, mut arc) = (Vec::new(), None);
        if signatures <= SIGNATURES {
            dkim = authenticator.verify_dkim(&parsed).await;
            arc = Some(authenticator.verify_arc(&parsed).await);
            let passed = dkim.iter().any(|one| *one.result() == DkimResult::Pass);
            if let Some(trimmed) = trimmed.as_ref().filter(|_| !passed) {
                let relaxed = |one: &DkimOutput<'_>| {
                    one.signature().is_some_and(|signature| signature.cb == Canonicalization::Relaxed)
                };
                let again = authenticator.verify_dkim(trimmed).await;
                dkim.extend(
                    again.into_iter().filter(|one| *one.result() == DkimResult::Pass && relaxed(one)),
                );
            }
        }
        let domain = from.rsplit_once('@').map_or(helo, |(_, domain)| domain);
        let dmarc = authenticator.verify_dmarc(DmarcParameters::new(&parsed, &dkim, domain, &spf)).await;
        // DMARC first, where no text of the sender's can come before it: clients read it there.
        let results = AuthenticationResults::new(&self.hostname)
            .with_dmarc_result(&dmarc)
            .with_spf_mailfrom_result(&spf, peer.address, from, helo)
            .with_dkim_results(&dkim, parsed.from());
        let results = match &arc {
            Some(arc) if !parsed_has_no_chain(message) => results.with_arc_result(arc, peer.address),
            _ => results,
        };
        // What the owner of the domain asks for. A refusal would bounce what went through a mailing list.
        let failed = matches!(dmarc.result(), DmarcResult::Fail(_));
        let unwanted = failed && matches!(dmarc.policy(), Policy::Quarantine | Policy::Reject);
        let folder = if unwanted { FolderRole::Junk } else { FolderRole::Inbox };
        Some(Judged { field: results.to_header(), folder })
    }
}

/// A message without blank lines of spaces at its end; nothing if it has none. Relaxed signatures do not cover them
/// (RFC 6376 section 3.4.4), which mail-auth 0.13 forgets where such a line holds spaces.
fn without_blank_end(message: &[u8]) -> Option<Vec<u8>> {
    let body = message.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = message.get(body..)?;
    let end = text.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |last| last + 1);
    let blank = text.get(end..)?;
    let line_end = blank.windows(2).position(|two| two == b"\r\n").map_or(blank.len(), |at| at + 2);
    let behind = blank.get(line_end..)?;
    behind
        .iter()
        .any(|byte| matches!(byte, b' ' | b'\t'))
        .then(|| message.get(..body + end + line_end).map(<[u8]>::to_vec))
        .flatten()
}

/// Whether there is no ARC chain to speak of.
fn parsed_has_no_chain(message: &[u8]) -> bool {
    crate::edges::fields::fields(message)
        .is_none_or(|fields| !fields.iter().any(|field| field.is("arc-seal")))
}
