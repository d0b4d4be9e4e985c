//! Notices about mail that did not arrive (RFC 3464), sealed to the sender like every mail from outside. They are made
//! here for our own people only, never for anybody outside: nothing bounces to a forged sender.

use crate::accounts;
use crate::app::{App, now, random};
use crate::edges::fields::fields;
use crate::edges::sealing;
use crate::errors::{ApiError, ApiResult};
use crate::mail::outgoing::Claimed;
use crate::mail::service::{Arrived, deliver};
use seal::cert::{FetchedCert, Trust};
use std::fmt::Write as _;
use wire::Millis;
use wire::mail::FolderRole;
use wire::plaintext::Address;
use zeroize::Zeroizing;

/// Puts a notice about the failed recipients into the sender's inbox, once. A mail without a sender has nobody to be told.
///
/// # Errors
/// From the database; `quota_exceeded` if the sender's mailbox is full; `internal` if it cannot be sealed.
pub(super) async fn tell(app: &App, claimed: &Claimed) -> ApiResult<()> {
    if claimed.envelope.from.is_empty() || claimed.envelope.failed.is_empty() {
        return Ok(());
    }
    let to: Address = claimed
        .envelope
        .from
        .parse()
        .map_err(|_| ApiError::damaged("the sender of a mail in the queue is no address"))?;
    let certificate = accounts::service::certificate(&mut app.db.read().await?, &to).await?;
    let certificate = certificate.ok_or_else(ApiError::not_found)?;
    let certificate = FetchedCert::parse(&certificate.0)
        .map_err(|_| ApiError::damaged("a stored certificate cannot be read"))?
        .trust(Trust::FirstSeen);
    let time = now();
    let text = Zeroizing::new(write(app, claimed, &to, time).into_bytes());
    let sealed = tokio::task::spawn_blocking(move || sealing::seal(&text, &certificate, time))
        .await
        .map_err(|_| ApiError::internal("a task ended abnormally"))?
        .map_err(|_| ApiError::internal("a notice could not be sealed"))?;
    let arrived = Arrived {
        account: claimed.account,
        sealed,
        folder: FolderRole::Inbox,
        once: Some(claimed.notice()?),
    };
    deliver(app, vec![arrived], time).await
}

/// The notice: words, the report for programs, and the header of the mail.
fn write(app: &App, claimed: &Claimed, to: &Address, time: Millis) -> String {
    let (host, domain) = (&app.config.mail.hostname, &app.config.accounts.domain);
    let boundary = hex::encode(random::<16>());
    let header = header(&claimed.message);
    let id = value(&claimed.message, "message-id");
    let mut text = format!(
        "Return-Path: <>\r\nFrom: \"Mail delivery\" <mailer-daemon@{domain}>\r\nTo: <{to}>\r\n\
         Subject: Your mail could not be delivered\r\nDate: {date}\r\nMessage-ID: <{}@{domain}>\r\n",
        hex::encode(random::<16>()),
        date = letter::dates::header_date(time),
    );
    if let Some(id) = id {
        let _ = write!(text, "In-Reply-To: {id}\r\nReferences: {id}\r\n");
    }
    let _ = write!(
        text,
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; \
         report-type=delivery-status;\r\n boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Your mail could not be delivered to:\r\n"
    );
    for failed in &claimed.envelope.failed {
        let by = failed.reason.by.as_deref().map(|by| format!("{by}: ")).unwrap_or_default();
        let _ = write!(text, "\r\n{}\r\n  {by}{}\r\n", failed.address, failed.reason.said);
    }
    let _ = write!(
        text,
        "\r\nNobody tries it again. Check the address; if it is right, ask the recipient another way.\r\n\
         \r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; {host}\r\n\
         Arrival-Date: {}\r\n",
        letter::dates::header_date(claimed.created_at),
    );
    for failed in &claimed.envelope.failed {
        let kind = if failed.address.is_ascii() { "rfc822" } else { "utf-8" };
        let _ = write!(
            text,
            "\r\nFinal-Recipient: {kind}; {}\r\nAction: failed\r\nStatus: {}\r\n",
            failed.address, failed.reason.status
        );
        if let Some(by) = &failed.reason.by {
            let _ = write!(text, "Remote-MTA: dns; {by}\r\n");
            if failed.reason.said.starts_with(|c: char| c.is_ascii_digit()) {
                let _ = write!(text, "Diagnostic-Code: smtp; {}\r\n", failed.reason.said);
            }
        }
    }
    let _ = write!(
        text,
        "\r\n--{boundary}\r\nContent-Type: text/rfc822-headers; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\
         \r\n{header}\r\n--{boundary}--\r\n"
    );
    text
}

/// The header of a message as text.
fn header(message: &[u8]) -> String {
    let length: usize = fields(message).into_iter().flatten().map(|field| field.bytes.len()).sum();
    String::from_utf8_lossy(message.get(..length).unwrap_or_default()).into_owned()
}

/// The value of a field, on one line.
fn value(message: &[u8], name: &str) -> Option<String> {
    let fields = fields(message)?;
    let field = fields.iter().find(|field| field.is(name))?;
    let text = String::from_utf8_lossy(field.value()).trim().to_owned();
    text.bytes().all(|byte| byte.is_ascii_graphic()).then_some(text)
}
