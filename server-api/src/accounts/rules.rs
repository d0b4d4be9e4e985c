//! Which addresses may be given out, and what a sealed object must look like from outside.

use crate::vault::sealed_shape;
use std::collections::BTreeSet;
use wire::accounts::{ObjectKind, SealedObject, StateChange};
use wire::error::ErrorCode;
use wire::ids::{AccountId, ObjectId};
use wire::plaintext::Address;

/// Largest sealed object of an account, in bytes; the largest in use is an OpenPGP secret key.
const MAX_ENVELOPE: usize = 256 * 1024;
/// Most objects in one registration or change.
const MAX_OBJECTS: usize = 256;

/// Names by which the world reaches a domain's operators (RFC 2142) or which a person could pose with.
const RESERVED: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "autoconfig",
    "autodiscover",
    "billing",
    "bounce",
    "bounces",
    "daemon",
    "ftp",
    "help",
    "hedgerow",
    "host",
    "hostmaster",
    "info",
    "legal",
    "list",
    "listmaster",
    "mail",
    "mailer-daemon",
    "marketing",
    "news",
    "no-reply",
    "nobody",
    "noc",
    "noreply",
    "official",
    "openpgpkey",
    "operator",
    "postmaster",
    "privacy",
    "register",
    "registrar",
    "root",
    "sales",
    "security",
    "staff",
    "ssladmin",
    "ssladministrator",
    "sslwebmaster",
    "support",
    "sysadmin",
    "system",
    "team",
    "usenet",
    "uucp",
    "webmaster",
    "www",
];

/// Whether this server gives out the address.
pub(crate) fn may_be_given_out(address: &Address, domain: &str) -> Result<(), ErrorCode> {
    let local = address.local();
    // Punctuation does not make a reserved name a different one to a reader.
    let plain: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    let reserved = RESERVED
        .iter()
        .any(|name| *name == local || name.chars().filter(char::is_ascii_alphanumeric).eq(plain.chars()));
    if address.domain() != domain || !address.may_be_registered() || reserved {
        return Err(ErrorCode::AddressNotAllowed);
    }
    Ok(())
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Whether the head of an envelope (security.md section 2) names just this object.
fn names(bytes: &[u8], account: &AccountId, object: &SealedObject) -> bool {
    array(bytes, 5) == Some([object.kind.octet()])
        && array(bytes, 8) == Some(account.0)
        && array(bytes, 24) == Some(object.object_id.0)
        && array(bytes, 44) == Some(object.version.to_be_bytes())
}

/// Whether an object's envelope is what its labels claim. Clients check far more; this keeps plaintext
/// and misfiled objects out of the store.
fn judge(account: &AccountId, object: &SealedObject) -> Result<(), ErrorCode> {
    let bytes = object.envelope.as_bytes();
    if bytes.len() > MAX_ENVELOPE {
        return Err(ErrorCode::TooLarge);
    }
    sealed_shape::check_envelope(bytes).map_err(|_| ErrorCode::NotSealed)?;
    let nameless =
        matches!(object.kind, ObjectKind::SlotPassphrase | ObjectKind::SlotRecovery | ObjectKind::State);
    let fits = names(bytes, account, object)
        && object.version >= 1
        && i64::try_from(object.version).is_ok()
        && nameless == (object.object_id == ObjectId::default());
    if fits { Ok(()) } else { Err(ErrorCode::NotSealed) }
}

fn judge_all(account: &AccountId, objects: &[SealedObject]) -> Result<(), ErrorCode> {
    if objects.len() > MAX_OBJECTS {
        return Err(ErrorCode::TooLarge);
    }
    let mut names = BTreeSet::new();
    for object in objects {
        judge(account, object)?;
        if !names.insert((object.kind, object.object_id)) {
            return Err(ErrorCode::Malformed);
        }
    }
    Ok(())
}

fn count(objects: &[SealedObject], kind: ObjectKind) -> usize {
    objects.iter().filter(|object| object.kind == kind).count()
}

/// The objects of a new account: one of each slot, one state, a secret key, a collection key and what
/// it seals; all at version 1.
pub(crate) fn judge_first_objects(account: &AccountId, objects: &[SealedObject]) -> Result<(), ErrorCode> {
    judge_all(account, objects)?;
    let complete = count(objects, ObjectKind::SlotPassphrase) == 1
        && count(objects, ObjectKind::SlotRecovery) == 1
        && count(objects, ObjectKind::State) == 1
        && count(objects, ObjectKind::SecretKey) >= 1
        && count(objects, ObjectKind::CollectionKey) >= 1
        && count(objects, ObjectKind::Object) >= 1
        && objects.iter().all(|object| object.version == 1);
    if complete { Ok(()) } else { Err(ErrorCode::Malformed) }
}

/// What a change of the account's objects may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything but the slots.
    Contents,
    /// The passphrase slot and the state, no more.
    Passphrase,
    /// The recovery slot and the state, no more.
    Recovery,
}

/// Whether a change holds the next state and only what its route may touch.
pub(crate) fn judge_change(account: &AccountId, change: &StateChange, scope: Scope) -> Result<(), ErrorCode> {
    judge_all(account, &change.objects)?;
    let next = change.expected_epoch.checked_add(1).ok_or(ErrorCode::Malformed)?;
    let states = change.objects.iter().filter(|object| object.kind == ObjectKind::State);
    if states.map(|state| state.version).ne([next]) {
        return Err(ErrorCode::Malformed);
    }
    let slots = |kind| count(&change.objects, kind);
    let allowed = match scope {
        Scope::Contents => slots(ObjectKind::SlotPassphrase) == 0 && slots(ObjectKind::SlotRecovery) == 0,
        Scope::Passphrase => slots(ObjectKind::SlotPassphrase) == 1 && change.objects.len() == 2,
        Scope::Recovery => slots(ObjectKind::SlotRecovery) == 1 && change.objects.len() == 2,
    };
    if allowed { Ok(()) } else { Err(ErrorCode::Malformed) }
}
