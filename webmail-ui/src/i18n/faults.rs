//! Words and a remedy for every fault.

use super::{knows, say, t, tr};
use crate::api::Fault;
use model::error::CoreErrorCode;
use wire::error::ErrorCode;

/// What a person can do about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Do it again.
    Retry,
    /// Load the page again.
    Reload,
    /// Sign in again.
    SignIn,
    /// Nothing but reading the words.
    None,
}

impl Remedy {
    /// The words on its button.
    pub fn label(self) -> Option<String> {
        match self {
            Self::Retry => Some(tr("ui.retry")),
            Self::Reload => Some(tr("ui.reload")),
            Self::SignIn => Some(tr("accounts.sign_in")),
            Self::None => None,
        }
    }
}

/// The text form of a core error code, as in its JSON and in the keys of the words.
pub fn core_key(code: CoreErrorCode) -> &'static str {
    use CoreErrorCode as C;
    match code {
        C::WrongPassphrase => "wrong_passphrase",
        C::PassphraseTooShort => "passphrase_too_short",
        C::MalformedPhrase => "malformed_phrase",
        C::WrongPhrase => "wrong_phrase",
        C::Locked => "locked",
        C::OutOfOrder => "out_of_order",
        C::UnknownSuite => "unknown_suite",
        C::Malformed => "malformed",
        C::Tampered => "tampered",
        C::RolledBack => "rolled_back",
        C::KeySubstituted => "key_substituted",
        C::UnusableCertificate => "unusable_certificate",
        C::CertificateChanged => "certificate_changed",
        C::NoKeyForMessage => "no_key_for_message",
        C::NoIntegrity => "no_integrity",
        C::TooLarge => "too_large",
        C::MalformedMail => "malformed_mail",
        C::MalformedAddress => "malformed_address",
        C::NoSuchAttachment => "no_such_attachment",
        C::Internal => "internal",
    }
}

/// What happened, and what to do, in one or two sentences of the language shown. Reactive.
pub fn words(fault: &Fault) -> String {
    match fault {
        Fault::Offline => tr("errors.offline"),
        Fault::Worker => tr("errors.worker"),
        Fault::Unexpected(status) => t!("errors.unexpected", status = status),
        Fault::Core(error) => {
            let words = tr(&format!("errors.core.{}", core_key(error.code)));
            if error.detail.is_empty() { words } else { format!("{words} ({})", error.detail) }
        }
        Fault::Api(body) => {
            let key = format!("errors.api.{}", body.code.as_str());
            let mut parameters = Vec::new();
            if let Some(seconds) = body.retry_after_s {
                parameters.push(("count", seconds.to_string()));
            }
            if let Some(address) = &body.address {
                parameters.push(("address", address.as_str().to_owned()));
            }
            // With its parameter, if the server sent it and there are words for it.
            let with = match body.code {
                ErrorCode::TooMany if body.retry_after_s.is_some() => format!("{key}.wait"),
                ErrorCode::NoSuchRecipient | ErrorCode::QuotaExceeded if body.address.is_some() => {
                    format!("{key}.of")
                }
                _ => key.clone(),
            };
            if knows(&with) { say(&with, &parameters) } else { say(&key, &parameters) }
        }
    }
}

/// What a person can do about it.
pub fn remedy(fault: &Fault) -> Remedy {
    match fault {
        Fault::Offline | Fault::Unexpected(_) => Remedy::Retry,
        Fault::Worker => Remedy::Reload,
        Fault::Api(body) => match body.code {
            ErrorCode::NotSignedIn => Remedy::SignIn,
            ErrorCode::TooMany
            | ErrorCode::Internal
            | ErrorCode::Unavailable
            | ErrorCode::StorageFull
            | ErrorCode::HandshakeExpired
            | ErrorCode::Stale => Remedy::Retry,
            _ => Remedy::None,
        },
        Fault::Core(error) => match error.code {
            CoreErrorCode::Locked => Remedy::SignIn,
            CoreErrorCode::OutOfOrder | CoreErrorCode::Internal => Remedy::Reload,
            _ => Remedy::None,
        },
    }
}
