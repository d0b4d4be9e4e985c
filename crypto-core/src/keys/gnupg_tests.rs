//! GnuPG 2.2 reads what we make, and we read what it makes. Needs `gpg` (Debian: `apt install gpg`).

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rand::rngs::OsRng;
use seal::cert::{FetchedCert, Trust};
use seal::sealing::{self, Naming};
use seal::verify::{Verdict, detached};

use super::*;

/// GnuPG with a home of its own.
pub(crate) struct Gpg(pub(crate) std::path::PathBuf);

impl Gpg {
    pub(crate) fn new(name: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        // Short, for the agent's socket has a short name.
        let home = std::env::temp_dir().join(format!("hg-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self(home)
    }

    /// Runs gpg; returns what it wrote, and what it said.
    pub(crate) fn run(&self, args: &[&str], input: &[u8]) -> (Vec<u8>, String) {
        let mut child = Command::new("gpg")
            .arg("--homedir")
            .arg(Path::new(&self.0))
            .args(["--batch", "--yes", "--quiet", "--trust-model", "always", "--status-fd", "2"])
            .args(["--pinentry-mode", "loopback", "--passphrase", ""])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("these tests need GnuPG on PATH (apt install gpg): {error}"));
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "gpg {args:?}: {said}");
        (output.stdout, said)
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").arg("--homedir").arg(&self.0).args(["--kill", "all"]).status();
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn made() -> UnlockedKey {
    UnlockedKey::make(&mut OsRng, KeyProfile::CompatibleV4, "alice@hedgerow.test", now() - 60_000).unwrap()
}

#[test]
fn gnupg_reads_our_secret_key_and_our_mail() {
    let (gpg, key) = (Gpg::new("ours"), made());
    gpg.run(&["--import"], &key.to_secret_bytes().unwrap());
    let (listed, _) = gpg.run(&["--with-colons", "--fingerprint", "--list-secret-keys"], b"");
    let listed = String::from_utf8(listed).unwrap();
    assert!(listed.contains(&key.fingerprint().to_string().to_uppercase()), "{listed}");
    assert!(listed.contains("<alice@hedgerow.test>"), "{listed}");

    let plain = "Grüße\r\n".repeat(5000).into_bytes();
    let sealed = key.sign_and_seal(&mut OsRng, plain.clone(), &[key.certificate()], now()).unwrap();
    let (opened, said) = gpg.run(&["--decrypt"], &sealed.bytes);
    assert_eq!(opened, plain);
    assert!(said.contains("GOODSIG") && said.contains("GOODMDC"), "{said}");
    // With key ids as well.
    let named =
        sealing::seal(&mut OsRng, plain.clone(), &[key.certificate()], None, Naming::Named, now()).unwrap();
    assert_eq!(gpg.run(&["--decrypt"], &named.bytes).0, plain);

    let signature = key.sign_detached(&mut OsRng, &plain, now()).unwrap();
    let (at, of) = (gpg.0.join("s.asc"), gpg.0.join("s.txt"));
    std::fs::write(&at, signature).unwrap();
    std::fs::write(&of, &plain).unwrap();
    let (_, said) = gpg.run(&["--verify", at.to_str().unwrap(), of.to_str().unwrap()], b"");
    assert!(said.contains("GOODSIG"), "{said}");
}

#[test]
fn we_read_what_gnupg_seals_and_signs() {
    let (gpg, key) = (Gpg::new("theirs"), made());
    gpg.run(&["--import"], key.certificate_bytes());
    for kind in ["ed25519", "rsa2048", "nistp256"] {
        let address = format!("{kind}@gnupg.test");
        gpg.run(&["--quick-generate-key", &address, kind, "cert,sign", "1y"], b"");
        let (listed, _) = gpg.run(&["--with-colons", "--list-keys", &address], b"");
        let listed = String::from_utf8(listed).unwrap();
        let print = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap();
        let print = print.trim_end_matches(':').to_owned();
        let sub = match kind {
            "rsa2048" => "rsa2048",
            "nistp256" => "nistp256",
            _ => "cv25519",
        };
        gpg.run(&["--quick-add-key", &print, sub, "encrypt", "1y"], b"");
        let (bytes, _) = gpg.run(&["--export", &address], b"");
        let cert = FetchedCert::parse(&bytes).unwrap();
        let judgement = cert.judge(now(), Some(&address)).unwrap();
        assert_eq!(judgement.fingerprint.to_string().to_uppercase(), print);

        let plain = b"from gnupg\n".repeat(3000);
        let (sealed, _) =
            gpg.run(&["-u", &address, "-r", "alice@hedgerow.test", "--sign", "--encrypt"], &plain);
        let opened = key.open(&sealed, 1_000_000).unwrap();
        assert_eq!(opened.bytes(), plain);
        let verdict = opened.check(&cert, now()).remove(0).verdict;
        assert!(matches!(verdict, Verdict::Good { .. }), "{kind}: {verdict:?}");

        let (signature, _) = gpg.run(&["-u", &address, "--detach-sign", "--armor"], &plain);
        let claims = detached(&signature).unwrap();
        assert!(matches!(claims[0].check(&plain, &cert, None, now()), Verdict::Good { .. }));
        assert_eq!(claims[0].check(b"else", &cert, None, now()), Verdict::Broken);

        // And back.
        let cert = cert.trust(Trust::FirstSeen);
        let ours = key.sign_and_seal(&mut OsRng, plain.clone(), &[&cert], now()).unwrap();
        let (opened, said) = gpg.run(&["--decrypt"], &ours.bytes);
        assert_eq!(opened, plain, "{said}");
        assert!(said.contains("GOODSIG"), "{said}");

        // Revoked: neither sealed to nor believed.
        let revocation = gpg.0.join("openpgp-revocs.d").join(format!("{print}.rev"));
        let text = std::fs::read_to_string(revocation).unwrap().replace(":-----BEGIN", "-----BEGIN");
        gpg.run(&["--import"], text.as_bytes());
        let (bytes, _) = gpg.run(&["--export", &address], b"");
        let cert = FetchedCert::parse(&bytes).unwrap();
        assert_eq!(cert.judge(now(), None).unwrap_err(), Refusal::Revoked);
        assert!(matches!(claims[0].check(&plain, &cert, None, now()), Verdict::DoesNotCount(_)));
    }
}

#[test]
fn gnupg_reads_our_locked_keys_and_we_read_its_own() {
    let gpg = Gpg::new("locked");
    for profile in [KeyProfile::CompatibleV4, KeyProfile::Rsa3072] {
        let ids = ["Locked <locked@hedgerow.test>"];
        let mut key = SecretCert::make(&mut OsRng, &KeyOptions::new(profile, &ids), now() - 60_000).unwrap();
        key.set_passphrase(&mut OsRng, b"open sesame", LockForm::Iterated).unwrap();
        gpg.run(&["--passphrase", "open sesame", "--import"], key.to_armor().unwrap().as_bytes());
        let print = key.fingerprint().to_string();
        let sign = ["--passphrase", "open sesame", "-u", &print, "--detach-sign", "--armor"];
        let (signature, _) = gpg.run(&sign, b"text");
        let claims = detached(&signature).unwrap();
        let verdict =
            claims[0].check(b"text", &FetchedCert::around(key.cert().clone()).unwrap(), None, now());
        assert!(matches!(verdict, Verdict::Good { .. }), "{verdict:?}");

        // The way back: with GnuPG's own derivations, and with the primary key stripped.
        let export = ["--passphrase", "open sesame", "--export-secret-keys", &print];
        let (exported, _) = gpg.run(&export, b"");
        let mut again = SecretCert::parse(&exported).unwrap();
        assert!(again.is_locked());
        assert!(again.unlock(b"wrong").is_err());
        assert_eq!(again.unlock(b"open sesame").unwrap(), 2);
        let export = ["--passphrase", "open sesame", "--export-secret-subkeys", &print];
        let (exported, _) = gpg.run(&export, b"");
        let mut again = SecretCert::parse(&exported).unwrap();
        assert_eq!(again.keys()[0].state, SecretState::Absent);
        assert_eq!(again.unlock(b"open sesame").unwrap(), 1);

        // GnuPG reads our stripped form, and our revocation.
        let other = Gpg::new("stripped");
        key.strip_primary();
        other.run(&["--passphrase", "open sesame", "--import"], &key.to_bytes().unwrap());
        let (listed, _) = other.run(&["--with-colons", "--list-secret-keys"], b"");
        let listed = String::from_utf8(listed).unwrap();
        assert!(listed.lines().any(|line| line.starts_with("sec:") && line.contains(":#:")), "{listed}");
    }
}

#[test]
fn gnupg_takes_our_revocation_and_our_changes() {
    let gpg = Gpg::new("changed");
    // GnuPG wants a trust database before it takes a revocation: it makes one with its first own key.
    gpg.run(&["--quick-generate-key", "own@gnupg.test", "ed25519", "cert,sign", "1y"], b"");
    let ids = ["<one@hedgerow.test>"];
    let options = KeyOptions::new(KeyProfile::CompatibleV4, &ids);
    let mut key = SecretCert::make(&mut OsRng, &options, now() - 60_000).unwrap();
    key.add_user_id(&mut OsRng, "<two@hedgerow.test>", now() - 50_000).unwrap();
    key.rotate_encryption(&mut OsRng, KeyProfile::CompatibleV4, None, now() - 40_000).unwrap();
    gpg.run(&["--import"], &key.cert().to_bytes());
    let sealed = gpg.run(&["-r", "two@hedgerow.test", "--encrypt"], b"to the new subkey").0;
    let fingerprint = key.fingerprint().clone();
    let revocation =
        key.revocation_certificate(&mut OsRng, Reason::Compromised, "lost", now() - 1000).unwrap();
    let held = UnlockedKey::from_cert(key, &fingerprint, now()).unwrap();
    assert_eq!(held.open(&sealed, 100).unwrap().bytes(), b"to the new subkey");
    gpg.run(&["--import"], revocation.as_bytes());
    let (listed, _) = gpg.run(&["--with-colons", "--list-keys"], b"");
    assert!(String::from_utf8(listed).unwrap().contains("pub:r:"));
}

#[test]
fn weak_gnupg_keys_and_old_ciphers_are_refused() {
    let (gpg, key) = (Gpg::new("weak"), made());
    gpg.run(&["--import"], key.certificate_bytes());
    gpg.run(&["--quick-generate-key", "weak@gnupg.test", "rsa1024", "default", "1y"], b"");
    let (bytes, _) = gpg.run(&["--export", "weak@gnupg.test"], b"");
    let refusal = FetchedCert::parse(&bytes).unwrap().judge(now(), None).unwrap_err();
    assert!(matches!(refusal, Refusal::WeakAlgorithm(_)), "{refusal}");

    let weak = ["--cipher-algo", "3DES", "-r", "alice@hedgerow.test", "--encrypt"];
    let (sealed, _) = gpg.run(&weak, b"x");
    assert_eq!(key.open(&sealed, 1000).unwrap_err().code, model::error::CoreErrorCode::NoIntegrity);
}
