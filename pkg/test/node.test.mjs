import assert from "node:assert/strict";
import { test } from "node:test";
import * as hedgerow from "@hedgerow/crypto";

const { makeKey, readSecretKey, readCertificate, encrypt, decrypt, sign, verify, sessionKeyOf, load } = hedgerow;
const PASSPHRASE = "ocean velvet hammer noble";
const code = (name) => (error) => error instanceof hedgerow.HedgerowError && error.code === name && error.remedy !== "";
const random = (length) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
};

for (const profile of ["compatible", "modern", "rsa3072"]) {
  test(`a ${profile} key encrypts, signs, decrypts and verifies at every size`, async () => {
    const alice = await makeKey({ userIds: "Alice <alice@example.org>", profile });
    const to = alice.certificate;
    assert.equal(to.usable, true);
    for (const size of [0, 1, 2048, 70_000, 3 << 20]) {
      const content = random(size);
      const { message, format } = await encrypt(content, { to, from: alice });
      assert.equal(format, profile === "modern" ? "seipd2-ocb" : "seipd1");
      const opened = await decrypt(message, { keys: alice, signers: to, expectSigned: true });
      assert.deepEqual(opened.content, content);
      assert.equal(opened.signatures[0].verdict, "good");
      assert.equal(opened.signatures[0].signer.fingerprint, alice.fingerprint);
      const damaged = message.slice();
      damaged[damaged.length - 30] ^= 1;
      await assert.rejects(decrypt(damaged, { keys: alice }), code("tampered"));
    }
    alice.free();
    await assert.rejects(decrypt(new Uint8Array([1]), { keys: alice }), code("handle_freed"));
  });
}

test("GCM by the host and streams give what went in, and tampering is seen", async () => {
  const alice = await makeKey({ userIds: "alice@example.org", profile: "modern" });
  const content = random(5 << 20);
  const { message } = await encrypt(content, { to: alice.certificate, from: alice, format: "seipd2-gcm" });
  assert.deepEqual((await decrypt(message, { keys: alice })).content, content);
  const stream = new Blob([content]).stream();
  const streamed = await encrypt(stream, { to: alice.certificate, from: alice, format: "seipd2-gcm" });
  const opened = await decrypt(streamed.message, { keys: alice, signers: alice.certificate });
  assert.deepEqual(new Uint8Array(await new Response(opened.content).arrayBuffer()), content);
  assert.equal((await opened.signatures)[0].verdict, "good");
  const damaged = message.slice();
  damaged[1 << 20] ^= 1;
  await assert.rejects(decrypt(damaged, { keys: alice }), code("tampered"));
  alice.free();
});

test("a locked key unlocks with its passphrase only, in both forms", async () => {
  const alice = await makeKey({ userIds: "alice@example.org" });
  for (const protection of ["argon2", "gnupg"]) {
    const locked = await readSecretKey((await alice.lock(PASSPHRASE, { protection })).armored);
    assert.equal(locked.isProtected, true);
    await assert.rejects(locked.unlock("wrong"), code("wrong_passphrase"));
    await assert.rejects(locked.unlock(), code("locked"));
    (await locked.unlock(PASSPHRASE, { fingerprint: alice.fingerprint })).free();
  }
  alice.free();
});

test("passwords, session keys, detached and cleartext signatures", async () => {
  const alice = await makeKey({ userIds: "alice@example.org" });
  const { message } = await encrypt("hello", { passwords: PASSPHRASE, armor: true });
  assert.match(message, /^-----BEGIN PGP MESSAGE-----/);
  assert.equal((await decrypt(message, { passwords: PASSPHRASE, as: "text" })).content, "hello");
  await assert.rejects(decrypt(message, { passwords: "wrong" }), code("no_key_for_message"));
  const sessionKeys = await sessionKeyOf(message, { passwords: PASSPHRASE });
  assert.equal((await decrypt(message, { sessionKeys, as: "text" })).content, "hello");

  const signature = await sign("hello", { from: alice, armor: true });
  const verdict = async (text) =>
    (await verify(text, { signature, signers: alice.certificate })).signatures[0].verdict;
  assert.equal(await verdict("hello"), "good");
  assert.equal(await verdict("hullo"), "broken");
  const cleartext = await sign("- dashes\nand lines", { from: alice, form: "cleartext" });
  const read = await verify(cleartext, { signers: alice.certificate, as: "text" });
  assert.equal(read.signatures[0].verdict, "good");
  alice.free();
});

test("secrets do not leave by way of JavaScript", async () => {
  const alice = await makeKey({ userIds: "alice@example.org" });
  assert.equal(JSON.stringify(alice), "{}");
  assert.throws(() => new hedgerow.SecretKey());
  await assert.rejects(readCertificate(new Uint8Array([1, 2, 3])), hedgerow.HedgerowError);
  alice.free();
});

test("the vault answers commands, and refuses what makes no sense", async () => {
  const { Vault } = await load();
  const vault = new Vault();
  const ask = (command) => vault.handle(command, () => {});
  assert.ok(ask({ rate_passphrase: { passphrase: PASSPHRASE } }).strength.strength.score >= 2);
  assert.equal(ask("state_rejected").error.error.code, "locked");
  assert.equal(ask({ no_such_command: { passphrase: "canary" } }).error.error.code, "malformed");
  assert.equal(ask("lock"), "done");
  vault.free();
});
