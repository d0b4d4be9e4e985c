// What the browser's WebCrypto does faster than WebAssembly. Everything here has a twin inside the module that
// gives the same bytes; which one runs is a question of size and of what the browser has.

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
};

async function makeRsa(bits) {
  const { privateKey } = await subtle.generateKey(
    { name: "RSASSA-PKCS1-v1_5", modulusLength: bits, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-512" },
    true,
    ["sign", "verify"],
  );
  const jwk = await subtle.exportKey("jwk", privateKey);
  return Object.fromEntries(["n", "e", "d", "p", "q"].map((name) => [name, fromBase64Url(jwk[name])]));
}

function fromBase64Url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
