// What node:crypto does faster than WebAssembly: OpenSSL's AES and SHA, in this thread and without promises.
// Everything here has a twin inside the module that gives the same bytes.

import { constants, createCipheriv, createDecipheriv, createHash, privateDecrypt } from "node:crypto";

const TAG = 16;
const NO_IV = new Uint8Array(16);

const cipherName = (raw, mode) => `aes-${raw.length * 8}-${mode}`;

function gcmSealer(raw) {
  const name = cipherName(raw, "gcm");
  return (nonce, associated, bytes) => {
    const cipher = createCipheriv(name, raw, nonce, { authTagLength: TAG });
    cipher.setAAD(associated);
    const sealed = new Uint8Array(bytes.length + TAG);
    sealed.set(cipher.update(bytes));
    cipher.final();
    sealed.set(cipher.getAuthTag(), bytes.length);
    return sealed;
  };
}

function gcmOpener(raw) {
  const name = cipherName(raw, "gcm");
  return (nonce, associated, sealed) => {
    const end = sealed.length - TAG;
    const cipher = createDecipheriv(name, raw, nonce, { authTagLength: TAG });
    cipher.setAAD(associated);
    cipher.setAuthTag(sealed.subarray(end));
    const bytes = cipher.update(sealed.subarray(0, end));
    cipher.final(); // throws if the tag is wrong
    return bytes;
  };
}

function cfbEncryptor(raw) {
  const cipher = createCipheriv(cipherName(raw, "cfb"), raw, NO_IV);
  return (bytes) => cipher.update(bytes);
}

function cfbDecryptor(raw) {
  const cipher = createDecipheriv(cipherName(raw, "cfb"), raw, NO_IV);
  return (bytes) => cipher.update(bytes);
}

export const engine = {
  name: "node",
  thresholds: { gcmSeal: 16 << 10, gcmOpen: 16 << 10, cfbSeal: 8 << 10, cfbOpen: 16 << 10, hash: 32 << 10 },
  isThere: true,
  gcmSealer,
  gcmOpener,
  cfbEncryptor,
  cfbDecryptor,
  hasher: createHash,
  rsaRaw: (key, block) => privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, block),
};
