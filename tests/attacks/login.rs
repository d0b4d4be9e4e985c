//! R6, R7, R27, R28: login, passphrase change and recovery under a server that lies, listens or is asked
//! about people it does not know.

use anyhow::{Context as _, Result, ensure};
use model::error::CoreErrorCode as Code;
use serde_json::{Value, json};
use tests::insider;
use tests::person::{Http, Person, address};
use tests::refusal::refused;
use tests::search::{find, forms};
use tests::server::Server;
use wire::accounts::AccountView;
use wire::error::ErrorCode;

/// The requests since a mark must be just these.
fn only(person: &Person, mark: usize, allowed: &[&str]) -> Result<()> {
    let asked = person.http.evil.since(mark);
    ensure!(asked == allowed, "asked {asked:?}, allowed {allowed:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r6_server_asks_for_another_suite() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::new(&server, "alice").await?;
    let mut device = Person::at(&server, "alice", &alice.passphrase)?;
    for suite in [0, 2, 3, 255] {
        device.http.evil.lie(move |exchange| {
            if exchange.is("POST", "/sessions/start") {
                exchange.edit(|answer| answer["suite"] = json!(suite));
            }
        });
        let mark = device.http.evil.mark();
        refused(device.log_in().await.map(|_| ()), &[Code::UnknownSuite])?;
        only(&device, mark, &["POST /sessions/start"])?;
    }
    device.http.evil.repent();
    Ok(device.sign_in().await?)
}

/// An edit of an answer.
type Lie = Box<dyn FnMut(&mut Value) + Send>;

#[tokio::test(flavor = "multi_thread")]
async fn r6_server_lies_about_the_account_or_its_answer() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::new(&server, "alice").await?;
    Person::new(&server, "mallory").await?;
    let mut device = Person::at(&server, "alice", &alice.passphrase)?;

    // Mallory's answer to the very same KE1.
    let ke1 = insider::Login::start(&address("mallory")?, "anything at all")?.1;
    let foreign: Value = device.http.json("POST", "/sessions/start", &ke1).await?;
    let id = foreign["account_id"].clone();
    let lies: Vec<Lie> = vec![
        Box::new(move |answer| answer["account_id"] = id.clone()),
        Box::new({
            let ke2 = foreign["ke2"].clone();
            move |answer| answer["ke2"] = ke2.clone()
        }),
        Box::new(|answer| {
            // One character in the middle: still base64url, another message.
            let mut text = answer["ke2"].as_str().unwrap_or_default().to_owned();
            let swap = if text.get(200..201) == Some("A") { "B" } else { "A" };
            text.replace_range(200..201, swap);
            answer["ke2"] = json!(text);
        }),
        Box::new(|answer| answer["ke2"] = json!("")),
        Box::new(|answer| {
            let zeros = tests::person::base64url(&[0; 320]);
            answer["ke2"] = json!(zeros);
        }),
    ];
    for mut lie in lies {
        device.http.evil.lie(move |exchange| {
            if exchange.is("POST", "/sessions/start") {
                exchange.edit(&mut lie);
            }
        });
        let mark = device.http.evil.mark();
        refused(device.log_in().await.map(|_| ()), &[Code::WrongPassphrase, Code::Malformed])?;
        only(&device, mark, &["POST /sessions/start"])?;
    }
    device.http.evil.repent();
    Ok(device.sign_in().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn r6_lies_during_a_passphrase_change_and_a_recovery() -> Result<()> {
    let server = Server::start().await?;
    let mut alice = Person::new(&server, "alice").await?;
    let steps = ["POST /sessions/start", "POST /account/passphrase/start"];
    alice.http.evil.lie(|exchange| {
        if exchange.is("POST", "/sessions/start") {
            exchange.edit(|answer| answer["suite"] = json!(2));
        }
    });
    let mark = alice.http.evil.mark();
    refused(alice.change_passphrase("another long passphrase").await, &[Code::UnknownSuite])?;
    only(&alice, mark, &steps)?;

    alice.http.evil.lie(|exchange| {
        if exchange.is("POST", "/sessions/start") {
            exchange.edit(|answer| answer["account_id"] = json!("00000000000000000000000000000001"));
        }
    });
    let mark = alice.http.evil.mark();
    refused(
        alice.change_passphrase("another long passphrase").await,
        &[Code::Tampered, Code::WrongPassphrase],
    )?;
    only(&alice, mark, &steps)?;
    alice.http.evil.repent();

    // Recovery: the server names another account. The proof it gets is bound to that name, and what it
    // then shows does not belong to it.
    let mut lost = Person::at(&server, "alice", "forgotten")?;
    lost.http.evil.lie(|exchange| {
        if exchange.is("POST", "/recovery/start") {
            exchange.edit(|answer| answer["account_id"] = json!("00000000000000000000000000000001"));
        }
    });
    let phrase = alice.phrase.clone();
    let outcome = lost.recover(&phrase, "a new long passphrase").await;
    ensure!(
        outcome.as_ref().err().and_then(|refusal| refusal.server()) == Some(ErrorCode::WrongCredentials),
        "{outcome:?}"
    );
    lost.http.evil.repent();
    lost.recover(&phrase, "a new long passphrase").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passphrase_and_a_wrong_phrase_are_refused_here() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::new(&server, "alice").await?;
    let mut device = Person::at(&server, "alice", "not her passphrase")?;
    let mark = device.http.evil.mark();
    refused(device.sign_in().await, &[Code::WrongPassphrase])?;
    only(&device, mark, &["POST /sessions/start"])?;

    let other = Person::new(&server, "bob").await?;
    let outcome = device.recover(&other.phrase, "a new long passphrase").await;
    ensure!(
        outcome.as_ref().err().and_then(|refusal| refusal.server()) == Some(ErrorCode::WrongCredentials),
        "{outcome:?}"
    );
    let mut unknown = alice.phrase.clone();
    *unknown.first_mut().context("the phrase has words")? = "hedgerow".to_owned();
    let short = alice.phrase.get(1..).context("the phrase has words")?.to_vec();
    for broken in [unknown, short] {
        refused(device.recover(&broken, "a new long passphrase").await, &[Code::MalformedPhrase])?;
    }
    // Of phrases with a wrong word one in 256 has a right checksum: three in a row do not.
    let mut noticed = false;
    for word in 1..=3 {
        let mut wrong = alice.phrase.clone();
        *wrong.get_mut(word).context("the phrase has words")? = "zoo".to_owned();
        if wrong == alice.phrase {
            continue;
        }
        let outcome = device.recover(&wrong, "a new long passphrase").await;
        ensure!(outcome.is_err(), "a wrong phrase was taken");
        noticed |= refused(outcome, &[Code::MalformedPhrase]).is_ok();
    }
    ensure!(noticed, "no checksum was looked at");
    device.recover(&alice.phrase, "a new long passphrase").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_nothing_derived_from_the_passphrase_is_on_the_wire() -> Result<()> {
    let server = Server::start().await?;
    let mut alice = Person::new(&server, "alice").await?;
    let first = alice.passphrase.clone();
    let bob = Person::new(&server, "bob").await?;
    alice.send(&[&bob.address], "a subject", "a text").await?;

    // The keys, through the second implementation.
    let (login, request) = insider::Login::start(&alice.address, &first)?;
    let mut observer = Http::to(&server)?;
    let response = observer.json("POST", "/sessions/start", &request).await?;
    let (request, export_key) = login.finish(&response)?;
    let view: AccountView = observer.json("POST", "/sessions", &request).await?;
    let account = insider::Account::open(&view, &export_key)?;
    let secret_key = account.secret_key(&view)?;

    let second = "an entirely different passphrase";
    alice.change_passphrase(second).await?;
    let mut device = Person::at(&server, "alice", second)?;
    device.sign_in().await?;
    let third = "and a third after the recovery";
    let mut lost = Person::at(&server, "alice", "forgotten")?;
    lost.recover(&alice.phrase, third).await?;

    let mut secrets: Vec<(String, Vec<u8>)> = [first.as_str(), second, third]
        .iter()
        .map(|passphrase| ((*passphrase).to_owned(), passphrase.as_bytes().to_vec()))
        .collect();
    secrets.push(("export key".into(), export_key.clone()));
    secrets
        .push(("first half of the export key".into(), export_key.get(..32).context("export key")?.to_vec()));
    secrets.push(("account key".into(), account.key.to_vec()));
    secrets.push(("kek/pass".into(), insider::derive(&export_key, "hedgerow/v1/kek/pass")?.to_vec()));
    for label in ["wrap/tsk", "wrap/coll", "state/seal", "state/mac"] {
        secrets
            .push((label.into(), insider::derive(&account.key, &format!("hedgerow/v1/{label}"))?.to_vec()));
    }
    secrets.push(("recovery phrase".into(), alice.phrase.join(" ").into_bytes()));
    for pair in alice.phrase.windows(3) {
        secrets.push(("three words of the phrase".into(), pair.join(" ").into_bytes()));
    }
    // The end of each secret key packet is secret material and its checksum.
    secrets.push(("secret OpenPGP key".into(), secret_key.get(..120).unwrap_or(&secret_key).to_vec()));
    for hash in [0u8, 1] {
        use sha2::Digest as _;
        let digest = if hash == 0 {
            sha2::Sha256::digest(&first).to_vec()
        } else {
            sha2::Sha512::digest(&first).to_vec()
        };
        secrets.push(("hash of the passphrase".into(), digest));
    }

    let mut bodies = Vec::new();
    for person in [&alice, &device, &lost] {
        for exchange in person.http.evil.record() {
            bodies.push((format!("{} {}", exchange.method, exchange.path), exchange.sent));
            bodies.push((format!("answer to {}", exchange.path), exchange.answered));
        }
    }
    ensure!(bodies.len() > 24, "only {} bodies were recorded", bodies.len());
    let found = find(&secrets, &bodies);
    ensure!(found.is_empty(), "secrets on the wire:\n  {}", found.join("\n  "));

    // Control: the search does find such a thing, in each form.
    for form in forms(&account.key) {
        let planted = vec![("planted".to_owned(), [b"{\"x\":\"".as_slice(), &form, b"\"}"].concat())];
        ensure!(!find(&secrets, &planted).is_empty(), "the search is blind");
    }
    Ok(())
}

/// The shape of a JSON value: fields, types, lengths of texts.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::Array(list) => list.iter().map(shape).collect(),
        Value::String(text) => json!(format!("text of {}", text.len())),
        Value::Number(number) => json!(format!("number {number}")),
        other => other.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r28_unknown_addresses_look_like_known_ones() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::new(&server, "alice").await?;
    let nobody = address("nobody")?;
    let mut http = Http::to(&server)?;
    for path in ["/sessions/start", "/recovery/start"] {
        let mut answers = Vec::new();
        for who in [&alice.address, &nobody, &alice.address, &nobody] {
            let answer: Value = if path == "/sessions/start" {
                let request = insider::Login::start(who, "a guess of a passphrase")?.1;
                http.json("POST", path, &request).await?
            } else {
                http.json("POST", path, &json!({ "address": who })).await?
            };
            answers.push(answer);
        }
        let [known, unknown, known_again, unknown_again] = answers.as_slice() else { anyhow::bail!("four") };
        ensure!(shape(known) == shape(unknown), "{path}: {} and {}", shape(known), shape(unknown));
        // Asked twice, both names keep their account id, and get a new handshake.
        ensure!(known["account_id"] == known_again["account_id"], "{path}: the known id changed");
        ensure!(unknown["account_id"] == unknown_again["account_id"], "{path}: the unknown id changed");
        for (one, two) in [(known, known_again), (unknown, unknown_again)] {
            let handle = if path == "/sessions/start" { "login_id" } else { "recovery_id" };
            ensure!(one[handle] != two[handle], "{path}: a handshake was reused");
        }
    }
    // The wrong proof: same refusal.
    let mut refusals = Vec::new();
    for who in [&alice.address, &nobody] {
        let request = insider::Login::start(who, "a guess of a passphrase")?.1;
        let start: Value = http.json("POST", "/sessions/start", &request).await?;
        let ke3 = tests::person::base64url(&[9; 64]);
        let finish = json!({ "login_id": start["login_id"], "ke3": ke3 });
        let refusal =
            http.json::<Value>("POST", "/sessions", &finish).await.err().context("a login without proof")?;
        refusals.push(refusal.to_string());
        let start: Value = http.json("POST", "/recovery/start", &json!({ "address": who })).await?;
        let open = json!({
            "recovery_id": start["recovery_id"],
            "signature": ke3,
            "request": tests::person::base64url(&[0xe2; 32]),
        });
        let refusal = http.json::<Value>("POST", "/recovery/open", &open).await.err().context("no proof")?;
        refusals.push(refusal.to_string());
    }
    let [login, recovery, login_unknown, recovery_unknown] = refusals.as_slice() else {
        anyhow::bail!("four")
    };
    ensure!(login == login_unknown, "{login} / {login_unknown}");
    ensure!(recovery == recovery_unknown, "{recovery} / {recovery_unknown}");
    Ok(())
}
