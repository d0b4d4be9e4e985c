//! GnuPG 2.2 and Sequoia read what we write. Needs `gpg` and `sq` (`cargo xtask tools`; Debian: `apt install
//! gpg sq`); a test says so and passes over a program that is not there.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use pgp::composed::ArmorOptions;

use super::*;

/// A folder of its own, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        // Short, for the agent's socket has a short name.
        let path = std::env::temp_dir().join(format!("hw-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").arg("--homedir").arg(&self.0).args(["--kill", "all"]).status();
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the program wrote and said. None if it is not installed.
fn run(program: &str, args: &[&str], input: &[u8]) -> Option<(Vec<u8>, String)> {
    let spawned = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        eprintln!("SKIPPED: {program} is not on PATH; `cargo xtask tools` installs it");
        return None;
    };
    // From a thread of its own: the program writes while it reads, and its pipe is short.
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    let feeding = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {args:?}: {said}");
    Some((output.stdout, said))
}

fn gpg(home: &Folder, args: &[&str], input: &[u8]) -> Option<(Vec<u8>, String)> {
    let mut all = vec!["--homedir", home.0.to_str().unwrap(), "--batch", "--yes", "--quiet"];
    all.extend(["--trust-model", "always", "--status-fd", "2", "--pinentry-mode", "loopback"]);
    all.extend(args);
    run("gpg", &all, input)
}

/// rPGP asks the clock when it makes keys here; GnuPG asks it when it reads.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn v1_to(key: &SignedSecretKey) -> Options<'_> {
    Options {
        recipients: vec![to(key, Naming::Blank)],
        passwords: vec![Password { bytes: b"sesame", form: PasswordForm::Iterated }],
        signers: vec![signer(key)],
        intended: vec![signer(key).fingerprint().clone()],
        ..Options::default()
    }
}

#[test]
fn gnupg_reads_what_we_write() {
    let (home, ann) = (Folder::new("gpg"), v4(1));
    let armored = ann.to_armored_bytes(ArmorOptions::default()).unwrap();
    if gpg(&home, &["--passphrase", "", "--import"], &armored).is_none() {
        return;
    }
    let content = text(200_000, 1);
    for length in [Some(200_000), None] {
        let options = Options { length, armor: length.is_none(), ..v1_to(&ann) };
        let sealed = write(&content, &options, &[secret(&ann)], &mut rng(2), now()).unwrap();
        let (opened, said) = gpg(&home, &["--passphrase", "", "--decrypt"], &sealed).unwrap();
        assert!(opened == content);
        assert!(said.contains("GOODSIG") && said.contains("DECRYPTION_OKAY"), "{said}");
        // Without the secret key; the certificate, for gpg fails over signatures it cannot check.
        let alone = Folder::new("gpgpw");
        let public = ann.to_public_key().to_armored_bytes(ArmorOptions::default()).unwrap();
        gpg(&alone, &["--import"], &public).unwrap();
        let (opened, _) = gpg(&alone, &["--passphrase", "sesame", "--decrypt"], &sealed).unwrap();
        assert!(opened == content);
    }
    let signature =
        sign_detached(&content, ContentKind::Binary, &[secret(&ann)], &mut rng(2), now()).unwrap();
    let (file, data) = (home.file("sig", &signature), home.file("data", &content));
    let (_, said) = gpg(&home, &["--verify", &file, &data], b"").unwrap();
    assert!(said.contains("GOODSIG"), "{said}");
    for text in ["one line", "- dash\n end \t\n", "DOS\r\nlines\r\n\r\n", ""] {
        let signed = cleartext_sign(text.as_bytes(), &[secret(&ann)], &mut rng(2), now()).unwrap();
        let (_, said) = gpg(&home, &["--verify"], &signed).unwrap();
        assert!(said.contains("GOODSIG"), "{text:?} {said}");
    }
}

#[test]
fn sequoia_reads_what_we_write() {
    let (folder, ann) = (Folder::new("sq"), v4(1));
    let key = folder.file("key", &ann.to_armored_bytes(ArmorOptions::default()).unwrap());
    let content = text(200_000, 1);
    for length in [Some(200_000), None] {
        let options = Options { length, passwords: Vec::new(), ..v1_to(&ann) };
        let sealed = write(&content, &options, &[secret(&ann)], &mut rng(2), now()).unwrap();
        let args = ["decrypt", "--recipient-key", &key, "--signer-cert", &key, "-n", "1"];
        let Some((opened, said)) = run("sq", &args, &sealed) else { return };
        assert!(opened == content, "{said}");
    }
    for text in ["one line", "- dash\n end \t\n", "DOS\r\nlines\r\n\r\n"] {
        let signed = cleartext_sign(text.as_bytes(), &[secret(&ann)], &mut rng(2), now()).unwrap();
        run("sq", &["verify", "--signer-cert", &key], &signed);
    }
}
