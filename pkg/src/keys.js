// Secret keys: handles to what lies in the module, and their locked forms, which are values.

import { Handle } from "./core.js";
import { bytesOf } from "./content.js";
import { listOf, momentOf, oneOf, optionsOf, textArgument } from "./arguments.js";
import { badArgument } from "./errors.js";

const TOKEN = Symbol("key");
const PROFILES = ["compatible", "modern", "post-quantum", "rsa3072", "rsa4096"];
const PROTECTIONS = ["argon2", "gnupg"];
const REASONS = ["unspecified", "superseded", "compromised", "retired"];

/**
 * @param {import("./core.js").Core} core
 * @param {object} engine
 */
export function keys(core, engine, { wrapped }) {
  class SecretKey {
    #handle;
    #certificate;

    constructor(token, inner) {
      if (token !== TOKEN) throw new TypeError("use makeKey, or readSecretKey and unlock");
      this.#handle = new Handle(core, inner);
      this.#certificate = wrapped(inner.certificate());
    }

    get fingerprint() { return this.#certificate.fingerprint; }
    get certificate() { return this.#certificate; }
    get isFreed() { return this.#handle.isFreed; }

    async lock(passphrase, options) {
      const { protection = "argon2", signal } = optionsOf(options);
      textArgument(passphrase, "the passphrase");
      oneOf(protection, PROTECTIONS, "protection");
      signal?.throwIfAborted();
      const locked = core.call((glue) => {
        const bytes = this.#inner.lock(passphrase, protection);
        return new LockedKey(TOKEN, glue.LockedKey.read(bytes));
      });
      return locked;
    }

    async lockWithPassphrase(passphrase, options) {
      optionsOf(options).signal?.throwIfAborted();
      textArgument(passphrase, "the passphrase");
      return core.call(() => this.#inner.lockWithPassphrase(passphrase));
    }

    async exportUnprotected() {
      return core.call(() => this.#inner.exportUnprotected());
    }

    async addUserId(userId, options) {
      const { primary = false } = optionsOf(options);
      textArgument(userId, "the user id");
      return this.#changed((inner) => inner.addUserId(userId, primary, Date.now()));
    }

    async revokeUserId(userId, options) {
      const { reason = "retired" } = optionsOf(options);
      oneOf(reason, REASONS, "reason");
      return this.#changed((inner) => inner.revokeUserId(textArgument(userId, "the user id"), reason, Date.now()));
    }

    async expireAt(moment) {
      const end = moment === null ? undefined : momentOf(moment, "the moment");
      return this.#changed((inner) => inner.expireAt(end, Date.now()));
    }

    async rotateEncryption() {
      return this.#changed((inner) => inner.rotateEncryption(Date.now()));
    }

    async revoke(reason = "unspecified", text = "") {
      oneOf(reason, REASONS, "reason");
      return this.#changed((inner) => inner.revoke(reason, text, Date.now()));
    }

    async revocation(reason = "unspecified", text = "") {
      oneOf(reason, REASONS, "reason");
      return core.call(() => this.#inner.revocation(reason, text, Date.now()));
    }

    async withoutPrimary() {
      return core.call(() => new SecretKey(TOKEN, this.#inner.withoutPrimary()));
    }

    free() {
      this.#handle.free();
    }

    get #inner() {
      return this.#handle.inner;
    }

    #changed(change) {
      return core.call(() => {
        change(this.#inner);
        this.#certificate = wrapped(this.#inner.certificate());
        return this.#certificate;
      });
    }

    /** What lies in the module. */
    static [TOKEN](key) {
      return key.#handle.inner;
    }
  }
  // Node 20 and older browsers do not know the symbol by itself; polyfills define it before they load us.
  if (Symbol.dispose) SecretKey.prototype[Symbol.dispose] = SecretKey.prototype.free;

  class LockedKey {
    #bytes;
    #armored;
    #view;
    #certificate;

    constructor(token, inner) {
      if (token !== TOKEN) throw new TypeError("use readSecretKey");
      this.#view = inner.view();
      this.#bytes = inner.bytes();
      this.#armored = inner.armored();
      this.#certificate = wrapped(inner.certificate());
      inner.free();
    }

    get fingerprint() { return this.#certificate.fingerprint; }
    get certificate() { return this.#certificate; }
    get isProtected() { return this.#view.isProtected; }
    get isPrimaryOffline() { return this.#view.isPrimaryOffline; }
    get bytes() { return this.#bytes; }
    get armored() { return this.#armored; }

    async unlock(passphrase, options) {
      const { fingerprint, signal } = optionsOf(options);
      if (passphrase !== undefined) textArgument(passphrase, "the passphrase");
      signal?.throwIfAborted();
      await core.ready();
      return core.call((glue) => {
        const locked = glue.LockedKey.read(this.#bytes);
        try {
          return new SecretKey(TOKEN, locked.unlock(passphrase, fingerprint, Date.now()));
        } finally {
          locked.free();
        }
      });
    }
  }

  async function makeKey(options) {
    const { userIds, profile = "compatible", expires, signal } = optionsOf(options);
    const names = listOf(userIds).map((name) => textArgument(name, "a user id"));
    if (names.length === 0) throw badArgument("userIds names whose key it is");
    oneOf(profile, PROFILES, "profile");
    signal?.throwIfAborted();
    if (!core.isReady) await core.ready();
    const now = Date.now();
    // Absent: as the profile says; null: never.
    const end = expires === undefined || expires === null ? undefined : momentOf(expires, "expires");
    if (end !== undefined && end <= now) throw badArgument("expires lies in the past");
    const bits = { rsa3072: 3072, rsa4096: 4096 }[profile];
    if (bits && engine.makeRsa) {
      const numbers = [await engine.makeRsa(bits), await engine.makeRsa(bits)];
      signal?.throwIfAborted();
      return core.call(
        (glue) => new SecretKey(TOKEN, glue.SecretKey.makeRsa(names, numbers, end, expires === null, now)),
      );
    }
    return core.call(
      (glue) => new SecretKey(TOKEN, glue.SecretKey.make(names, profile, end, expires === null, now)),
    );
  }

  async function readSecretKey(key) {
    const bytes = bytesOf(key, "a key");
    if (!core.isReady) await core.ready();
    return core.call((glue) => new LockedKey(TOKEN, glue.LockedKey.read(bytes)));
  }

  async function unlockKey(locked, passphrase, options) {
    const { fingerprint, signal } = optionsOf(options);
    const bytes = bytesOf(locked, "a locked key");
    textArgument(passphrase, "the passphrase");
    signal?.throwIfAborted();
    await core.ready();
    return core.call(
      (glue) => new SecretKey(TOKEN, glue.SecretKey.unlockLocal(bytes, passphrase, fingerprint, Date.now())),
    );
  }

  const inside = (key) => {
    if (!(key instanceof SecretKey)) throw badArgument("a SecretKey is needed here; unlock the key first");
    return SecretKey[TOKEN](key);
  };

  return { SecretKey, LockedKey, makeKey, readSecretKey, unlockKey, inside };
}
