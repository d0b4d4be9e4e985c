//! From a whole message to its sealed copies: judged, given its trace fields, sealed, stored.

use super::body::Body;
use super::input::has_bare_line_ends;
use super::listener::Shared;
use super::replies::{self, Reply};
use super::session::{Envelope, Greeting, Peer};
use crate::app::{now, random};
use crate::edges::fields::{Field, fields};
use crate::edges::sealing;
use crate::errors::ApiError;
use crate::mail;
use hkdf::HkdfExtract;
use sha2::Sha256;
use std::net::IpAddr;
use wire::Millis;
use wire::error::ErrorCode;
use zeroize::Zeroizing;

/// Received fields at which a message goes in circles (RFC 5321 section 6.3).
const HOPS: usize = 100;
/// The name of the secret that tells a repeated message.
const SECRET: &str = "smtp_arrivals";

/// Takes a message for all its recipients or for none, and gives the reply to its sender.
pub(super) async fn accept(
    shared: &Shared,
    peer: &Peer,
    greeting: &Greeting,
    envelope: &Envelope,
    body: Body,
) -> Reply {
    let message = body.bytes();
    if has_bare_line_ends(message) {
        return replies::BARE_LINE_END;
    }
    if message.contains(&0) {
        return replies::HOLDS_NUL;
    }
    let Some(fields) = fields(message) else { return replies::BAD_HEADER };
    if fields.iter().filter(|field| field.is("received")).count() >= HOPS {
        return replies::LOOP;
    }
    let kept: Vec<&[u8]> = fields.iter().filter(|field| !is_ours(field, shared)).map(|f| f.bytes).collect();
    let signatures = fields.iter().filter(|field| field.is("dkim-signature") || field.is("arc-seal")).count();
    let judged = shared.senders.judge(peer, greeting, envelope, message, signatures).await;
    let header: usize = fields.iter().map(|field| field.bytes.len()).sum();
    let rest = message.get(header..).unwrap_or_default();
    let time = now();
    let secret = match shared.app.secrets.get_or_make(SECRET, || random::<32>().to_vec()).await {
        Ok(secret) => secret,
        Err(error) => return refusal(&error),
    };
    let has_id = fields.iter().any(|field| field.is("message-id"));
    let mut arrivals = Vec::with_capacity(envelope.recipients.len());
    for recipient in &envelope.recipients {
        let mut whole = Zeroizing::new(Vec::with_capacity(message.len() + 1024));
        whole.extend_from_slice(
            trace(shared, peer, greeting, envelope, recipient, &judged.field, time).as_bytes(),
        );
        for field in &kept {
            whole.extend_from_slice(field);
        }
        whole.extend_from_slice(rest);
        let certificate = recipient.certificate.clone();
        let Ok(sealed) = tokio::task::spawn_blocking(move || sealing::seal(&whole, &certificate, time)).await
        else {
            return replies::NOT_NOW;
        };
        let Ok(sealed) = sealed else { return replies::CANNOT_SEAL };
        arrivals.push(mail::service::Arrived {
            account: recipient.account,
            sealed,
            folder: judged.folder,
            // The same bytes again are the same message if it has an id: a sender that lost our answer.
            once: has_id.then(|| fingerprint(&secret, envelope, message)),
        });
    }
    // The plaintext is not needed any more.
    drop(body);
    match mail::service::deliver(&shared.app, arrivals, time).await {
        Ok(()) => replies::ACCEPTED,
        Err(error) => refusal(&error),
    }
}

/// Why a message was not stored, for the server that sent it.
fn refusal(error: &ApiError) -> Reply {
    match error.code() {
        ErrorCode::QuotaExceeded => replies::MAILBOX_FULL,
        ErrorCode::StorageFull => replies::DISK_FULL,
        ErrorCode::TooLarge => replies::TOO_LARGE,
        _ => replies::NOT_NOW,
    }
}

/// Tells a message that comes a second time. Keyed, so that a stolen database confirms no guess at a content.
fn fingerprint(secret: &[u8], envelope: &Envelope, message: &[u8]) -> [u8; 32] {
    let mut mac = HkdfExtract::<Sha256>::new(Some(secret));
    mac.input_ikm(&(envelope.from.len() as u64).to_be_bytes());
    mac.input_ikm(envelope.from.as_bytes());
    mac.input_ikm(message);
    mac.finalize().0.into()
}

/// Whether a field says something that only this server may say.
fn is_ours(field: &Field<'_>, shared: &Shared) -> bool {
    if field.is("return-path") || field.is("delivered-to") {
        return true;
    }
    // RFC 8601 section 5: what claims to be from us is not.
    field.is("authentication-results") && claims(field.value(), &shared.hostname)
}

/// Whether the `authserv-id` of a field is the given name. What cannot be read well counts as ours.
fn claims(value: &[u8], name: &str) -> bool {
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    let mut bare = String::new();
    let mut depth = 0u32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    let id = bare.split(';').next().unwrap_or_default().split_whitespace().next().unwrap_or_default();
    let id = id.trim_matches('"').trim_end_matches('.');
    id.is_empty() || id == name.to_ascii_lowercase()
}

/// The trace fields of one copy (RFC 5321 section 4.4). A client believes what stands above the topmost Received
/// field, for only we write there. They are inside the seal: what is said of the sender's
/// machine, the recipient alone reads.
fn trace(
    shared: &Shared,
    peer: &Peer,
    greeting: &Greeting,
    envelope: &Envelope,
    recipient: &super::recipients::Recipient,
    judged: &str,
    time: Millis,
) -> String {
    let with = match (envelope.utf8, greeting.extended, peer.tls.is_some()) {
        (true, _, true) => "UTF8SMTPS",
        (true, _, false) => "UTF8SMTP",
        (false, true, true) => "ESMTPS",
        (false, true, false) => "ESMTP",
        (false, false, _) => "SMTP",
    };
    let from = match peer.address {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    };
    let tls = peer.tls.as_ref().map(|tls| format!("\r\n\t({tls})")).unwrap_or_default();
    // Parentheses and quotes would end a comment or a word early.
    let name: String = greeting
        .name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':'))
        .collect();
    format!(
        "Return-Path: <{}>\r\nDelivered-To: {}\r\n{judged}Received: from {name} ({from}){tls}\r\n\tby {} (Hedgerow) with \
         {with} id {};\r\n\t{}\r\n",
        envelope.from,
        recipient.address,
        shared.hostname,
        hex::encode(random::<8>()),
        letter::dates::header_date(time),
    )
}
