// The face for integrators over the generated glue: keys by handles, certificates as plain values.

/** @param {object} glue the initialised module `dist/crypto.js` */
export function face(glue) {
  const bytesOf = (certificate) =>
    certificate instanceof Uint8Array ? certificate : certificate.bytes;
  const all = (certificates) => Array.from(certificates, bytesOf);
  const inner = Symbol("handle");

  class SecretKey {
    constructor(token, handle) {
      if (token !== inner) throw new TypeError("use SecretKey.make or SecretKey.unlock");
      this[inner] = handle;
    }

    static make(address, { profile = "compatible" } = {}) {
      return new SecretKey(inner, glue.SecretKey.make(address, profile));
    }

    static unlock(locked, passphrase, { fingerprint } = {}) {
      return new SecretKey(inner, glue.SecretKey.unlock(locked, passphrase, fingerprint));
    }

    get fingerprint() {
      return this[inner].fingerprint;
    }

    get certificate() {
      return readCertificate(this[inner].certificate);
    }

    lockWithPassphrase(passphrase) {
      return this[inner].lockWithPassphrase(passphrase);
    }

    seal(plaintext, certificates, { sign = true } = {}) {
      const bytes = typeof plaintext === "string" ? new TextEncoder().encode(plaintext) : plaintext;
      return this[inner].seal(bytes, all(certificates), sign);
    }

    open(message, signers = []) {
      return this[inner].open(message, all(signers));
    }

    free() {
      this[inner].free();
    }
  }

  function readCertificate(certificate, { address } = {}) {
    const bytes = typeof certificate === "string" ? new TextEncoder().encode(certificate) : certificate;
    const read = glue.certificateRead(bytes, address);
    return Object.freeze({ ...read, armored: glue.certificateArmored(read.bytes) });
  }

  return Object.freeze({ SecretKey, readCertificate, Vault: glue.Vault });
}
