//! Keys and mail as GnuPG made them for decades, with the real GnuPG (Debian: `apt install gpg`): brainpool curves,
//! ElGamal, ciphers with 64-bit blocks. And what is refused all the same.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn run(mut command: Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that fails before it reads closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// A folder with a home of GnuPG in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("g")).unwrap();
        std::fs::set_permissions(dir.path().join("g"), std::fs::Permissions::from_mode(0o700)).unwrap();
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn gpg(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = Command::new("gpg");
        command
            .current_dir(self.0.path())
            .arg("--homedir")
            .arg(self.path("g"))
            .args(["--batch", "--yes", "--quiet", "--trust-model=always", "--pinentry-mode=loopback"])
            .args(["--passphrase", ""])
            .args(arguments);
        let output = run(command, input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn sop<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hedgerow-sop"));
        command.current_dir(self.0.path()).env("WORD", "secret").args(arguments);
        run(command, input)
    }

    fn made(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.sop(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Makes a key with GnuPG; its files are `key` and `cert`.
    fn key(&self, parameters: &str) {
        let parameters =
            format!("%no-protection\n{parameters}\nName-Email: old@example.org\nExpire-Date: 0\n%commit\n");
        self.gpg(&["--gen-key"], parameters.as_bytes());
        std::fs::write(self.path("key"), self.gpg(&["--armor", "--export-secret-keys"], b"")).unwrap();
        std::fs::write(self.path("cert"), self.gpg(&["--export"], b"")).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let home = Path::new(self.0.path()).join("g");
        let _ = Command::new("gpgconf").arg("--homedir").arg(home).args(["--kill", "all"]).status();
    }
}

#[test]
fn brainpool_keys_of_gnupg_verify_open_and_are_sealed_to() {
    for curve in ["brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"] {
        let folder = Folder::new();
        folder.key(&format!(
            "Key-Type: ECDSA\nKey-Curve: {curve}\nKey-Usage: sign\nSubkey-Type: ECDH\nSubkey-Curve: {curve}"
        ));
        let signature = folder.gpg(&["--detach-sign"], b"content");
        std::fs::write(folder.path("signature"), signature).unwrap();
        folder.made(&["verify", "signature", "cert"], b"content");
        assert_eq!(folder.sop(&["verify", "signature", "cert"], b"Content").status.code(), Some(3));

        let sealed = folder.gpg(&["--recipient", "old@example.org", "--encrypt"], b"to us");
        assert_eq!(folder.made(&["decrypt", "key"], &sealed), b"to us", "{curve}");
        let sealed = folder.made(&["encrypt", "--no-armor", "cert"], b"to them");
        assert_eq!(folder.gpg(&["--decrypt"], &sealed), b"to them", "{curve}");
        // Signing with these curves is left to others.
        assert_eq!(folder.sop(&["sign", "key"], b"").status.code(), Some(79));
    }
}

#[test]
fn elgamal_keys_open_old_mail_and_are_not_sealed_to() {
    let folder = Folder::new();
    folder.key("Key-Type: DSA\nKey-Length: 2048\nSubkey-Type: ELG-E\nSubkey-Length: 2048");
    let sealed = folder.gpg(&["--recipient", "old@example.org", "--encrypt"], b"to us");
    assert_eq!(folder.made(&["decrypt", "key"], &sealed), b"to us");
    assert_eq!(folder.sop(&["encrypt", "cert"], b"").status.code(), Some(17));
}

#[test]
fn mail_under_the_old_ciphers_opens_if_nothing_was_changed() {
    let folder = Folder::new();
    let content = b"content of some length ".repeat(3000);
    for cipher in ["3DES", "CAST5", "BLOWFISH", "IDEA"] {
        let arguments = ["--passphrase", "secret", "--cipher-algo", cipher, "--symmetric"];
        let mut sealed = folder.gpg(&arguments, &content);
        let open = ["decrypt", "--with-password=@ENV:WORD"];
        assert!(folder.made(&open, &sealed) == content, "{cipher}");
        let middle = sealed.len() / 2;
        sealed[middle] ^= 1;
        let output = folder.sop(&open, &sealed);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(29), 0), "{cipher}");
    }
}
