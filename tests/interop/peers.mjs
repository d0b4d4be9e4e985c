// OpenPGP programs behind one face: keys, encrypted and signed messages, signatures. Every call works in a
// folder of its own with files only, as people use these programs.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const require = createRequire(fileURLToPath(new URL("../browser/package.json", import.meta.url)));
const root = mkdtempSync(join(tmpdir(), "hedgerow-interop-"));
process.on("exit", () => {
  // gpg leaves an agent behind for each home; it must not outlive its folder.
  spawnSync("gpgconf", ["--homedir", join(root, "gnupg"), "--kill", "all"]);
  rmSync(root, { recursive: true, force: true });
});

let count = 0;
/** A new file with this content, or the name for one. */
const file = (content) => {
  const path = join(root, `f${count++}`);
  if (content !== undefined) writeFileSync(path, content);
  return path;
};

/** Runs a program to its end; what it printed, or an error with what it complained of. */
function run(program, args, { input, env } = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args[0]} ended with ${status}: ${stderr.toString().slice(-600)}`);
  return stdout;
}

const has = (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

/** Any implementation of the Stateless OpenPGP command line; here ours. */
export function sop(program, profile) {
  return {
    name: `hedgerow-sop ${profile}`,
    format: profile === "compatible" ? 4 : 6,
    makeKey(userId) {
      const secret = file(run(program, ["generate-key", `--profile=${profile}`, userId]));
      return { secret, cert: file(run(program, ["extract-cert"], { input: readFileSync(secret) })) };
    },
    encrypt: (key, to, content) =>
      file(run(program, ["encrypt", `--sign-with=${key.secret}`, to], { input: content })),
    decrypt(key, from, message) {
      const verifications = file();
      const args = ["decrypt", `--verify-with=${from}`, `--verifications-out=${verifications}`, key.secret];
      const content = run(program, args, { input: readFileSync(message) });
      if (!readFileSync(verifications, "utf8").trim()) throw new Error("no valid signature");
      return content;
    },
    detached: (key, content) => file(run(program, ["sign", key.secret], { input: content })),
    verify: (from, signature, content) => void run(program, ["verify", signature, from], { input: content }),
    cleartext: (key, content) =>
      file(run(program, ["inline-sign", "--as=clearsigned", key.secret], { input: content })),
    verifyCleartext: (from, message) => run(program, ["inline-verify", from], { input: readFileSync(message) }),
  };
}

/** GnuPG, with a home of its own. */
export function gnupg(algorithm) {
  if (!has("gpg")) return undefined;
  const home = join(root, "gnupg");
  if (!existsSync(home)) mkdirSync(home, { mode: 0o700 });
  const gpg = (args, options) =>
    run("gpg", ["--homedir", home, "--batch", "--quiet", "--yes", "--trust-model=always", ...args], options);
  const import_ = (path) => gpg(["--import", path]);
  const fingerprint = (path) =>
    /^fpr:+([0-9A-F]+):/m.exec(gpg(["--show-keys", "--with-colons", path]).toString())[1];
  const valid = (args) => {
    const status = gpg(["--status-fd=1", ...args]).toString();
    if (!/^\[GNUPG:\] VALIDSIG /m.test(status)) throw new Error("no valid signature");
  };
  return {
    name: `gpg ${algorithm}`,
    format: 4,
    makeKey(userId) {
      gpg(["--passphrase", "", "--quick-gen-key", userId, algorithm, "default", "1y"]);
      const own = /^fpr:+([0-9A-F]+):/m.exec(gpg(["--list-keys", "--with-colons", `=${userId}`]).toString())[1];
      const encryption = algorithm === "ed25519" ? "cv25519" : algorithm;
      gpg(["--passphrase", "", "--quick-add-key", own, encryption, "encr", "1y"]);
      return { id: own, cert: file(gpg(["--armor", "--export", own])), secret: file(gpg(["--armor", "--export-secret-keys", own])) };
    },
    encrypt(key, to, content) {
      import_(to);
      return file(gpg(["--armor", "--sign", "-u", key.id, "--encrypt", "-r", fingerprint(to)], { input: content }));
    },
    decrypt(key, from, message) {
      import_(from);
      const out = file();
      valid(["--output", out, "--decrypt", message]);
      return readFileSync(out);
    },
    importSecret: import_,
    /** What it says of a certificate, judged after an import: for programs. */
    shown(path) {
      import_(path);
      return gpg(["--list-keys", "--with-colons", fingerprint(path)]).toString();
    },
    /** The revocation that it prepared when it made the key; a colon keeps people from applying it unthinkingly. */
    revocation: (key) =>
      readFileSync(join(home, "openpgp-revocs.d", `${key.id}.rev`), "utf8").replace(/^:(?=-----BEGIN)/m, ""),
    /** Decrypts with a key that is locked. */
    open: (message, passphrase) =>
      gpg(["--pinentry-mode=loopback", `--passphrase=${passphrase}`, "--decrypt", message]),
    detached: (key, content) => file(gpg(["--armor", "-u", key.id, "--detach-sign"], { input: content })),
    verify(from, signature, content) {
      import_(from);
      valid(["--verify", signature, file(content)]);
    },
    cleartext: (key, content) => file(gpg(["-u", key.id, "--clear-sign"], { input: content })),
    verifyCleartext(from, message) {
      import_(from);
      const out = file();
      valid(["--output", out, "--verify", message]);
      return readFileSync(out);
    },
  };
}

/** Sequoia's `sq` 0.27 of Debian 12. */
export function sequoia() {
  if (!has("sq")) return undefined;
  const sq = (args, options) => run("sq", args, options);
  return {
    name: "sq",
    format: 4,
    makeKey(userId) {
      const secret = file();
      sq(["key", "generate", "--userid", userId, "--export", secret]);
      return { secret, cert: file(sq(["key", "extract-cert", secret])) };
    },
    encrypt: (key, to, content) =>
      file(sq(["encrypt", "--signer-key", key.secret, "--recipient-cert", to], { input: content })),
    decrypt: (key, from, message) => sq(["decrypt", "--recipient-key", key.secret, "--signer-cert", from, message]),
    detached: (key, content) => file(sq(["sign", "--detached", "--signer-key", key.secret], { input: content })),
    verify: (from, signature, content) =>
      void sq(["verify", "--signer-cert", from, "--detached", signature, file(content)]),
    cleartext: (key, content) =>
      file(sq(["sign", "--cleartext-signature", "--signer-key", key.secret], { input: content })),
    verifyCleartext: (from, message) => sq(["verify", "--signer-cert", from, message]),
  };
}

/** OpenPGP.js; version 6 keys announce SEIPDv2. */
export async function openpgpjs(version) {
  const openpgp = await import(pathToFileURL(require.resolve("openpgp")).href.replace("openpgp.min.cjs", "openpgp.min.mjs"));
  const config = version === 6 ? { v6Keys: true, aeadProtect: true } : {};
  const privateKey = (path) => openpgp.readPrivateKey({ armoredKey: readFileSync(path, "utf8") });
  const cert = (path) => openpgp.readKey({ armoredKey: readFileSync(path, "utf8") });
  const proven = async (signatures) => {
    if (signatures.length === 0) throw new Error("not signed");
    for (const signature of signatures) await signature.verified;
  };
  return {
    name: `OpenPGP.js v${version}`,
    format: version,
    async makeKey(userId) {
      const email = /<(.*)>/.exec(userId)[1];
      const made = await openpgp.generateKey({
        ...(version === 6 ? { type: "curve25519" } : { type: "ecc", curve: "curve25519Legacy" }),
        userIDs: [{ name: userId.split(" <")[0], email }],
        config,
      });
      return { secret: file(made.privateKey), cert: file(made.publicKey) };
    },
    async encrypt(key, to, content) {
      const message = await openpgp.createMessage({ binary: new Uint8Array(content) });
      const keys = { signingKeys: await privateKey(key.secret), encryptionKeys: await cert(to) };
      return file(await openpgp.encrypt({ message, ...keys, config }));
    },
    async decrypt(key, from, path) {
      const { data, signatures } = await openpgp.decrypt({
        message: await openpgp.readMessage({ armoredMessage: readFileSync(path, "utf8") }),
        decryptionKeys: await privateKey(key.secret),
        verificationKeys: await cert(from),
        format: "binary",
      });
      await proven(signatures);
      return Buffer.from(data);
    },
    async detached(key, content) {
      const message = await openpgp.createMessage({ binary: new Uint8Array(content) });
      return file(await openpgp.sign({ message, signingKeys: await privateKey(key.secret), detached: true }));
    },
    async verify(from, path, content) {
      const { signatures } = await openpgp.verify({
        message: await openpgp.createMessage({ binary: new Uint8Array(content) }),
        signature: await openpgp.readSignature({ armoredSignature: readFileSync(path, "utf8") }),
        verificationKeys: await cert(from),
      });
      await proven(signatures);
    },
    async cleartext(key, content) {
      const message = await openpgp.createCleartextMessage({ text: content.toString("utf8") });
      return file(await openpgp.sign({ message, signingKeys: await privateKey(key.secret) }));
    },
    async verifyCleartext(from, path) {
      const { data, signatures } = await openpgp.verify({
        message: await openpgp.readCleartextMessage({ cleartextMessage: readFileSync(path, "utf8") }),
        verificationKeys: await cert(from),
      });
      await proven(signatures);
      return Buffer.from(data);
    },
  };
}
