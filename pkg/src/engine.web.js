// What the browser's WebCrypto does faster than WebAssembly. Everything here has a twin inside the module that
// gives the same bytes; which one runs is a question of size and of what the browser has.

import { joined } from "./content.js";

/** By their numbers in RFC 9580 section 9.5: those that keys are locked with. */
const HASHES = { 8: "SHA-256", 10: "SHA-512" };

/** OpenPGP keeps the inverse of its first prime, a JWK that of its second: the primes change places. */
const RSA_NUMBERS = { n: "n", e: "e", d: "d", p: "q", q: "p", u: "qi" };

const subtle = globalThis.crypto?.subtle;

const ALGORITHMS = {
  gcm: (nonce, associated) => ({ name: "AES-GCM", iv: nonce, additionalData: associated, tagLength: 128 }),
  // CFB is CBC of the plaintext moved on by a block, xor the plaintext: the module does the rest.
  cbc: (nonce) => ({ name: "AES-CBC", iv: nonce }),
};

export const engine = {
  name: "web",
  /** Not on pages without TLS. */
  isThere: subtle !== undefined,
  /** Below so many bytes everything stays inside the module. A guess that `cargo xtask bench openpgp` has not contradicted. */
  threshold: 48 << 10,
  /** Runs `gcm` or `cbc` in the browser's threads; several calls may be under way. */
  async cipher(kind, raw, usage) {
    const key = await subtle.importKey("raw", raw, kind === "gcm" ? "AES-GCM" : "AES-CBC", false, [usage]);
    raw.fill(0);
    return async (nonce, associated, bytes) =>
      new Uint8Array(await subtle[usage](ALGORITHMS[kind](nonce, associated), key, bytes));
  },
  /** The numbers of an RSA key, big-endian; the browser's search for primes is native code. */
  makeRsa: subtle && makeRsa,
  /** Signing with RSA. WebCrypto has no decryption with the padding that OpenPGP uses. */
  rsa: subtle && { signer: rsaSigner },
  /** What a passphrase is stretched to. */
  iterate: subtle && iterate,
};

/** WebCrypto hashes what it signs: above so many bytes that costs more than the module's own RSA. */
const SIGNED_BY_HOST = 1 << 20;

async function rsaSigner(pkcs8, hash) {
  const name = "RSASSA-PKCS1-v1_5";
  const key = await subtle.importKey("pkcs8", pkcs8, { name, hash }, false, ["sign"]);
  return async (_, whole) =>
    whole && whole.length <= SIGNED_BY_HOST ? new Uint8Array(await subtle.sign(name, key, whole.bytes())) : undefined;
}

/** The hashes of RFC 9580 section 3.7.1.3, one after the other. */
async function iterate(hashes, passphrase) {
  const derived = [];
  for (const { hash, salt, zeros, octets } of hashes) {
    const unit = salt.length + passphrase.length;
    const total = Math.max(octets, unit);
    const all = new Uint8Array(zeros + total);
    const repeated = all.subarray(zeros);
    repeated.set(salt);
    repeated.set(passphrase, salt.length);
    for (let done = unit; done < total; done *= 2) repeated.copyWithin(done, 0, Math.min(done, total - done));
    derived.push(new Uint8Array(await subtle.digest(HASHES[hash], all)));
    all.fill(0);
  }
  return joined(derived);
}

async function makeRsa(bits) {
  const { privateKey } = await subtle.generateKey(
    { name: "RSASSA-PKCS1-v1_5", modulusLength: bits, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-512" },
    true,
    ["sign", "verify"],
  );
  const jwk = await subtle.exportKey("jwk", privateKey);
  return Object.fromEntries(Object.entries(RSA_NUMBERS).map(([name, theirs]) => [name, fromBase64Url(jwk[theirs])]));
}

function fromBase64Url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
