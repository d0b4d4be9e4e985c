// Messages made to harm the reader in a browser: the module that the page runs must survive them.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { decrypt, makeKey } from "../../pkg/src/node.js";

const require = createRequire(fileURLToPath(new URL("../browser/package.json", import.meta.url)));
const openpgp = await import(
  pathToFileURL(require.resolve("openpgp")).href.replace("openpgp.min.cjs", "openpgp.min.mjs")
);

// The crate ocb3 has a table of 16 entries on 32-bit targets and aborts on chunks of 1 MiB and more, which
// RFC 9580 section 5.13.2 allows: anyone could have ended anyone's session by mail.
for (const octet of [14, 15, 16]) {
  test(`R42 chunks of ${2 ** (octet + 6 - 20)} MiB do not kill the reader`, async () => {
    const key = await makeKey({ userIds: "alice@hedgerow.test", profile: "modern" });
    const content = new Uint8Array(2 ** (octet + 6) + 70_000).fill(7);
    const message = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: content }),
      encryptionKeys: await openpgp.readKey({ armoredKey: key.certificate.armored }),
      format: "binary",
      config: {
        aeadProtect: true,
        preferredAEADAlgorithm: openpgp.enums.aead.ocb,
        preferredCompressionAlgorithm: openpgp.enums.compression.uncompressed,
        aeadChunkSizeByte: octet,
      },
    });
    // Version 2, AES-256, OCB, and the chunk octet, after the packet header.
    const at = message.findIndex((_, i) => [2, 9, 2, octet].every((value, j) => message[i + j] === value));
    assert.ok(at > 0, "the message is not of the form that is meant");
    const opened = await decrypt(message, { keys: key });
    assert.equal(Buffer.compare(Buffer.from(opened.content), Buffer.from(content)), 0);

    // One changed octet at its end is noticed, and the key still works.
    message[message.length - 40] ^= 1;
    await assert.rejects(decrypt(message, { keys: key }), (error) => error.code === "tampered");
    key.free();
  });
}
