// What a person does with a key over the years: other addresses, another end, a new subkey, a revocation.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HedgerowError, decrypt, encrypt, makeKey, readCertificate, readSecretKey, recipientsOf, sign, verify } from "@hedgerow/crypto";
import { gnupg } from "../../tests/interop/peers.mjs";

const DAY = 86_400_000;
const PASSPHRASE = "ocean velvet hammer noble";
const code = (name) => (error) => error instanceof HedgerowError && error.code === name;
const profiles = ["compatible", "modern"];

for (const profile of profiles) {
  test(`a ${profile} key gains an address and loses one`, async () => {
    const key = await makeKey({ userIds: ["Alice <alice@example.org>", "alice@old.example"], profile });
    await key.addUserId("Alice <alice@new.example>");
    await key.revokeUserId("alice@old.example");
    assert.deepEqual(key.certificate.userIds, ["Alice <alice@example.org>", "Alice <alice@new.example>"]);
    const judged = await (await readCertificate(key.certificate.bytes)).judge();
    const old = judged.userIds.find(({ text }) => text === "alice@old.example");
    assert.equal(old.valid, false);
    assert.match(old.reason, /revoked/);
    assert.equal((await readCertificate(key.certificate.bytes, { address: "alice@old.example" })).usable, false);
    await assert.rejects(key.revokeUserId("nobody@example.org"), code("unusable_certificate"));
    // What was changed is what is locked.
    const again = await (await readSecretKey((await key.lock(PASSPHRASE)).bytes)).unlock(PASSPHRASE);
    assert.deepEqual(again.certificate.userIds, key.certificate.userIds);
    again.free();
    key.free();
    await assert.rejects(key.addUserId("Alice <alice@third.example>"), code("handle_freed"));
  });

  test(`a ${profile} key is given another end, or none`, async () => {
    const key = await makeKey({ userIds: "alice@example.org", profile, expires: Date.now() + 10 * DAY });
    const until = key.certificate.expires;
    const later = Date.now() + 30 * DAY;
    assert.equal((await readCertificate(key.certificate.bytes, { at: later - DAY })).usable, false);
    await key.setExpiry(later);
    assert.ok(key.certificate.expires - until > 19 * DAY);
    assert.equal((await readCertificate(key.certificate.bytes, { at: later - DAY })).usable, true);
    await key.setExpiry(null);
    assert.equal(key.certificate.expires, undefined);
    await assert.rejects(key.setExpiry(Date.now() - DAY), code("bad_argument"));
    await assert.rejects(key.setExpiry(), code("bad_argument"));
    key.free();
  });

  test(`a ${profile} key gets a new subkey and reads what was for the old one`, async () => {
    const key = await makeKey({ userIds: "alice@example.org", profile });
    const before = await encrypt("before", { to: key.certificate });
    const [old] = (await recipientsOf(before.message)).keys;
    await key.rotateEncryption({ expires: Date.now() + 100 * DAY });
    const after = await encrypt("after", { to: key.certificate });
    const [fresh] = (await recipientsOf(after.message)).keys;
    assert.notEqual(fresh.keyId, old.keyId);
    const judged = (await key.certificate.judge()).keys;
    assert.equal(judged.find(({ keyId }) => keyId === old.keyId).valid, false);
    assert.deepEqual(judged.find(({ keyId }) => keyId === fresh.keyId).may, ["encrypt"]);
    assert.ok(Math.abs(judged.find(({ keyId }) => keyId === fresh.keyId).expires - Date.now() - 100 * DAY) < 60_000);
    for (const { message } of [before, after]) {
      assert.match((await decrypt(message, { keys: key, as: "text" })).content, /before|after/);
    }
    key.free();
  });

  test(`a ${profile} key is revoked by its owner, or by a revocation that lay in a drawer`, async () => {
    const key = await makeKey({ userIds: "alice@example.org", profile });
    const known = await readCertificate(key.certificate.bytes);
    const prepared = await key.revocationCertificate({ reason: "compromised", text: "the laptop was stolen" });
    assert.equal(key.certificate.usable, true, "preparing revokes nothing");
    const signature = await sign("hello", { from: key });
    const revoked = await known.applyRevocation(prepared);
    assert.equal(revoked.usable, false);
    assert.match(revoked.reason, /revoked/);
    await assert.rejects(encrypt("x", { to: revoked }), code("unusable_certificate"));
    const verdict = async (signers) => (await verify("hello", { signature, signers })).signatures[0].verdict;
    assert.equal(await verdict(known), "good");
    assert.equal(await verdict(revoked), "does_not_count");

    const other = await makeKey({ userIds: "bob@example.org", profile });
    await assert.rejects(other.certificate.applyRevocation(prepared), HedgerowError);
    await assert.rejects(known.applyRevocation(signature), HedgerowError);
    await assert.rejects(known.applyRevocation("no revocation"), HedgerowError);

    await key.revoke({ reason: "retired" });
    assert.equal((await key.certificate.judge()).revoked, true);
    // Whoever leaves a revocation out of a copy takes nothing away.
    assert.equal((await key.certificate.merge(known)).usable, false);
    await assert.rejects(key.revoke({ reason: "bored" }), code("bad_argument"));
    key.free();
    other.free();
  });
}

test("a key without its primary secret changes nothing", async () => {
  const whole = await makeKey({ userIds: "alice@example.org" });
  const key = await whole.withoutPrimary();
  await assert.rejects(key.addUserId("alice@example.com"), code("locked"));
  await assert.rejects(key.revocationCertificate(), code("locked"));
  assert.deepEqual(key.certificate.userIds, ["alice@example.org"]);
  whole.free();
  key.free();
});

test("a key takes over what another copy of its certificate has more, and nothing of another key", async () => {
  const [first, other] = [await makeKey({ userIds: "alice@example.org" }), await makeKey({ userIds: "bob@example.org" })];
  const second = await (await readSecretKey(await first.exportUnprotected())).unlock();
  await second.addUserId("alice@example.com");
  await first.merge(second.certificate);
  assert.deepEqual(first.certificate.userIds, second.certificate.userIds);
  await assert.rejects(first.merge(other.certificate), code("key_substituted"));
  for (const key of [first, second, other]) key.free();
});

test("fingerprints are said in words, every bit of them", async () => {
  const key = await makeKey({ userIds: "alice@example.org" });
  const { words, fingerprint } = key.certificate;
  assert.equal(words.split(" ").length, 15);
  assert.equal((await readCertificate(key.certificate.armored)).words, words);
  const modern = await makeKey({ userIds: "alice@example.org", profile: "modern" });
  assert.equal(modern.certificate.words.split(" ").length, 24);
  assert.equal(fingerprint.length, 40);
  key.free();
  modern.free();
});

test("gpg sees the new address, the new end and the revocation", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hedgerow-editing-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const gpg = gnupg("ed25519");
  const greta = gpg.makeKey("Greta <greta@revoked.example>");
  const key = await makeKey({ userIds: "Alice <alice@example.org>", expires: Date.now() + 10 * DAY });
  const shown = (armored) => {
    writeFileSync(join(folder, "alice.asc"), armored);
    return gpg.shown(join(folder, "alice.asc"));
  };
  await key.addUserId("Alice <alice@new.example>");
  await key.setExpiry(null);
  await key.rotateEncryption();
  const listing = shown(key.certificate.armored);
  assert.match(listing, /^uid:[^r].*Alice <alice@new\.example>/m);
  assert.match(listing, /^pub:[^er:]*:255:22:[^:]+:\d+:::/m, "without an end");
  assert.equal(listing.match(/^sub:/gm).length, 2);
  assert.equal(listing.match(/^sub:r/gm).length, 1);
  const revoked = await key.certificate.applyRevocation(await key.revocationCertificate({ reason: "superseded" }));
  assert.match(shown(revoked.armored), /^pub:r/m);
  // The other way round: a revocation that gpg prepared.
  const hers = await readCertificate(readFileSync(greta.cert, "utf8"));
  assert.equal((await hers.applyRevocation(gpg.revocation(greta))).usable, false);
  key.free();
});
