// Secret keys: handles to what lies in the module, and their locked forms, which are values.

import { Handle } from "./core.js";
import { bytesOf } from "./content.js";
import { listOf, momentOf, oneOf, optionsOf, textArgument } from "./arguments.js";
import { badArgument } from "./errors.js";

const TOKEN = Symbol("key");
const HOST = Symbol("host");
const encoder = new TextEncoder();
const PROFILES = ["compatible", "modern", "rsa3072", "rsa4096"];
const PROTECTIONS = ["argon2", "gnupg"];

/**
 * @param {import("./core.js").Core} core
 * @param {object} engine
 */
export function keys(core, engine, { wrapped }) {
  class SecretKey {
    #handle;
    #certificate;
    /** Keys of the host, by use and fingerprint; only for RSA. */
    #hostKeys;

    constructor(token, inner) {
      if (token !== TOKEN) throw new TypeError("use makeKey, or readSecretKey and unlock");
      this.#handle = new Handle(core, inner);
      this.#certificate = wrapped(inner.certificate());
      if (engine.rsa && inner.hasRsa) this.#hostKeys = new Map();
    }

    get fingerprint() { return this.#certificate.fingerprint; }
    get certificate() { return this.#certificate; }
    get isFreed() { return this.#handle.isFreed; }

    async lock(passphrase, options) {
      const { protection = "argon2", signal } = optionsOf(options);
      textArgument(passphrase, "the passphrase");
      oneOf(protection, PROTECTIONS, "protection");
      signal?.throwIfAborted();
      if (protection === "gnupg" && engine.iterate) {
        const locking = core.call((glue) => new glue.Locking(this.#inner));
        const { generation } = core;
        try {
          const derived = await engine.iterate(locking.hashes(), encoder.encode(passphrase));
          signal?.throwIfAborted();
          return core.call(() => new LockedKey(TOKEN, locking.locked(derived)));
        } catch (error) {
          // `locked` takes it, whatever comes of it.
          if (core.generation === generation && locking.__wbg_ptr) locking.free();
          throw error;
        }
      }
      return core.call((glue) => {
        const bytes = this.#inner.lock(passphrase, protection);
        return new LockedKey(TOKEN, glue.LockedKey.read(bytes));
      });
    }

    async lockWithPassphrase(passphrase, options) {
      optionsOf(options).signal?.throwIfAborted();
      textArgument(passphrase, "the passphrase");
      return core.call(() => this.#inner.lockWithPassphrase(passphrase, Date.now()));
    }

    async exportUnprotected() {
      return core.call(() => this.#inner.exportUnprotected());
    }

    async withoutPrimary() {
      return core.call(() => new SecretKey(TOKEN, this.#inner.withoutPrimary()));
    }

    free() {
      this.#hostKeys?.clear();
      this.#handle.free();
    }

    /**
     * What the host makes of the RSA key of this fingerprint, made once; undefined if it is none or the host cannot.
     * @param {"signer" | "opener"} use
     */
    static async [HOST](key, use, fingerprint, detail) {
      const known = key.#hostKeys;
      if (!known || key.isFreed || !engine.rsa[use]) return undefined;
      const name = `${use} ${fingerprint} ${detail}`;
      if (!known.has(name)) {
        const exported = core.call(() => key.#inner.exportRsa(fingerprint));
        if (!exported) return undefined;
        try {
          known.set(name, await engine.rsa[use](exported, detail));
        } catch {
          // Not a key this host takes: the module does it.
          known.set(name, undefined);
        } finally {
          exported.fill(0);
        }
      }
      return known.get(name);
    }

    get #inner() {
      return this.#handle.inner;
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
    #isProtected;
    #certificate;

    constructor(token, inner) {
      if (token !== TOKEN) throw new TypeError("use readSecretKey");
      this.#isProtected = inner.isProtected;
      this.#bytes = inner.bytes();
      this.#armored = inner.armored();
      this.#certificate = wrapped(inner.certificate());
      inner.free();
    }

    get fingerprint() { return this.#certificate.fingerprint; }
    get certificate() { return this.#certificate; }
    get isProtected() { return this.#isProtected; }
    get bytes() { return this.#bytes; }
    get armored() { return this.#armored; }

    async unlock(passphrase, options) {
      const { fingerprint, signal } = optionsOf(options);
      if (passphrase !== undefined) textArgument(passphrase, "the passphrase");
      signal?.throwIfAborted();
      await core.ready();
      return core.call((glue) => {
        const locked = glue.LockedKey.read(this.#bytes);
        // It becomes the key, or is gone.
        return new SecretKey(TOKEN, locked.unlock(passphrase, fingerprint));
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
      const numbers = await Promise.all([engine.makeRsa(bits), engine.makeRsa(bits)]);
      signal?.throwIfAborted();
      return core.call(
        (glue) => new SecretKey(TOKEN, glue.SecretKey.makeRsa(names, profile, numbers, end, expires === null, now)),
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

  const hostKey = (key, use, fingerprint, detail) => SecretKey[HOST](key, use, fingerprint, detail);

  return { SecretKey, LockedKey, makeKey, readSecretKey, unlockKey, inside, hostKey };
}
