// The five-minute start of the README with GnuPG as the other person.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decrypt, encrypt, makeKey, readCertificate, readSecretKey } from "@hedgerow/crypto";
import { gnupg } from "../../tests/interop/peers.mjs";

const PASSPHRASE = "ocean velvet hammer noble";

for (const algorithm of ["ed25519", "rsa3072"]) {
  test(`letters to and from a gpg ${algorithm} key, by a key that was locked in between`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "hedgerow-node-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = (name, content) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const gpg = gnupg(algorithm);
    const greta = gpg.makeKey(`Greta ${algorithm} <greta@example.org>`);

    const made = await makeKey({ userIds: "Alice <alice@example.org>" });
    const { armored } = await made.lock(PASSPHRASE);
    made.free();
    const key = await (await readSecretKey(armored)).unlock(PASSPHRASE);
    const certificate = file("alice.asc", key.certificate.armored);
    const to = await readCertificate(readFileSync(greta.cert, "utf8"), { address: "greta@example.org" });
    assert.equal(to.usable, true);

    const { message } = await encrypt("Meet me at the hedge.", { to: [to, key.certificate], from: key, armor: true });
    assert.equal(gpg.decrypt(greta, certificate, file("letter.asc", message)).toString(), "Meet me at the hedge.");

    const answer = readFileSync(gpg.encrypt(greta, certificate, "I shall be there."), "utf8");
    const { content, signatures } = await decrypt(answer, { keys: key, signers: to, as: "text", expectSigned: true });
    assert.equal(content, "I shall be there.");
    assert.equal(signatures[0].verdict, "good");
    assert.equal(signatures[0].signer.fingerprint, to.fingerprint);

    // A key that moves house: gpg takes ours, and opens what was encrypted to it.
    const moved = await key.lock(PASSPHRASE, { protection: "gnupg" });
    const secret = file("alice-secret.asc", moved.armored);
    gpg.importSecret(secret);
    // Of every length: gpg 2.2 does not read armor without a checksum if its last line is full.
    for (const text of ["to myself", "to myself!", "to myself!!"]) {
      const own = await encrypt(text, { to: key.certificate, armor: true });
      assert.equal(gpg.open(file("own.asc", own.message), PASSPHRASE).toString(), text);
    }
    key.free();
  });
}
