//! The only door of the accounts room.

pub use super::aliases::{Alias, Mailbox, add_alias, aliases, mailboxes, remove_alias};
use super::handshakes::{self, Kind, Note};
use super::opaque::{self, Parties};
use super::refused;
use super::rules::{self, Scope};
use super::store;
use super::ticket::{NoteKeys, Registration as Ticketed};
use crate::app::{App, now, random};
use crate::auth::{LIFETIME, NewSession, Session};
use crate::errors::{ApiError, ApiResult};
use crate::vault::db::{Db, Tx};
use crate::vault::{feed, quota, sealed_shape};
use ed25519_dalek::{Signature, VerifyingKey};
use seal::cert::FetchedCert;
use sha2::{Digest as _, Sha256};
use wire::Millis;
use wire::accounts::{
    AccountView, LoginFinishRequest, LoginStartRequest, LoginStartResponse, PassphraseFinishRequest,
    PassphraseStartRequest, PassphraseStartResponse, PhraseFinishRequest, RecoveryFinishRequest,
    RecoveryOpenRequest, RecoveryOpenResponse, RecoveryStartRequest, RecoveryStartResponse, RegisterRequest,
    RegisterStartRequest, RegisterStartResponse, Registration, SealedObject, ServerInfo, SessionLabel,
    SessionView, StateAccepted, StateChange,
};
use wire::error::ErrorCode;
use wire::ids::{AccountId, SessionId};
use wire::plaintext::{Address, Invitation};
use wire::sealed::{Certificate, Challenge, OpaqueMessage};
use wire::vault::Change;

/// How long a registration ticket is good: key making on a slow phone, and reading the phrase.
const TICKET_LIFETIME: Millis = 10 * 60 * 1000;
/// How far a client's clock may be ahead: its certificate was made a moment ago by it.
const CLOCK_SKEW: Millis = 5 * 60 * 1000;
/// What a signature by the recovery phrase begins with.
const RECOVERY_LABEL: &[u8] = b"hedgerow/v1/recovery";
/// A sealed name of a session is small.
const MAX_LABEL: usize = 1024;

/// What must be before the first request: the room's secrets, and digests beside the credentials of
/// accounts made by a version that had none.
///
/// # Errors
/// Those of the secrets: said at the start, not at the first login.
pub async fn ready(app: &App) -> ApiResult<()> {
    add_digests(&app.db).await?;
    secrets(app).await.map(|_| ())
}

/// Part of a migration that SQL cannot do.
///
/// # Errors
/// From the database.
pub async fn add_digests(db: &Db) -> ApiResult<()> {
    while db
        .write(|mut tx| async move {
            let added = store::add_digests(&mut tx).await?;
            Ok((tx, added > 0))
        })
        .await?
    {}
    Ok(())
}

/// Accounts whose address is not the one in their certificate: one of the two was damaged, and the person
/// cannot sign in.
///
/// # Errors
/// `damaged` if the rows cannot be read at all; else from the database.
pub async fn check(db: &Db) -> ApiResult<Vec<String>> {
    let (mut faults, mut after) = (Vec::new(), AccountId::default());
    loop {
        let accounts = store::identities(&mut db.read().await?, &after).await?;
        let Some(last) = accounts.last() else { return Ok(faults) };
        after = last.id;
        for account in &accounts {
            // As it was when the account was made: an expired certificate is not damage.
            let when = account.created_at + CLOCK_SKEW;
            let agree = FetchedCert::parse(&account.certificate)
                .is_ok_and(|cert| cert.judge(when, Some(account.address.as_str())).is_ok());
            if !agree {
                faults.push(format!("account {}: its address and its certificate do not agree", account.id));
            }
        }
    }
}

/// The room's secrets.
async fn secrets(app: &App) -> ApiResult<(opaque::ServerSetup, NoteKeys)> {
    let setup = app.secrets.get_or_make("opaque_setup", opaque::make_setup).await?;
    Ok((opaque::load_setup(&setup).map_err(refused)?, note_keys(app).await?))
}

async fn note_keys(app: &App) -> ApiResult<NoteKeys> {
    let root = app.secrets.get_or_make("account_notes", || random::<32>().to_vec()).await?;
    NoteKeys::derive(&root).map_err(refused)
}

fn only_suite(suite: u8) -> ApiResult<()> {
    if suite == opaque::SUITE { Ok(()) } else { Err(ApiError::malformed("the only OPAQUE suite is 1")) }
}

/// What a newcomer must know.
pub fn server_info(app: &App) -> ServerInfo {
    ServerInfo {
        domain: app.config.accounts.domain.clone(),
        registration: app.config.accounts.registration,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        max_message_bytes: app.config.limits.message_bytes,
        sends_outside: app.config.mail.outgoing.on,
    }
}

/// The hash under which an invitation is kept.
pub fn invitation_hash(invitation: &Invitation) -> [u8; 32] {
    Sha256::digest(invitation.0.trim().as_bytes()).into()
}

/// Begins a registration.
///
/// # Errors
/// `registration_closed`, `bad_invitation`, `address_not_allowed`, `address_taken`, `malformed`.
pub async fn register_start(app: &App, request: RegisterStartRequest) -> ApiResult<RegisterStartResponse> {
    only_suite(request.suite)?;
    let invitation = match app.config.accounts.registration {
        Registration::Closed => {
            return Err(ApiError::new(ErrorCode::RegistrationClosed, "registration is closed"));
        }
        Registration::Open => None,
        Registration::Invite => Some(request.invitation.ok_or_else(bad_invitation)?),
    };
    rules::may_be_given_out(&request.address, &app.config.accounts.domain).map_err(refused)?;
    let mut tx = app.db.read().await?;
    if let Some(invitation) = &invitation
        && !store::invitation_is_good(&mut tx, &invitation_hash(invitation)).await?
    {
        return Err(bad_invitation());
    }
    let is_alias = super::aliases::is_alias(&mut tx, &request.address).await?;
    if is_alias || store::find(&mut tx, &request.address).await?.is_some() {
        return Err(store::taken());
    }
    drop(tx);
    let (setup, keys) = secrets(app).await?;
    let account = AccountId(random());
    let response =
        opaque::registration_response(&setup, &account, request.request.as_bytes()).map_err(refused)?;
    let ticket =
        Ticketed { address: request.address, account, invitation, expires_at: now() + TICKET_LIFETIME };
    Ok(RegisterStartResponse {
        ticket: ticket.issue(&keys).map_err(refused)?.into(),
        account_id: account,
        response: OpaqueMessage(response),
    })
}

fn bad_invitation() -> ApiError {
    ApiError::new(ErrorCode::BadInvitation, "the invitation is missing, unknown or used")
}

/// Whether a certificate may be given out for an address; its bytes in the binary form.
fn judge_certificate(certificate: &Certificate, address: &Address) -> ApiResult<Vec<u8>> {
    let bad = |reason: String| ApiError::new(ErrorCode::BadCertificate, reason);
    let cert = FetchedCert::parse(certificate.as_bytes()).map_err(|error| bad(error.to_string()))?;
    cert.judge(now() + CLOCK_SKEW, Some(address.as_str())).map_err(|refusal| bad(refusal.to_string()))?;
    Ok(cert.bytes().to_vec())
}

/// Finishes a registration: the account is there with all it needs, or nothing is.
///
/// # Errors
/// `handshake_expired`, `bad_certificate`, `not_sealed`, `address_taken`, `bad_invitation`, `malformed`.
pub(crate) async fn register(app: &App, request: RegisterRequest) -> ApiResult<(AccountView, NewSession)> {
    let keys = note_keys(app).await?;
    let ticket = Ticketed::redeem(&keys, request.ticket.as_bytes(), now()).map_err(refused)?;
    let account = &ticket.account;
    let record = &opaque::record(request.record.as_bytes()).map_err(refused)?;
    verifying_key(request.recovery_key.as_bytes())
        .ok_or_else(|| ApiError::malformed("the recovery key is not an Ed25519 key"))?;
    rules::judge_first_objects(account, &request.objects).map_err(refused)?;
    let certificate = &judge_certificate(&request.certificate, &ticket.address)?;
    let (ticket, request) = (&ticket, &request);
    app.db
        .write(|mut tx| async move {
            let new = store::NewAccount {
                id: account,
                address: &ticket.address,
                record,
                recovery_key: request.recovery_key.as_bytes(),
                certificate,
                quota_bytes: app.config.accounts.quota_bytes,
            };
            store::insert(&mut tx, new).await?;
            if let Some(invitation) = &ticket.invitation
                && !store::use_invitation(&mut tx, &invitation_hash(invitation)).await?
            {
                return Err(bad_invitation());
            }
            put_objects(&mut tx, account, &request.objects).await?;
            crate::mail::service::make_folders(&mut tx, account).await?;
            let session = NewSession::begin(&mut tx, account).await?;
            let view = store::view(&mut tx, account).await?;
            Ok((tx, (view, session)))
        })
        .await
}

/// Writes objects, keeps the quota, and notes the change in the feed, whose place comes back.
async fn put_objects(tx: &mut Tx, account: &AccountId, objects: &[SealedObject]) -> ApiResult<u64> {
    let (mut before, mut after) = (0u64, 0u64);
    for object in objects {
        let (old, new) = store::put_object(tx, account, object).await?;
        before = before.saturating_add(old);
        after = after.saturating_add(new);
    }
    quota::resize(tx, account, before, after).await?;
    feed::append(tx, account, &Change::Account).await
}

/// Begins a login. An unknown address gets a reply of the same form, size and cost (R28).
///
/// # Errors
/// `malformed`.
pub async fn login_start(app: &App, request: LoginStartRequest) -> ApiResult<LoginStartResponse> {
    only_suite(request.suite)?;
    let (setup, keys) = secrets(app).await?;
    let decoy = keys.decoy_account(&request.address).map_err(refused)?;
    let mut tx = app.db.read().await?;
    let found = store::credentials(&mut tx, &request.address).await?;
    drop(tx);
    let account = found.as_ref().map_or(decoy, |found| found.account);
    app.limits.login_begun(&account)?;
    let parties = Parties { account: &account, domain: request.address.domain() };
    let record = found.as_ref().map(|found| found.record.as_slice());
    let started = opaque::login_start(&setup, parties, record, request.ke1.as_bytes()).map_err(refused)?;
    let note = Note { account, domain: request.address.domain().to_owned(), state: started.state };
    let login_id = handshakes::begin(app, &keys, Kind::Login, &note, found.is_some()).await?;
    Ok(LoginStartResponse {
        login_id,
        account_id: account,
        suite: opaque::SUITE,
        ke2: OpaqueMessage(started.ke2),
    })
}

/// Checks the second half of a login and uses the handshake up. The account is the one proven.
async fn prove(app: &App, request: &LoginFinishRequest) -> ApiResult<AccountId> {
    let keys = note_keys(app).await?;
    let (note, known) = handshakes::consume(app, &keys, Kind::Login, &request.login_id).await?;
    let parties = Parties { account: &note.account, domain: &note.domain };
    let proven = opaque::login_finish(parties, &note.state, request.ke3.as_bytes()).map_err(refused);
    match proven {
        Ok(()) if known => {
            app.limits.login_succeeded(&note.account);
            Ok(note.account)
        }
        Ok(()) => Err(refused(ErrorCode::WrongCredentials)),
        Err(error) => Err(error),
    }
}

/// Finishes a login. A session of the same account that the browser brought along ends: whoever signs in
/// again in one place is one entry in the list.
///
/// # Errors
/// `wrong_credentials`, `handshake_expired`, `malformed`.
pub(crate) async fn login(
    app: &App,
    earlier: Option<Session>,
    request: LoginFinishRequest,
) -> ApiResult<(AccountView, NewSession)> {
    let account = &prove(app, &request).await?;
    app.db
        .write(|mut tx| async move {
            if let Some(earlier) = earlier {
                store::end_session(&mut tx, account, &earlier.id).await?;
            }
            let session = NewSession::begin(&mut tx, account).await?;
            let view = store::view(&mut tx, account).await?;
            Ok((tx, (view, session)))
        })
        .await
}

/// The account, for its owner.
///
/// # Errors
/// From the database.
pub async fn view(app: &App, session: &Session) -> ApiResult<AccountView> {
    store::view(&mut app.db.read().await?, &session.account).await
}

/// The account's sessions.
///
/// # Errors
/// From the database.
pub async fn sessions(app: &App, session: &Session) -> ApiResult<Vec<SessionView>> {
    let mut tx = app.db.read().await?;
    store::sessions(&mut tx, &session.account, &session.id, now() - LIFETIME).await
}

/// Names the current session.
///
/// # Errors
/// `not_sealed`, `too_large`.
pub async fn label_session(app: &App, session: &Session, request: SessionLabel) -> ApiResult<()> {
    let label = request.label.as_bytes();
    if label.len() > MAX_LABEL {
        return Err(refused(ErrorCode::TooLarge));
    }
    sealed_shape::check_envelope(label)?;
    app.db
        .write(|mut tx| async move {
            store::label_session(&mut tx, &session.account, &session.id, label).await?;
            Ok((tx, ()))
        })
        .await
}

/// Ends one session of the account. The feed entry wakes the account's event streams on every process;
/// each asks [`crate::auth::is_live`] and the ended one closes.
///
/// # Errors
/// `not_found` unless it is a session of this account.
pub async fn end_session(app: &App, session: &Session, which: &SessionId) -> ApiResult<()> {
    let account = &session.account;
    let seq = app
        .db
        .write(|mut tx| async move {
            if !store::end_session(&mut tx, account, which).await? {
                return Err(ApiError::not_found());
            }
            let seq = feed::append(&mut tx, account, &Change::Account).await?;
            Ok((tx, seq))
        })
        .await?;
    app.notices.publish(account, seq);
    Ok(())
}

/// Ends every other session of the account.
///
/// # Errors
/// From the database.
pub async fn end_other_sessions(app: &App, session: &Session) -> ApiResult<()> {
    let account = &session.account;
    let seq = app
        .db
        .write(|mut tx| async move {
            store::end_sessions(&mut tx, account, Some(&session.id)).await?;
            let seq = feed::append(&mut tx, account, &Change::Account).await?;
            Ok((tx, seq))
        })
        .await?;
    app.notices.publish(account, seq);
    Ok(())
}

/// Takes over new versions of the account's sealed objects. A change that is in place already, because
/// the reply to it was lost, is accepted again.
///
/// # Errors
/// `stale` if another device was first; `not_sealed`, `malformed`, `quota_exceeded`.
pub async fn change_state(app: &App, session: &Session, change: StateChange) -> ApiResult<StateAccepted> {
    rules::judge_change(&session.account, &change, Scope::Contents).map_err(refused)?;
    let (account, change) = (&session.account, &change);
    let (epoch, seq) = app
        .db
        .write(|mut tx| async move {
            if let Some(epoch) = store::has_state(&mut tx, account, &change.objects).await? {
                return Ok((tx, (epoch, None)));
            }
            let (epoch, seq) = apply(&mut tx, account, change).await?;
            Ok((tx, (epoch, Some(seq))))
        })
        .await?;
    if let Some(seq) = seq {
        app.notices.publish(account, seq);
    }
    Ok(StateAccepted { epoch })
}

/// Compare-and-swap on the epoch, then the objects. Epoch and feed place come back.
async fn apply(tx: &mut Tx, account: &AccountId, change: &StateChange) -> ApiResult<(u64, u64)> {
    let epoch = store::advance_epoch(tx, account, change.expected_epoch).await?;
    let seq = put_objects(tx, account, &change.objects).await?;
    Ok((epoch, seq))
}

/// Begins a passphrase change.
///
/// # Errors
/// `malformed`.
pub async fn passphrase_start(
    app: &App,
    session: &Session,
    request: PassphraseStartRequest,
) -> ApiResult<PassphraseStartResponse> {
    let (setup, _) = secrets(app).await?;
    let response = opaque::registration_response(&setup, &session.account, request.request.as_bytes())
        .map_err(refused)?;
    Ok(PassphraseStartResponse { response: OpaqueMessage(response) })
}

/// Whoever is signed in proves the passphrase of the same account once more.
async fn prove_owner(app: &App, account: &AccountId, proof: LoginFinishRequest) -> ApiResult<()> {
    if prove(app, &proof).await? == *account { Ok(()) } else { Err(refused(ErrorCode::WrongCredentials)) }
}

/// Finishes a passphrase change: the proof of the current one is checked in the same request.
///
/// # Errors
/// `wrong_credentials`, `handshake_expired`, `stale`, `not_sealed`, `malformed`.
pub async fn passphrase_finish(
    app: &App,
    session: &Session,
    request: PassphraseFinishRequest,
) -> ApiResult<StateAccepted> {
    let account = &session.account;
    rules::judge_change(account, &request.change, Scope::Passphrase).map_err(refused)?;
    let record = &opaque::record(request.record.as_bytes()).map_err(refused)?;
    prove_owner(app, account, LoginFinishRequest { login_id: request.login_id, ke3: request.ke3.clone() })
        .await?;
    let request = &request;
    let (epoch, seq) = app
        .db
        .write(|mut tx| async move {
            let done = apply(&mut tx, account, &request.change).await?;
            store::set_record(&mut tx, account, record).await?;
            if request.end_other_sessions {
                store::end_sessions(&mut tx, account, Some(&session.id)).await?;
            }
            Ok((tx, done))
        })
        .await?;
    app.notices.publish(account, seq);
    Ok(StateAccepted { epoch })
}

/// Puts a new recovery phrase in place of the old one. The passphrase is proven in the same request: whoever
/// has no more than a session cannot take the way back from its owner.
///
/// # Errors
/// `wrong_credentials`, `handshake_expired`, `stale`, `not_sealed`, `malformed`.
pub async fn phrase_finish(
    app: &App,
    session: &Session,
    request: PhraseFinishRequest,
) -> ApiResult<StateAccepted> {
    let account = &session.account;
    rules::judge_change(account, &request.change, Scope::Recovery).map_err(refused)?;
    verifying_key(request.recovery_key.as_bytes())
        .ok_or_else(|| ApiError::malformed("the recovery key is not a usable Ed25519 key"))?;
    prove_owner(app, account, LoginFinishRequest { login_id: request.login_id, ke3: request.ke3.clone() })
        .await?;
    let request = &request;
    let (epoch, seq) = app
        .db
        .write(|mut tx| async move {
            let done = apply(&mut tx, account, &request.change).await?;
            store::set_recovery_key(&mut tx, account, request.recovery_key.as_bytes()).await?;
            Ok((tx, done))
        })
        .await?;
    app.notices.publish(account, seq);
    Ok(StateAccepted { epoch })
}

/// Begins a recovery. An unknown address gets a challenge too.
///
/// # Errors
/// From the database.
pub async fn recovery_start(app: &App, request: RecoveryStartRequest) -> ApiResult<RecoveryStartResponse> {
    let keys = note_keys(app).await?;
    let decoy = keys.decoy_account(&request.address).map_err(refused)?;
    let mut tx = app.db.read().await?;
    let found = store::find(&mut tx, &request.address).await?;
    drop(tx);
    let (account, challenge) = (found.unwrap_or(decoy), random::<32>());
    app.limits.login_begun(&account)?;
    let note = Note { account, domain: request.address.domain().to_owned(), state: challenge.to_vec() };
    let recovery_id = handshakes::begin(app, &keys, Kind::Recovery, &note, found.is_some()).await?;
    Ok(RecoveryStartResponse { recovery_id, account_id: account, challenge: Challenge(challenge.to_vec()) })
}

fn verifying_key(bytes: &[u8]) -> Option<VerifyingKey> {
    let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
    (!key.is_weak()).then_some(key)
}

/// Gives the sealed account to whoever can sign with the recovery phrase.
///
/// # Errors
/// `wrong_credentials`, `handshake_expired`, `malformed`.
pub async fn recovery_open(app: &App, request: RecoveryOpenRequest) -> ApiResult<RecoveryOpenResponse> {
    let (setup, keys) = secrets(app).await?;
    let (note, known) = handshakes::consume(app, &keys, Kind::Recovery, &request.recovery_id).await?;
    let signature = Signature::from_slice(request.signature.as_bytes())
        .map_err(|_| ApiError::malformed("a signature has 64 bytes"))?;
    let mut tx = app.db.read().await?;
    let stored = store::recovery_key(&mut tx, &note.account).await?;
    // For an unknown address a key of nobody is tried, so that the reply takes as long.
    let key = stored
        .as_deref()
        .and_then(verifying_key)
        .unwrap_or_else(|| ed25519_dalek::SigningKey::from_bytes(&random()).verifying_key());
    let signed = [RECOVERY_LABEL, note.account.as_bytes(), &note.state].concat();
    if key.verify_strict(&signed, &signature).is_err() || !known || stored.is_none() {
        return Err(ApiError::new(
            ErrorCode::WrongCredentials,
            "the address or the recovery phrase is wrong",
        ));
    }
    app.limits.login_succeeded(&note.account);
    let response =
        opaque::registration_response(&setup, &note.account, request.request.as_bytes()).map_err(refused)?;
    let account = store::view(&mut tx, &note.account).await?;
    drop(tx);
    handshakes::resume(app, &keys, Kind::RecoveryProven, &request.recovery_id, &note).await?;
    Ok(RecoveryOpenResponse { account, response: OpaqueMessage(response) })
}

/// Sets the new passphrase of a proven recovery; every session ends and a new one begins.
///
/// # Errors
/// `handshake_expired`, `stale`, `not_sealed`, `malformed`.
pub(crate) async fn recovery_finish(
    app: &App,
    request: RecoveryFinishRequest,
) -> ApiResult<(AccountView, NewSession)> {
    let keys = note_keys(app).await?;
    let record = &opaque::record(request.record.as_bytes()).map_err(refused)?;
    let (note, _) = handshakes::consume(app, &keys, Kind::RecoveryProven, &request.recovery_id).await?;
    let account = &note.account;
    rules::judge_change(account, &request.change, Scope::Passphrase).map_err(refused)?;
    let request = &request;
    let (view, session, seq) = app
        .db
        .write(|mut tx| async move {
            let (_, seq) = apply(&mut tx, account, &request.change).await?;
            store::set_record(&mut tx, account, record).await?;
            store::end_sessions(&mut tx, account, None).await?;
            let session = NewSession::begin(&mut tx, account).await?;
            let view = store::view(&mut tx, account).await?;
            Ok((tx, (view, session, seq)))
        })
        .await?;
    app.notices.publish(account, seq);
    Ok((view, session))
}

/// The account of an address, for delivery.
///
/// # Errors
/// From the database.
pub async fn resolve(tx: &mut Tx, address: &Address) -> ApiResult<Option<AccountId>> {
    store::find(tx, address).await
}

/// The certificate of an address, for the directory.
///
/// # Errors
/// From the database.
pub async fn certificate(tx: &mut Tx, address: &Address) -> ApiResult<Option<Certificate>> {
    store::certificate(tx, address).await
}

/// The address of an account.
///
/// # Errors
/// `not_found` if it is gone; else from the database.
pub async fn address(tx: &mut Tx, account: &AccountId) -> ApiResult<Address> {
    store::address(tx, account).await
}
