// An aborted call rejects with the reason of its signal: before it begins, or while it works.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as hedgerow from "@hedgerow/crypto";

const PASSPHRASE = "ocean velvet hammer noble";
const reason = new Error("the person went away");
const aborted = AbortSignal.abort(reason);
const alice = await hedgerow.makeKey({ userIds: "alice@example.org" });
const to = alice.certificate;
const locked = await alice.lock(PASSPHRASE);
const { message } = await hedgerow.encrypt("hello", { to });
const signature = await hedgerow.sign("hello", { from: alice });

const CALLS = {
  load: (signal) => hedgerow.load({ signal }),
  makeKey: (signal) => hedgerow.makeKey({ userIds: "bob@example.org", signal }),
  readSecretKey: (signal) => hedgerow.readSecretKey(locked.bytes, { signal }),
  unlockKey: (signal) => hedgerow.unlockKey(new Uint8Array(1), PASSPHRASE, { signal }),
  readCertificate: (signal) => hedgerow.readCertificate(to.bytes, { signal }),
  readCertificates: (signal) => hedgerow.readCertificates(to.bytes, { signal }),
  judge: (signal) => to.judge({ signal }),
  "merge certificates": (signal) => to.merge(to, { signal }),
  minimise: (signal) => to.minimise({ signal }),
  applyRevocation: (signal) => to.applyRevocation(new Uint8Array(1), { signal }),
  unlock: (signal) => locked.unlock(PASSPHRASE, { signal }),
  lock: (signal) => alice.lock(PASSPHRASE, { signal }),
  lockWithPassphrase: (signal) => alice.lockWithPassphrase(PASSPHRASE, { signal }),
  exportUnprotected: (signal) => alice.exportUnprotected({ signal }),
  withoutPrimary: (signal) => alice.withoutPrimary({ signal }),
  addUserId: (signal) => alice.addUserId("alice@example.com", { signal }),
  revokeUserId: (signal) => alice.revokeUserId("alice@example.org", { signal }),
  setExpiry: (signal) => alice.setExpiry(null, { signal }),
  rotateEncryption: (signal) => alice.rotateEncryption({ signal }),
  revoke: (signal) => alice.revoke({ signal }),
  revocationCertificate: (signal) => alice.revocationCertificate({ signal }),
  merge: (signal) => alice.merge(to, { signal }),
  encrypt: (signal) => hedgerow.encrypt("hello", { to, signal }),
  decrypt: (signal) => hedgerow.decrypt(message, { keys: alice, signal }),
  sessionKeyOf: (signal) => hedgerow.sessionKeyOf(message, { keys: alice, signal }),
  recipientsOf: (signal) => hedgerow.recipientsOf(message, { signal }),
  sign: (signal) => hedgerow.sign("hello", { from: alice, signal }),
  "sign in the open": (signal) => hedgerow.sign("hello", { from: alice, form: "cleartext", signal }),
  verify: (signal) => hedgerow.verify("hello", { signature, signers: to, signal }),
  armor: (signal) => hedgerow.armor(message, "message", { signal }),
  dearmor: (signal) => hedgerow.dearmor(message, { signal }),
};

test("every call heeds a signal that was given before", async () => {
  const before = to.bytes;
  for (const [name, call] of Object.entries(CALLS)) {
    await assert.rejects(call(aborted), (error) => error === reason, name);
  }
  assert.deepEqual(alice.certificate.bytes, before, "and changes nothing");
});

test("every exported function stands in that list", () => {
  const functions = Object.keys(hedgerow).filter((name) => /^[a-z]/.test(name));
  const methods = [hedgerow.SecretKey, hedgerow.LockedKey, hedgerow.Certificate].flatMap(({ prototype }) =>
    Object.entries(Object.getOwnPropertyDescriptors(prototype))
      .filter(([, { value }]) => value?.constructor.name === "AsyncFunction")
      .map(([name]) => name),
  );
  assert.deepEqual([...functions, ...methods].filter((name) => !(name in CALLS)), []);
});

/** A stream that gives one piece and then nothing, ever; it knows whether it was cancelled. */
function stalled(piece) {
  const state = { cancelled: undefined };
  state.stream = new ReadableStream({
    start: (controller) => controller.enqueue(piece),
    cancel: (why) => void (state.cancelled = why ?? true),
  });
  return state;
}

test("a call that waits for a stream is given up, and the stream is let go", async () => {
  const whole = await hedgerow.encrypt(new Uint8Array(1 << 20), { to, from: alice });
  const inline = await hedgerow.sign(new Uint8Array(1 << 20), { from: alice, form: "inline" });
  const work = {
    encrypt: (stream, signal) => hedgerow.encrypt(stream, { to, signal, as: "bytes" }),
    decrypt: (stream, signal) => hedgerow.decrypt(stream, { keys: alice, signal, as: "bytes" }),
    sign: (stream, signal) => hedgerow.sign(stream, { from: alice, signal }),
    "sign in the open": (stream, signal) => hedgerow.sign(stream, { from: alice, form: "cleartext", signal, as: "text" }),
    verify: (stream, signal) => hedgerow.verify(stream, { signature, signers: to, signal }),
    "verify inline": (stream, signal) => hedgerow.verify(stream, { signers: to, signal, as: "bytes" }),
    sessionKeyOf: (stream, signal) => hedgerow.sessionKeyOf(stream, { keys: alice, signal }),
    recipientsOf: (stream, signal) => hedgerow.recipientsOf(stream, { signal }),
  };
  for (const [name, call] of Object.entries(work)) {
    const controller = new AbortController();
    const source = stalled((name === "verify inline" ? inline : whole.message).slice(0, 100_000));
    const pending = call(source.stream, controller.signal);
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(pending, (error) => error === reason, name);
    assert.equal(source.cancelled, reason, `${name} lets its stream go`);
  }
});

test("a result that is a stream ends with the reason", async () => {
  const controller = new AbortController();
  const source = stalled(new Uint8Array(1 << 20));
  const made = await hedgerow.encrypt(source.stream, { to, signal: controller.signal });
  const reading = new Response(made.message).arrayBuffer();
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(reading, (error) => error === reason);
  assert.equal(source.cancelled, reason);
});

test("an RSA key is not waited for once nobody wants it", async () => {
  const controller = new AbortController();
  const pending = hedgerow.makeKey({ userIds: "bob@example.org", profile: "rsa4096", signal: controller.signal });
  setTimeout(() => controller.abort(reason), 5);
  const begun = performance.now();
  await assert.rejects(pending, (error) => error === reason);
  assert.ok(performance.now() - begun < 500);
});
