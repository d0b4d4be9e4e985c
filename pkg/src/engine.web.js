// What the browser's WebCrypto does faster than WebAssembly. Everything here has a twin inside the module that
// gives the same bytes; which one runs is a question of size (`thresholds`) and of what the browser has.

const BLOCK = 16;
const subtle = globalThis.crypto?.subtle;

/** AES-GCM by chunks. Calls run in the browser's threads, several at once. */
async function gcm(raw, usage) {
  const key = await subtle.importKey("raw", raw, "AES-GCM", false, [usage]);
  const parameters = (nonce, associated) => ({
    name: "AES-GCM",
    iv: nonce,
    additionalData: associated,
    tagLength: 128,
  });
  return async (nonce, associated, bytes) =>
    new Uint8Array(await subtle[usage](parameters(nonce, associated), key, bytes));
}

/**
 * AES-CFB encryption by AES-CBC. With X the chain of CBC over the plaintext shifted by one block, the ciphertext
 * is X xor plaintext: X[i+1] = E(P[i] ^ X[i]) and C[i] = P[i] ^ X[i]. Pieces come in order; all but the last are
 * whole blocks.
 */
async function cfbEncryptor(raw) {
  const key = await subtle.importKey("raw", raw, "AES-CBC", false, ["encrypt"]);
  let lastChain = new Uint8Array(BLOCK);
  let lastPlain = new Uint8Array(BLOCK);
  return async (plain) => {
    const length = plain.length;
    if (length === 0) return plain;
    const blocks = Math.ceil(length / BLOCK);
    const shifted = new Uint8Array(blocks * BLOCK);
    shifted.set(lastPlain);
    shifted.set(plain.subarray(0, (blocks - 1) * BLOCK), BLOCK);
    // WebCrypto adds a block of padding: it is left off.
    const chain = new Uint8Array(await subtle.encrypt({ name: "AES-CBC", iv: lastChain }, key, shifted));
    lastChain = chain.slice((blocks - 1) * BLOCK, blocks * BLOCK);
    lastPlain = new Uint8Array(BLOCK);
    lastPlain.set(plain.subarray((blocks - 1) * BLOCK));
    xorInto(chain, plain);
    return chain.subarray(0, length);
  };
}

/** `into ^= bytes`, four octets at a time where they lie well. */
export function xorInto(into, bytes) {
  const length = bytes.length;
  let at = 0;
  if (bytes.byteOffset % 4 === 0 && into.byteOffset % 4 === 0) {
    const words = length >> 2;
    const from = new Uint32Array(bytes.buffer, bytes.byteOffset, words);
    const to = new Uint32Array(into.buffer, into.byteOffset, words);
    for (let word = 0; word < words; word += 1) to[word] ^= from[word];
    at = words << 2;
  }
  for (; at < length; at += 1) into[at] ^= bytes[at];
}

export const engine = {
  name: "web",
  /** Below so many bytes everything stays inside the module. */
  thresholds: { gcmSeal: 64 << 10, gcmOpen: 64 << 10, cfbSeal: 48 << 10, cfbOpen: Infinity, hash: Infinity },
  isThere: subtle !== undefined, // not on pages without TLS
  gcmSealer: (raw) => gcm(raw, "encrypt"),
  gcmOpener: (raw) => gcm(raw, "decrypt"),
  cfbEncryptor,
};
