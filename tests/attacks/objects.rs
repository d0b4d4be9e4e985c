//! R1, R3, R4, R11, R24: what the server stores for an account, swapped, planted, dropped, rewritten, old.

use anyhow::{Context as _, Result, ensure};
use model::accounts::Settings;
use model::error::CoreErrorCode as Code;
use std::collections::BTreeSet;
use tests::insider::{self, object};
use tests::person::Person;
use tests::refusal::refused;
use tests::server::Server;
use wire::accounts::{AccountView, ObjectKind, SealedObject};
use wire::ids::ObjectId;

const KINDS: [ObjectKind; 6] = [
    ObjectKind::SlotPassphrase,
    ObjectKind::SlotRecovery,
    ObjectKind::SecretKey,
    ObjectKind::CollectionKey,
    ObjectKind::State,
    ObjectKind::Object,
];

/// One uniform refusal for everything that does not open where it was asked for (R1).
const DAMAGED: &[Code] = &[Code::Tampered, Code::Malformed];

/// Alice at a new device that has logged in and not unlocked yet, with what the server gave out; and the
/// view of another account.
async fn at_the_door(server: &Server) -> Result<(Person, AccountView, AccountView)> {
    let mallory = Person::new(server, "mallory").await?;
    let mut mallory_again = Person::at(server, "mallory", &mallory.passphrase)?;
    let foreign = mallory_again.log_in().await?;
    let alice = Person::new(server, "alice").await?;
    let mut device = Person::at(server, "alice", &alice.passphrase)?;
    let view = device.log_in().await?;
    Ok((device, view, foreign))
}

/// After a refusal the honest view must still open: the lie was the only reason.
async fn opens(device: &mut Person, view: &AccountView) -> Result<()> {
    Ok(device.open_account(view.clone()).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_objects_swapped_between_accounts() -> Result<()> {
    let server = Server::start().await?;
    let (mut device, view, foreign) = at_the_door(&server).await?;
    let mark = device.http.evil.mark();
    for kind in KINDS {
        let stranger = object(&foreign, kind)?.clone();
        let mut lie = view.clone();
        for own in lie.objects.iter_mut().filter(|own| own.kind == kind) {
            own.envelope = stranger.envelope.clone();
        }
        refused(device.open_account(lie).await, DAMAGED).with_context(|| format!("{kind:?}, envelope"))?;
        let mut lie = view.clone();
        lie.objects.retain(|own| own.kind != kind);
        lie.objects.push(stranger);
        refused(device.open_account(lie).await, DAMAGED).with_context(|| format!("{kind:?}, whole"))?;
    }
    refused(device.open_account(foreign).await, DAMAGED)?;
    ensure!(device.http.evil.since(mark).is_empty(), "something was requested after a refusal");
    opens(&mut device, &view).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_objects_swapped_within_an_account() -> Result<()> {
    let server = Server::start().await?;
    let (mut device, view, _) = at_the_door(&server).await?;
    for (here, one) in view.objects.iter().enumerate() {
        for (there, other) in view.objects.iter().enumerate().filter(|(there, _)| *there != here) {
            let mut lie = view.clone();
            lie.objects.get_mut(here).context("here")?.envelope = other.envelope.clone();
            lie.objects.get_mut(there).context("there")?.envelope = one.envelope.clone();
            refused(device.open_account(lie).await, DAMAGED)
                .with_context(|| format!("{:?} and {:?}", one.kind, other.kind))?;
        }
    }
    opens(&mut device, &view).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_names_of_objects_changed() -> Result<()> {
    let server = Server::start().await?;
    let (mut device, view, _) = at_the_door(&server).await?;
    for at in 0..view.objects.len() {
        let edits: [fn(&mut SealedObject); 3] = [
            |object| object.version += 1,
            |object| object.object_id.0[0] ^= 1,
            |object| {
                object.kind =
                    if object.kind == ObjectKind::Object { ObjectKind::SecretKey } else { ObjectKind::Object }
            },
        ];
        for edit in edits {
            let mut lie = view.clone();
            edit(lie.objects.get_mut(at).context("object")?);
            refused(device.open_account(lie).await, DAMAGED)
                .with_context(|| format!("{:?}", view.objects.get(at)))?;
        }
    }
    let mut lie = view.clone();
    lie.account_id.0[15] ^= 1;
    refused(device.open_account(lie).await, DAMAGED)?;
    opens(&mut device, &view).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_r24_objects_planted_and_dropped() -> Result<()> {
    let server = Server::start().await?;
    let (mut device, view, foreign) = at_the_door(&server).await?;
    for at in 0..view.objects.len() {
        let mut lie = view.clone();
        lie.objects.remove(at);
        refused(device.open_account(lie).await, DAMAGED).context("dropped")?;
        let mut lie = view.clone();
        let twice = lie.objects.get(at).context("object")?.clone();
        lie.objects.push(twice);
        refused(device.open_account(lie).await, DAMAGED).context("twice")?;
    }
    for planted in &foreign.objects {
        let mut lie = view.clone();
        lie.objects.push(SealedObject { object_id: ObjectId([7; 16]), ..planted.clone() });
        refused(device.open_account(lie).await, DAMAGED).context("planted")?;
    }
    opens(&mut device, &view).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_one_bit_changed_anywhere() -> Result<()> {
    let server = Server::start().await?;
    let (mut device, view, _) = at_the_door(&server).await?;
    let mut codes = BTreeSet::new();
    for at in 0..view.objects.len() {
        let length = view.objects.get(at).context("object")?.envelope.0.len();
        for byte in (0..length).step_by(7).chain([length - 1]) {
            let mut lie = view.clone();
            let object = lie.objects.get_mut(at).context("object")?;
            *object.envelope.0.get_mut(byte).context("byte")? ^= 1 << (byte % 8);
            let error = refused(device.open_account(lie).await, DAMAGED)?;
            codes.insert(format!("{:?}", error.code));
        }
        let mut lie = view.clone();
        lie.objects.get_mut(at).context("object")?.envelope.0.pop();
        refused(device.open_account(lie).await, DAMAGED)?;
    }
    ensure!(codes.contains("Tampered"));
    opens(&mut device, &view).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r4_certificate_swapped_beside_the_secret_key() -> Result<()> {
    let server = Server::start().await?;
    let (mut device, view, foreign) = at_the_door(&server).await?;
    let mut lie = view.clone();
    lie.certificate = foreign.certificate;
    refused(device.open_account(lie).await, &[Code::KeySubstituted])?;
    let mut lie = view.clone();
    lie.certificate.0.clear();
    refused(device.open_account(lie).await, &[Code::KeySubstituted, Code::Malformed])?;
    opens(&mut device, &view).await
}

/// The packets of a binary OpenPGP sequence: (tag, place of the body).
fn packets(bytes: &[u8]) -> Result<Vec<(u8, std::ops::Range<usize>)>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&tag) = bytes.get(at) {
        let octet = |offset: usize| bytes.get(at + offset).copied().map(usize::from).context("short packet");
        let (kind, start, length) = if tag & 0x40 != 0 {
            match octet(1)? {
                short @ 0..=191 => (tag & 0x3f, 2, short),
                long @ 192..=223 => (tag & 0x3f, 3, ((long - 192) << 8) + octet(2)? + 192),
                255 => (tag & 0x3f, 6, (octet(2)? << 24) + (octet(3)? << 16) + (octet(4)? << 8) + octet(5)?),
                _ => anyhow::bail!("a partial length"),
            }
        } else {
            match tag & 3 {
                0 => (tag >> 2 & 15, 2, octet(1)?),
                1 => (tag >> 2 & 15, 3, (octet(1)? << 8) + octet(2)?),
                _ => anyhow::bail!("a long old length"),
            }
        };
        found.push((kind, at + start..at + start + length));
        at += start + length;
    }
    Ok(found)
}

/// A secret key, read and written again.
fn rewritten(bytes: &[u8]) -> Option<Vec<u8>> {
    use pgp::composed::Deserializable as _;
    use pgp::ser::Serialize as _;
    pgp::composed::SignedSecretKey::from_bytes(bytes).ok()?.to_bytes().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn r4_public_fields_of_a_stored_secret_key_overwritten() -> Result<()> {
    // "Victory by KO", in its strongest form: the attacker even holds the account key, so no envelope is
    // in the way and the state agrees. Only recomputing the public part from the secret one helps.
    let server = Server::start().await?;
    let alice = Person::new(&server, "alice").await?;
    let mut device = Person::at(&server, "alice", &alice.passphrase)?;
    let (login, request) = insider::Login::start(&device.address, &device.passphrase)?;
    let response = device.http.json("POST", "/sessions/start", &request).await?;
    let (request, export_key) = login.finish(&response)?;
    let view: AccountView = device.http.json("POST", "/sessions", &request).await?;
    let account = insider::Account::open(&view, &export_key)?;
    let secret = account.secret_key(&view)?;

    let view_at_device = device.log_in().await?;
    let mut unchanged = view_at_device.clone();
    account.plant_secret_key(&mut unchanged, &secret)?;
    opens(&mut device, &unchanged).await.context("control: the insider's own seal opens")?;

    device.seen = None;
    let view = device.log_in().await?;
    let mut edits = 0;
    for (_, body) in packets(&secret)?.into_iter().filter(|(tag, _)| [5, 7].contains(tag)) {
        for at in body {
            let mut edited = secret.clone();
            *edited.get_mut(at).context("byte")? ^= 1;
            if rewritten(&edited).is_some_and(|edited| Some(edited) == rewritten(&secret)) {
                // Another spelling of the same key (the bit count before a number): nothing was overwritten.
                continue;
            }
            let mut lie = view.clone();
            account.plant_secret_key(&mut lie, &edited)?;
            let codes = [Code::KeySubstituted, Code::Malformed, Code::UnusableCertificate];
            refused(device.open_account(lie).await, &codes)
                .with_context(|| format!("byte {at} of the key"))?;
            edits += 1;
        }
    }
    ensure!(edits > 100, "only {edits} bytes of keys were edited");
    opens(&mut device, &view).await
}

#[tokio::test(flavor = "multi_thread")]
async fn r4_another_secret_key_in_the_place_of_the_real_one() -> Result<()> {
    let server = Server::start().await?;
    let mut opened = Vec::new();
    for name in ["alice", "mallory"] {
        let person = Person::new(&server, name).await?;
        let mut device = Person::at(&server, name, &person.passphrase)?;
        let (login, request) = insider::Login::start(&device.address, &device.passphrase)?;
        let response = device.http.json("POST", "/sessions/start", &request).await?;
        let (request, export_key) = login.finish(&response)?;
        let view: AccountView = device.http.json("POST", "/sessions", &request).await?;
        let account = insider::Account::open(&view, &export_key)?;
        let secret = account.secret_key(&view)?;
        opened.push((device, account, secret));
    }
    let [(device, account, _), (_, _, foreign)] = opened.as_mut_slice() else { anyhow::bail!("two people") };
    let mut view = device.log_in().await?;
    account.plant_secret_key(&mut view, foreign)?;
    refused(device.open_account(view).await, &[Code::KeySubstituted])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_rollback_to_an_old_state() -> Result<()> {
    let server = Server::start().await?;
    let mut alice = Person::new(&server, "alice").await?;
    let old: AccountView = alice.http.get("/account").await?;
    alice.set(Settings { signature: "first".into(), ..Settings::default() }).await?;
    let middle: AccountView = alice.http.get("/account").await?;
    alice.set(Settings { signature: "second".into(), ..Settings::default() }).await?;

    // At the unlocked device.
    for stale in [&old, &middle] {
        let lie = stale.clone();
        alice.http.evil.lie(move |exchange| {
            if exchange.is("GET", "/account") {
                exchange.answered = serde_json::to_vec(&lie).unwrap_or_default();
            }
        });
        refused(alice.refresh().await, &[Code::RolledBack])?;
    }
    alice.http.evil.repent();
    alice.refresh().await?;

    // At a new login on a device that remembers.
    let mut device = Person::at(&server, "alice", &alice.passphrase)?;
    device.seen = alice.seen.clone();
    let now = device.log_in().await?;
    for stale in [&old, &middle] {
        refused(device.open_account(stale.clone()).await, &[Code::RolledBack])?;
    }
    // Old objects under the new state, and the new objects under an old state.
    for (objects, state) in [(&old, &now), (&now, &middle)] {
        let mut lie = objects.clone();
        lie.objects.retain(|object| object.kind != ObjectKind::State);
        lie.objects.push(object(state, ObjectKind::State)?.clone());
        refused(device.open_account(lie).await, &[Code::RolledBack, Code::Tampered])?;
    }
    opens(&mut device, &now).await?;
    let settings = device.account.as_ref().map(|account| account.settings.signature.as_str());
    ensure!(settings == Some("second"), "the newest settings were not there: {settings:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_another_state_of_the_same_epoch() -> Result<()> {
    // Two histories from one epoch: what a device saw once may not be exchanged for its sibling.
    let server = Server::start().await?;
    let mut alice = Person::new(&server, "alice").await?;
    let device = Person::at(&server, "alice", &alice.passphrase)?;
    let mut device = device;
    device.sign_in().await?;
    // The server takes both devices' second state, one at a time, and shows each its own.
    let fork = std::sync::Arc::new(std::sync::Mutex::new(None));
    let kept = fork.clone();
    alice.http.evil.lie(move |exchange| {
        if exchange.method == "POST"
            && exchange.path == "/account/state"
            && let Ok(change) = serde_json::from_slice::<wire::accounts::StateChange>(&exchange.sent)
        {
            *kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(change);
        }
    });
    alice.set(Settings { theme: "dark".into(), ..Settings::default() }).await?;
    let real: AccountView = alice.http.get("/account").await?;
    let change =
        fork.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take().context("no change seen")?;
    ensure!(change.objects.iter().any(|object| object.kind == ObjectKind::State));
    // The sibling: the state of the other device, of the same epoch, never sent to the real server.
    device.http.evil.lie(|exchange| {
        if exchange.method == "POST" && exchange.path == "/account/state" {
            exchange.status = 200;
            exchange.answered = br#"{"epoch":2}"#.to_vec();
        }
    });
    device.set(Settings { theme: "light".into(), ..Settings::default() }).await?;
    device.http.evil.lie(move |exchange| {
        if exchange.is("GET", "/account") {
            exchange.answered = serde_json::to_vec(&real).unwrap_or_default();
        }
    });
    refused(device.refresh().await, &[Code::RolledBack])?;
    Ok(())
}
