// What callers rely on beside the plain way: limits, demands, aborted calls, looking without opening.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as hedgerow from "@hedgerow/crypto";

const { HedgerowError, armor, dearmor, decrypt, encrypt, makeKey, recipientsOf, sign, verify } = hedgerow;
const code = (name) => (error) => error instanceof HedgerowError && error.code === name;
const [alice, bob] = [await makeKey({ userIds: "alice@example.org" }), await makeKey({ userIds: "bob@example.org", profile: "modern" })];
const streamOf = (...pieces) => new ReadableStream({
  start(controller) {
    for (const piece of pieces) controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
    controller.close();
  },
});
const PASSWORDS = ["one"];
const textOf = (stream) => new Response(stream).text();

test("expectSigned refuses what is unsigned, signed by somebody else, or changed", async () => {
  const to = alice.certificate;
  const cases = [
    [{}, "not signed"],
    [{ from: bob }, "signed by another than the one in signers"],
  ];
  for (const [more, what] of cases) {
    const { message } = await encrypt("hello", { to, ...more });
    const options = { keys: alice, signers: to, expectSigned: true };
    await assert.rejects(decrypt(message, options), code("no_good_signature"), what);
    await assert.rejects(decrypt(message, { ...options, signers: [] }), code("no_good_signature"), what);
    await assert.rejects(decrypt(message, { ...options, as: "text" }), code("no_good_signature"), what);
    // Of a stream nothing may count before its end: content and signatures both fail.
    const opened = await decrypt(new Blob([message]).stream(), options);
    await assert.rejects(textOf(opened.content), code("no_good_signature"), what);
    await assert.rejects(opened.signatures, code("no_good_signature"), what);
  }
  const { message } = await encrypt("hello", { to, from: [alice, bob] });
  for (const signers of [to, bob.certificate, [bob.certificate, to]]) {
    assert.equal((await decrypt(message, { keys: alice, signers, expectSigned: true, as: "text" })).content, "hello");
  }
  const signature = await sign("hello", { from: bob });
  const expecting = { signature, signers: bob.certificate, expectSigned: true };
  assert.equal((await verify("hello", expecting)).signatures[0].verdict, "good");
  await assert.rejects(verify("hullo", expecting), code("no_good_signature"));
  await assert.rejects(verify("hello", { ...expecting, signers: to }), code("no_good_signature"));
  await assert.rejects(
    verify(await sign("hello", { from: bob, form: "cleartext" }), { signers: to, expectSigned: true }),
    code("no_good_signature"),
  );
});

for (const format of ["seipd1", "seipd2-ocb", "seipd2-gcm"]) {
  test(`maxBytes bounds the content of ${format}, to the byte, in every shape`, async () => {
    const key = format === "seipd1" ? alice : bob;
    for (const size of [0, 1000, 200_000]) {
      const content = new Uint8Array(size).fill(65);
      const { message } = await encrypt(content, { to: key.certificate, format });
      for (const shape of [message, new Blob([message]), "stream"]) {
        const given = () => (shape === "stream" ? new Blob([message]).stream() : shape);
        const read = async (maxBytes) => {
          const opened = await decrypt(given(), { keys: key, maxBytes });
          return (await new Response(opened.content).arrayBuffer()).byteLength;
        };
        assert.equal(await read(size), size);
        if (size > 0) await assert.rejects(read(size - 1), code("too_large"), `${size} ${shape}`);
      }
    }
    await assert.rejects(decrypt("", { keys: key, maxBytes: -1 }), code("bad_argument"));
  });
}

test("maxBytes bounds signed texts too", async () => {
  for (const form of ["inline", "cleartext"]) {
    const message = await sign("0123456789", { from: alice, form });
    const read = (maxBytes) => verify(message, { signers: alice.certificate, maxBytes });
    assert.equal((await read(10)).signatures[0].verdict, "good");
    await assert.rejects(read(9), code("too_large"));
  }
});

test("recipientsOf names who is named, counts the rest, and needs no key", async () => {
  const to = [alice.certificate, bob.certificate];
  const subkey = async ({ certificate }) => (await certificate.judge()).keys.find(({ may }) => may.includes("encrypt")).keyId;
  const named = await encrypt("x".repeat(3 << 20), { to, passwords: PASSWORDS, armor: true });
  for (const message of [named.message, new Blob([named.message]), new Blob([named.message]).stream()]) {
    const found = await recipientsOf(message);
    assert.deepEqual(found.keys.map(({ keyId }) => keyId), [await subkey(alice), await subkey(bob)]);
    assert.deepEqual([found.hidden, found.passwords, found.format], [0, PASSWORDS.length, named.format]);
  }
  const modern = await recipientsOf((await encrypt("x", { to: bob.certificate })).message);
  assert.equal(modern.keys[0].fingerprint.length, 64);
  assert.deepEqual([modern.keys[0].keyId, modern.format], [await subkey(bob), "seipd2-ocb"]);
  const hidden = await recipientsOf((await encrypt("x", { hiddenTo: to })).message);
  assert.deepEqual([hidden.keys, hidden.hidden], [[], 2]);
  await assert.rejects(recipientsOf(await sign("x", { from: alice, form: "inline" })), HedgerowError);
  await assert.rejects(recipientsOf("hello"), HedgerowError);
  await assert.rejects(recipientsOf(""), HedgerowError);
});

test("armor comes off as it went on, and what is read says how it was encrypted", async () => {
  const bytes = (await encrypt("x", { to: alice.certificate })).message;
  const text = await armor(bytes, "message");
  assert.deepEqual(await dearmor(`On Monday you wrote:\n\n${text}\nGreetings\n`), { kind: "message", bytes });
  assert.deepEqual(await dearmor(bytes), { kind: "other", bytes });
  assert.equal((await dearmor(alice.certificate.armored)).kind, "certificate");
  assert.equal((await dearmor(await sign("x", { from: alice, armor: true }))).kind, "signature");
  await assert.rejects(dearmor("hello"), code("malformed"));
  for (const format of ["seipd2-ocb", "seipd2-gcm", "seipd2-eax"]) {
    const { message } = await encrypt("x", { to: bob.certificate, format });
    assert.equal((await decrypt(message, { keys: bob })).format, format);
    const streamed = await decrypt(streamOf(message), { keys: bob });
    assert.equal(streamed.format, format);
    await textOf(streamed.content);
  }
  assert.equal((await decrypt(bytes, { keys: alice })).format, "seipd1");
  assert.equal((await verify(await sign("x", { from: alice, form: "inline" }), { signers: [] })).format, undefined);
});

test("judged keys have names for their algorithms", async () => {
  const names = async ({ certificate }) => (await certificate.judge()).keys.map(({ algorithm }) => algorithm);
  assert.deepEqual(await names(alice), ["EdDSALegacy", "ECDH"]);
  assert.deepEqual(await names(bob), ["Ed25519", "X25519"]);
});

test("texts signed in the open stream out, and are read back whole in every shape and size", async () => {
  const line = "- dashes, spaces at the end   \nFrom here; ünïcode\n";
  for (const [text, pieces] of [["one line", 1], [line.repeat(20), 3], [line.repeat(40_000), 7]]) {
    const size = Math.ceil(text.length / pieces);
    const parts = Array.from({ length: pieces }, (_, at) => text.slice(at * size, (at + 1) * size));
    const made = await sign(streamOf(...parts), { from: [alice, bob], form: "cleartext" });
    assert.ok(made instanceof ReadableStream);
    const signed = await textOf(made);
    assert.match(signed, /^-----BEGIN PGP SIGNED MESSAGE-----\n/);
    const expected = text.replaceAll(/ +$/gm, "");
    for (const message of [signed, new TextEncoder().encode(signed), new Blob([signed]), streamOf(signed)]) {
      const opened = await verify(message, { signers: [alice.certificate, bob.certificate] });
      assert.equal(await textOf(opened.content), expected);
      assert.deepEqual((await opened.signatures).map(({ verdict }) => verdict), ["good", "good"]);
    }
    const forged = signed.replace(/e/, "3");
    const { signatures } = await verify(forged, { signers: [alice.certificate, bob.certificate] });
    assert.deepEqual(signatures.map(({ verdict }) => verdict), ["broken", "broken"]);
  }
  assert.ok((await sign(new Blob(["x"]), { from: alice, form: "cleartext" })) instanceof Blob);
  assert.equal(typeof (await sign("x", { from: alice, form: "cleartext" })), "string");
});

test("a signed message that is no text stays a stream, whatever its pieces", async () => {
  const content = new Uint8Array(3 << 20).fill(7);
  const message = await sign(content, { from: alice, form: "inline" });
  const pieces = [message.subarray(0, 1), message.subarray(1, 70_000), message.subarray(70_000)];
  const opened = await verify(streamOf(...pieces), { signers: alice.certificate });
  assert.deepEqual(new Uint8Array(await new Response(opened.content).arrayBuffer()), content);
  assert.equal((await opened.signatures)[0].verdict, "good");
});
