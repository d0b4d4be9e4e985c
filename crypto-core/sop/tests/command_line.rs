//! The binary from outside: round trips, exit codes, designators, and that nothing is overwritten.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn sop(dir: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hedgerow-sop"))
        .args(arguments)
        .current_dir(dir)
        .env("WORD", "correct horse\n")
        .env("OTHER", "wrong horse")
        .env("BELL", "be\x07ll")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that fails before it reads closes the pipe.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn code(dir: &Path, arguments: &[&str], input: &[u8]) -> i32 {
    sop(dir, arguments, input).status.code().unwrap()
}

fn made(dir: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = sop(dir, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A folder with `key` and `cert` of a profile.
fn folder(profile: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let key = made(dir.path(), &["generate-key", "--profile", profile, "Alice <alice@example.org>"], b"");
    let cert = made(dir.path(), &["extract-cert"], &key);
    std::fs::write(dir.path().join("key"), key).unwrap();
    std::fs::write(dir.path().join("cert"), cert).unwrap();
    dir
}

#[test]
fn everything_comes_back_in_each_profile() {
    for profile in ["compatible", "modern", "post-quantum"] {
        let dir = folder(profile);
        let dir = dir.path();
        let content = b"first line\r\n- second\n\n\xe2\x82\xac".repeat(500);

        let signature = made(dir, &["sign", "--as=text", "key"], &content);
        std::fs::write(dir.join("sig"), &signature).unwrap();
        let line = String::from_utf8(made(dir, &["verify", "sig", "cert"], &content)).unwrap();
        let fields: Vec<&str> = line.split_whitespace().collect();
        assert!(fields[0].ends_with('Z') && fields[1].len() >= 40 && fields[3] == "mode:text", "{line}");
        assert_eq!(code(dir, &["verify", "sig", "cert"], b"other content"), 3);
        assert_eq!(code(dir, &["verify", "--not-after=2001-01-01", "sig", "cert"], &content), 3);

        let sealed = made(dir, &["encrypt", "--sign-with=key", "--session-key-out=sk", "cert"], &content);
        let opened = made(dir, &["decrypt", "--verifications-out=v", "--verify-with=cert", "key"], &sealed);
        assert!(opened == content, "{profile}");
        assert_eq!(std::fs::read_to_string(dir.join("v")).unwrap().lines().count(), 1);
        assert!(made(dir, &["decrypt", "--with-session-key=sk"], &sealed) == content);

        for kind in ["binary", "text"] {
            let message = made(dir, &["inline-sign", "--as", kind, "key"], &content);
            assert!(made(dir, &["inline-verify", "cert"], &message) == content, "{profile} {kind}");
        }
        let text = b"a\n- b\nc";
        let message = made(dir, &["inline-sign", "--as=clearsigned", "key"], text);
        assert_eq!(made(dir, &["inline-verify", "cert"], &message), text);
        assert_eq!(made(dir, &["inline-detach", &format!("--signatures-out={profile}")], &message), text);
    }
}

#[test]
fn tampering_writes_nothing() {
    let dir = folder("compatible");
    let dir = dir.path();
    let mut sealed = made(dir, &["encrypt", "--no-armor", "cert"], &b"secret".repeat(1000));
    let middle = sealed.len() / 2;
    sealed[middle] ^= 1;
    let output = sop(dir, &["decrypt", "key"], &sealed);
    assert_eq!(output.status.code(), Some(29));
    assert!(output.stdout.is_empty());
}

#[test]
fn keys_are_revoked_renewed_and_certified() {
    for profile in ["compatible", "modern"] {
        let home = folder(profile);
        let dir = home.path();
        let key = std::fs::read(dir.join("key")).unwrap();
        let cert = std::fs::read(dir.join("cert")).unwrap();
        std::fs::write(dir.join("text"), "text").unwrap();

        let authority = made(dir, &["generate-key", "--profile", profile, "CA <ca@example.org>"], b"");
        std::fs::write(dir.join("ca.key"), &authority).unwrap();
        std::fs::write(dir.join("ca.cert"), made(dir, &["extract-cert"], &authority)).unwrap();
        let alice = "Alice <alice@example.org>";
        let validate = ["validate-userid", alice, "ca.cert"];
        assert_eq!(code(dir, &validate, &cert), 107);
        let certify = |id: &str| sop(dir, &["certify-userid", "--userid", id, "ca.key"], &cert);
        assert_eq!(certify("Bob <bob@example.org>").status.code(), Some(107));
        let certified = certify(alice).stdout;
        made(dir, &validate, &certified);
        // A user id that its owner never claimed is certified if that is asked for, and validates nothing.
        let unasked = ["certify-userid", "--no-require-self-sig", "--userid", "Bob", "ca.key"];
        let unasked = made(dir, &unasked, &cert);
        assert_ne!(unasked, cert);
        assert_eq!(code(dir, &["validate-userid", "Bob", "ca.cert"], &unasked), 107);

        // A renewed key is the same key, and still signs.
        let renewed = made(dir, &["update-key"], &key);
        std::fs::write(dir.join("renewed"), &renewed).unwrap();
        let signature = made(dir, &["sign", "renewed"], b"text");
        std::fs::write(dir.join("sig"), &signature).unwrap();
        made(dir, &["verify", "sig", "cert"], b"text");

        let revoked = made(dir, &["revoke-key"], &key);
        std::fs::write(dir.join("revoked"), &revoked).unwrap();
        assert_eq!(code(dir, &["encrypt", "revoked"], b"text"), 17);
        assert_eq!(code(dir, &["verify", "sig", "revoked"], b"text"), 3, "nobody said why: it reaches back");
        // The owner's other device learns of it, and renews nothing.
        assert_eq!(code(dir, &["update-key", "--merge-certs", "revoked"], &key), 103);
        let locked = made(dir, &["change-key-password", "--new-key-password=@ENV:WORD"], &key);
        assert_eq!(code(dir, &["revoke-key"], &locked), 67);
        made(dir, &["revoke-key", "--with-key-password=@ENV:WORD"], &locked);
    }
}

#[test]
fn passwords() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let sealed = made(dir, &["encrypt", "--with-password=@ENV:WORD"], b"hello");
    assert_eq!(made(dir, &["decrypt", "--with-password=@ENV:WORD"], &sealed), b"hello");
    assert_eq!(code(dir, &["decrypt", "--with-password=@ENV:OTHER"], &sealed), 29);
    assert_eq!(code(dir, &["encrypt", "--with-password=@ENV:BELL"], b"hello"), 31);

    let key = made(dir, &["generate-key", "--with-key-password=@ENV:WORD", "Bob"], b"");
    std::fs::write(dir.join("key"), &key).unwrap();
    assert_eq!(code(dir, &["sign", "key"], b"x"), 67);
    made(dir, &["sign", "--with-key-password=@ENV:OTHER", "--with-key-password=@ENV:WORD", "key"], b"x");
    assert_eq!(code(dir, &["change-key-password", "--old-key-password=@ENV:OTHER"], &key), 67);
    let open = made(dir, &["change-key-password", "--old-key-password=@ENV:WORD"], &key);
    std::fs::write(dir.join("open"), open).unwrap();
    made(dir, &["sign", "open"], b"x");
}

#[test]
fn wrong_use_has_the_codes_of_the_draft() {
    let dir = folder("compatible");
    let dir = dir.path();
    std::fs::write(dir.join("@ENV:FILE"), "x").unwrap();
    let cases: [(&[&str], i32); 19] = [
        (&["frobnicate"], 69),
        (&["encrypt", "--frobnicate", "cert"], 37),
        (&["encrypt"], 19),
        (&["verify", "cert"], 19),
        (&["sign"], 19),
        (&["encrypt", "missing"], 61),
        (&["encrypt", "@ENV:UNSET"], 61),
        (&["encrypt", "@ENV:FILE"], 73),
        (&["encrypt", "@SMOKE:1"], 71),
        (&["encrypt", "key"], 41),
        (&["sign", "cert"], 41),
        (&["extract-cert"], 41),
        (&["encrypt", "--as=text", "cert"], 53),
        (&["encrypt", "--session-key-out=cert", "cert"], 59),
        (&["decrypt", "--verify-with=cert", "key"], 23),
        (&["decrypt", "--verifications-out=v", "key"], 23),
        (&["inline-sign", "--as=clearsigned", "--no-armor", "key"], 83),
        (&["generate-key", "--profile=nonsense"], 89),
        (&["list-profiles", "armor"], 89),
    ];
    for (arguments, expected) in cases {
        assert_eq!(code(dir, arguments, b"\xff"), expected, "{arguments:?}");
    }
    let signature = made(dir, &["sign", "key"], b"x");
    assert_eq!(code(dir, &["decrypt", "key"], &signature), 41);
}

#[test]
fn file_descriptors_are_inputs() {
    let dir = folder("compatible");
    let mut child = Command::new(env!("CARGO_BIN_EXE_hedgerow-sop"))
        .args(["encrypt", "@FD:0"])
        .stdin(std::fs::File::open(dir.path().join("cert")).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn armor_and_back() {
    let dir = folder("compatible");
    let dir = dir.path();
    for (input, label) in [("key", "PRIVATE KEY BLOCK"), ("cert", "PUBLIC KEY BLOCK")] {
        let armored = std::fs::read(dir.join(input)).unwrap();
        let binary = made(dir, &["dearmor"], &armored);
        let again = made(dir, &["armor"], &binary);
        assert!(
            String::from_utf8(again.clone()).unwrap().starts_with(&format!("-----BEGIN PGP {label}-----"))
        );
        assert_eq!(made(dir, &["dearmor"], &again), binary);
        assert_eq!(made(dir, &["armor"], &again), again);
    }
    let signature = made(dir, &["sign", "--no-armor", "key"], b"x");
    assert!(made(dir, &["armor"], &signature).starts_with(b"-----BEGIN PGP SIGNATURE-----"));
    assert_eq!(code(dir, &["dearmor"], b"no armor at all"), 41);
}

#[test]
fn versions_and_profiles() {
    let dir = tempfile::tempdir().unwrap();
    let line = |arguments: &[&str]| String::from_utf8(made(dir.path(), arguments, b"")).unwrap();
    assert!(line(&["version"]).starts_with("hedgerow-sop "));
    assert!(line(&["version", "--extended"]).starts_with(&line(&["version"])));
    assert!(line(&["version", "--sop-spec"]).contains("draft-dkg-openpgp-stateless-cli-"));
    assert!(line(&["list-profiles", "generate-key"]).lines().all(|line| line.contains(": ")));
}

#[test]
fn one_good_signature_among_many_is_found_and_a_flood_is_refused() {
    let (dir, other) = (folder("compatible"), folder("compatible"));
    let (dir, content) = (dir.path(), b"content");
    let foreign = made(other.path(), &["sign", "--no-armor", "key"], content);
    let good = made(dir, &["sign", "--no-armor", "key"], content);
    std::fs::write(dir.join("many"), [foreign.repeat(200), good.clone()].concat()).unwrap();
    let verified = made(dir, &["verify", "many", "cert"], content);
    assert_eq!(String::from_utf8(verified).unwrap().lines().count(), 1);
    std::fs::write(dir.join("flood"), [foreign.repeat(600), good].concat()).unwrap();
    assert_eq!(code(dir, &["verify", "flood", "cert"], content), 41);
}
