// What node:crypto does faster than WebAssembly: OpenSSL's AES, SHA and RSA, in this thread and without
// promises. Everything here has a twin inside the module that gives the same bytes.

import { createCipheriv, createDecipheriv, createHash, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

const TAG = 16;
const generate = promisify(generateKeyPair);

const CIPHERS = {
  gcm: {
    encrypt: (name, raw) => (nonce, associated, bytes) => {
      const cipher = createCipheriv(name, raw, nonce, { authTagLength: TAG });
      cipher.setAAD(associated);
      const sealed = new Uint8Array(bytes.length + TAG);
      sealed.set(cipher.update(bytes));
      cipher.final();
      sealed.set(cipher.getAuthTag(), bytes.length);
      return sealed;
    },
    decrypt: (name, raw) => (nonce, associated, sealed) => {
      const end = sealed.length - TAG;
      const cipher = createDecipheriv(name, raw, nonce, { authTagLength: TAG });
      cipher.setAAD(associated);
      cipher.setAuthTag(sealed.subarray(end));
      const bytes = cipher.update(sealed.subarray(0, end));
      cipher.final(); // throws if the tag is wrong
      return bytes;
    },
  },
  cfb: {
    encrypt: (name, raw) => (nonce, _, bytes) => createCipheriv(name, raw, nonce).update(bytes),
  },
};

export const engine = {
  name: "node",
  isThere: true,
  /** Below so many bytes everything stays inside the module. A guess that `cargo xtask bench openpgp` has not contradicted. */
  threshold: 24 << 10,
  hashThreshold: 24 << 10,
  cipher: (kind, raw, usage) => CIPHERS[kind][usage](`aes-${raw.length * 8}-${kind}`, raw),
  hasher: (name) => createHash(name),
  /** The numbers of an RSA key, big-endian. */
  async makeRsa(bits) {
    const { privateKey } = await generate("rsa", { modulusLength: bits, publicExponent: 65537 });
    const jwk = privateKey.export({ format: "jwk" });
    return Object.fromEntries(["n", "e", "d", "p", "q"].map((name) => [name, Buffer.from(jwk[name], "base64url")]));
  },
};
