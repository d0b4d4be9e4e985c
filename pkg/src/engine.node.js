// What node:crypto does faster than WebAssembly: OpenSSL's AES, SHA and RSA, in this thread and without
// promises. Everything here has a twin inside the module that gives the same bytes.

import {
  constants, createCipheriv, createDecipheriv, createHash, createPrivateKey, generateKeyPair, privateDecrypt,
  privateEncrypt,
} from "node:crypto";
import { promisify } from "node:util";
import { joined } from "./content.js";

/** OpenPGP keeps the inverse of its first prime, a JWK that of its second: the primes change places. */
const RSA_NUMBERS = { n: "n", e: "e", d: "d", p: "q", q: "p", u: "qi" };

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
    decrypt: (name, raw) => (nonce, _, bytes) => createDecipheriv(name, raw, nonce).update(bytes),
  },
};

export const engine = {
  name: "node",
  isThere: true,
  /** Below so many bytes everything stays inside the module. A guess that `cargo xtask bench openpgp` has not contradicted. */
  threshold: 24 << 10,
  cipher: (kind, raw, usage) => CIPHERS[kind][usage](`aes-${raw.length * 8}-${kind}`, raw),
  /** Each instance hashes content here. */
  begin: (glue) => glue.useHashes(new Hashes()),
  rsa: { signer: rsaSigner, opener: rsaOpener },
  iterate,
  /** The numbers of an RSA key, big-endian. */
  async makeRsa(bits) {
    const { privateKey } = await generate("rsa", { modulusLength: bits, publicExponent: 65537 });
    const jwk = privateKey.export({ format: "jwk" });
    return Object.fromEntries(Object.entries(RSA_NUMBERS).map(([name, theirs]) => [name, Buffer.from(jwk[theirs], "base64url")]));
  },
};

/** What stands before a digest in a PKCS #1 v1.5 signature (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO = {
  "SHA-256": "3031300d060960864801650304020105000420",
  "SHA-384": "3041300d060960864801650304020205000430",
  "SHA-512": "3051300d060960864801650304020305000440",
};

const imported = (pkcs8) => createPrivateKey({ key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length), format: "der", type: "pkcs8" });

function rsaSigner(pkcs8, hash) {
  if (!DIGEST_INFO[hash]) return undefined;
  const prefix = Buffer.from(DIGEST_INFO[hash], "hex");
  const key = imported(pkcs8);
  return (digest) => privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, joined([prefix, digest]));
}

/** Without padding: the module judges it, without telling a sender how. */
function rsaOpener(pkcs8) {
  const key = imported(pkcs8);
  return (block) => privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, block);
}

/** By their numbers in RFC 9580 section 9.5: those that keys are locked with. */
const HASHES = { 8: "sha256", 10: "sha512" };

/** The hashes of RFC 9580 section 3.7.1.3, one after the other. */
function iterate(hashes, passphrase) {
  const derived = hashes.map(({ hash, salt, zeros, octets }) => {
    const unit = joined([salt, passphrase]);
    const block = Buffer.alloc(unit.length * Math.max(1, Math.floor(65536 / unit.length)));
    block.fill(unit);
    const hasher = createHash(HASHES[hash]).update(Buffer.alloc(zeros));
    for (let left = Math.max(octets, unit.length); left > 0; left -= block.length) {
      hasher.update(left < block.length ? block.subarray(0, left) : block);
    }
    unit.fill(0);
    block.fill(0);
    return hasher.digest();
  });
  return joined(derived);
}

/** Hashes under way, by number. */
class Hashes {
  #all = new Map();
  #next = 0;

  #add(hash) {
    this.#all.set((this.#next += 1), hash);
    return this.#next;
  }

  make(name) {
    try {
      return this.#add(createHash(name.replace("SHA-", "sha")));
    } catch {
      return undefined; // a Node without this hash
    }
  }

  copy(id) {
    return this.#add(this.#all.get(id).copy());
  }

  update(id, octets) {
    this.#all.get(id).update(octets);
  }

  digest(id) {
    return this.#all.get(id).digest();
  }

  forget(id) {
    this.#all.delete(id);
  }
}
