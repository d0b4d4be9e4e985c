// Attack: a memory dump after the key was locked. Whoever reads the module's memory then (a stolen laptop's swap, a
// later flaw in the page) must find neither the passphrase nor a secret key. The keys come from another
// thread, so that nothing but unlocking and using them can have put them into this memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { HedgerowError, decrypt, encrypt, load, readSecretKey, sign } from "@hedgerow/crypto";

await load();
// The glue gives back the instance that runs already.
const { memory } = await (await import("../dist/crypto.js")).default();

const PASSPHRASES = ["ocean velvet hammer noble canary", "canary-of-plain-letters-and-grüße ünd mehr"];

/** A key made elsewhere: its locked form, and what an attacker would look for. */
function makeElsewhere(options, passphrase, protection) {
  const work = `
    const { parentPort } = require("node:worker_threads");
    (async () => {
      const { makeKey } = await import(${JSON.stringify(import.meta.resolve("@hedgerow/crypto"))});
      const key = await makeKey(${JSON.stringify(options)});
      const locked = (await key.lock(${JSON.stringify(passphrase)}, { protection: ${JSON.stringify(protection)} })).bytes;
      parentPort.postMessage({ locked, plain: await key.exportUnprotected() });
    })();`;
  return new Promise((made, failed) => {
    const worker = new Worker(work, { eval: true });
    worker.once("message", made);
    worker.once("error", failed);
  });
}

/** Sixteen octets of each secret, as the packets have them and backwards (X25519 is kept so). */
function secretsOf(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] & 0x3f;
    let [first, second] = bytes.subarray(at + 1);
    let head = 2;
    if (first >= 192 && first < 224) [first, head] = [((first - 192) << 8) + second + 192, 3];
    assert.ok(bytes[at] >= 0xc0 && (head === 3 || first < 192), "a packet with a plain length");
    const body = bytes.subarray(at + head, at + head + first);
    if (tag === 5 || tag === 7) {
      // Unprotected, the secret stands last; version 4 has a checksum after it.
      const end = body.length - (body[0] === 4 ? 2 : 0);
      const secret = body.slice(end - 16, end);
      found.push(secret, secret.slice().reverse());
    }
    at += head + first;
  }
  assert.equal(found.length, 4, "a primary key and a subkey");
  return found;
}

const places = (needle) => {
  const dump = Buffer.from(memory.buffer);
  const found = [];
  for (let at = dump.indexOf(needle); at >= 0; at = dump.indexOf(needle, at + 1)) found.push(at);
  return found;
};
const anywhere = (needles) => needles.flatMap((needle) => places(needle));

for (const [profile, protection] of ["compatible", "modern"].flatMap((one) => [[one, "argon2"], [one, "gnupg"]])) {
  for (const [which, passphrase] of PASSPHRASES.entries()) {
    test(`after lock and free a dump holds no ${profile} key and no passphrase (${protection}, ${which + 1})`, async () => {
      const { locked, plain } = await makeElsewhere({ userIds: "alice@example.org", profile }, passphrase, protection);
      const secrets = secretsOf(plain);
      // Any half of it would do to guess the rest.
      const letters = Buffer.from(passphrase);
      const words = [letters.subarray(0, 16), letters.subarray(-16)];
      assert.deepEqual(anywhere([...secrets, ...words]), [], "nothing to begin with");

      (await (await readSecretKey(locked)).unlock(passphrase)).free();
      assert.deepEqual(anywhere([...secrets, ...words]), [], "unlocked and freed at once");

      const key = await (await readSecretKey(locked)).unlock(passphrase);
      assert.ok(anywhere(secrets).length > 0, "the search finds a key that is in use");
      await sign("hello", { from: key });
      const { message } = await encrypt("hello", { to: key.certificate, from: key });
      assert.equal((await decrypt(message, { keys: key, as: "text" })).content, "hello");
      await key.lock(passphrase, { protection });
      await key.lockWithPassphrase(passphrase);
      await assert.rejects((await readSecretKey(locked)).unlock(`${passphrase}!`), HedgerowError);
      key.free();

      assert.deepEqual(anywhere(words), [], "the passphrase");
      assert.deepEqual(anywhere(secrets), [], "the secret keys");
    });
  }
}

test("a password waits in memory only as long as its message", async () => {
  const [password] = PASSPHRASES;
  const needle = Buffer.from(password);
  const { message } = await encrypt(new Uint8Array(100_000), { passwords: password });
  assert.deepEqual(places(needle), [], "after encrypting");
  const source = new ReadableStream({ start: (controller) => controller.enqueue(message.subarray(0, 10)) });
  const controller = new AbortController();
  const pending = decrypt(source, { passwords: password, signal: controller.signal, as: "bytes" });
  await new Promise((done) => setTimeout(done, 50));
  assert.ok(places(needle).length > 0, "the search finds a password that is needed");
  controller.abort();
  await assert.rejects(pending);
  assert.deepEqual(places(needle), [], "after the message");
});
