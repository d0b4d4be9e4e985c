import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "@hedgerow/crypto";

const PASSPHRASE = "ocean velvet hammer noble";
const crypto = await load();
const { SecretKey, readCertificate, Vault } = crypto;
const code = (name) => (error) => error instanceof Error && error.code === name;
const text = (bytes) => new TextDecoder().decode(bytes);

for (const profile of ["compatible", "modern"]) {
  test(`a ${profile} key seals and opens`, () => {
    const alice = SecretKey.make("alice@example.org", { profile });
    const bob = SecretKey.make("bob@example.org", { profile });
    const sealed = alice.seal("Grüße über die Hecke 🦔", [bob.certificate, alice.certificate]);
    assert.ok(sealed instanceof Uint8Array);
    const opened = bob.open(sealed, [bob.certificate, alice.certificate]);
    assert.equal(text(opened.bytes), "Grüße über die Hecke 🦔");
    assert.equal(opened.signatures.length, 1);
    assert.equal(opened.signatures[0].verdict, "good");
    assert.equal(opened.signatures[0].signer, alice.fingerprint);
    assert.equal(text(alice.open(sealed).bytes), "Grüße über die Hecke 🦔");

    const unsigned = bob.open(alice.seal("x", [bob.certificate], { sign: false }), [alice.certificate]);
    assert.equal(unsigned.signed, false);
    alice.free();
    bob.free();
  });
}

test("a signature nobody given knows is said to be unknown", () => {
  const alice = SecretKey.make("alice@example.org");
  const bob = SecretKey.make("bob@example.org");
  const opened = bob.open(alice.seal("x", [bob.certificate]), [bob.certificate]);
  assert.equal(opened.signatures[0].verdict, "unknown");
  assert.equal(opened.signatures[0].signer, undefined);
});

test("every damaged message is refused, and so is one for somebody else", () => {
  const alice = SecretKey.make("alice@example.org");
  const bob = SecretKey.make("bob@example.org");
  const sealed = alice.seal("x".repeat(200), [bob.certificate]);
  for (let at = sealed.length - 1; at > 20; at -= 37) {
    const damaged = sealed.slice();
    damaged[at] ^= 1;
    assert.throws(() => bob.open(damaged), undefined, `byte ${at}`);
  }
  assert.throws(() => alice.open(sealed), code("no_key_for_message"));
});

test("a locked key opens with its passphrase only", () => {
  const alice = SecretKey.make("alice@example.org");
  const locked = alice.lockWithPassphrase(PASSPHRASE);
  const { fingerprint } = alice;
  alice.free();
  const again = SecretKey.unlock(locked, PASSPHRASE, { fingerprint });
  assert.equal(again.fingerprint, fingerprint);
  assert.throws(() => SecretKey.unlock(locked, `${PASSPHRASE}!`), code("wrong_passphrase"));
  assert.throws(
    () => SecretKey.unlock(locked, PASSPHRASE, { fingerprint: "00".repeat(20) }),
    code("key_substituted"),
  );
  const damaged = locked.slice();
  damaged[damaged.length - 1] ^= 1;
  assert.throws(() => SecretKey.unlock(damaged, PASSPHRASE), code("wrong_passphrase"));
  assert.throws(() => again.lockWithPassphrase("short"), code("passphrase_too_short"));
});

test("certificates are read in both forms and judged for an address", () => {
  const alice = SecretKey.make("alice@example.org");
  const { armored, bytes, fingerprint } = alice.certificate;
  assert.match(armored, /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n/);
  const read = readCertificate(armored, { address: "alice@example.org" });
  assert.deepEqual([read.fingerprint, read.version, read.usable], [fingerprint, 4, true]);
  assert.deepEqual(read.bytes, bytes);
  assert.ok(read.expires > Date.now());
  assert.equal(readCertificate(bytes, { address: "bob@example.org" }).usable, false);
  assert.throws(() => readCertificate(new Uint8Array([1, 2, 3])), code("unusable_certificate"));
});

test("secrets do not leave by way of JavaScript", () => {
  const alice = SecretKey.make("alice@example.org");
  assert.equal(JSON.stringify(alice), "{}");
  assert.throws(() => new SecretKey());
  alice.free();
  assert.throws(() => alice.fingerprint);
});

test("the vault answers commands, and refuses what makes no sense", () => {
  const vault = new Vault();
  const steps = [];
  const ask = (command) => vault.handle(command, (step) => steps.push(step));
  const rated = ask({ rate_passphrase: { passphrase: PASSPHRASE } });
  assert.ok(rated.strength.strength.score >= 2);
  const started = ask({ start_login: { address: "alice@hedgerow.test", passphrase: PASSPHRASE } });
  assert.equal(started.login_start.request.ke1.length, 128);
  assert.equal(ask("state_rejected").error.error.code, "locked");
  assert.equal(ask({ no_such_command: { passphrase: "canary" } }).error.error.code, "malformed");
  assert.ok(!JSON.stringify(ask({ start_login: { address: "canary", passphrase: 1 } })).includes("canary"));
  assert.equal(ask("lock"), "done");
  assert.deepEqual(steps, []);
  vault.free();
});
