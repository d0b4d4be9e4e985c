// Secret keys: handles to what lies in the module, and their locked forms, which are values.

import { Handle } from "./core.js";
import { bytesOf } from "./content.js";
import { begun, listOf, momentOf, oneOf, optionsOf, textArgument, unlessAborted } from "./arguments.js";
import { badArgument } from "./errors.js";

const TOKEN = Symbol("key");
const HOST = Symbol("host");
const encoder = new TextEncoder();
const PROFILES = ["compatible", "modern", "rsa3072", "rsa4096"];
const PROTECTIONS = ["argon2", "gnupg"];
const REASONS = ["unspecified", "superseded", "compromised", "retired"];

const secondNow = () => Math.floor(Date.now() / 1000);

function future(moment) {
  if (moment <= Date.now()) throw badArgument("expires lies in the past");
  return moment;
}

/** Why a key is revoked, for those who read the revocation. */
function becauseOf(options) {
  const { reason = "unspecified", text = "" } = optionsOf(options);
  return { reason: oneOf(reason, REASONS, "reason"), text: textArgument(text, "text") };
}

/**
 * @param {import("./core.js").Core} core
 * @param {object} engine
 */
export function keys(core, engine, { wrapped, certificateOf, inside: insideCertificate }) {
  class SecretKey {
    #handle;
    #certificate;
    /** When it was made, unlocked or changed, in seconds. */
    #second = secondNow();
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

    async exportUnprotected(options) {
      optionsOf(options).signal?.throwIfAborted();
      return core.call(() => this.#inner.exportUnprotected());
    }

    async withoutPrimary(options) {
      optionsOf(options).signal?.throwIfAborted();
      return core.call(() => new SecretKey(TOKEN, this.#inner.withoutPrimary()));
    }

    async addUserId(userId, options) {
      textArgument(userId, "userId");
      await this.#another(options);
      this.#change(options, (inner, now) => inner.addUserId(userId, now));
    }

    async revokeUserId(userId, options) {
      this.#change(options, (inner, now) => inner.revokeUserId(textArgument(userId, "userId"), now));
    }

    async setExpiry(expires, options) {
      if (expires === undefined) throw badArgument("expires is a moment, or null for never");
      const end = expires === null ? undefined : future(momentOf(expires, "expires"));
      await this.#another(options);
      this.#change(options, (inner, now) => inner.setExpiry(end, now));
    }

    async rotateEncryption(options) {
      const { expires } = optionsOf(options);
      const end = expires === undefined ? undefined : future(momentOf(expires, "expires"));
      this.#change(options, (inner, now) =>
        inner.rotateEncryption(end === undefined ? undefined : Math.ceil((end - now) / 1000), now),
      );
    }

    async revoke(options) {
      const { reason, text } = becauseOf(options);
      this.#change(options, (inner, now) => inner.revoke(reason, text, now));
    }

    async revocationCertificate(options) {
      const { reason, text } = becauseOf(options);
      optionsOf(options).signal?.throwIfAborted();
      return core.call(() => this.#inner.revocationCertificate(reason, text, Date.now()));
    }

    async merge(certificate, options) {
      const copy = await certificateOf(certificate);
      this.#change(options, (inner) => inner.merge(insideCertificate(copy)));
    }

    /**
     * Waits for another second than that of the last change: of two statements of one second, nobody could tell
     * which is the newer.
     */
    async #another(options) {
      const { signal } = optionsOf(options);
      signal?.throwIfAborted();
      const rest = (this.#second + 1) * 1000 - Date.now();
      if (rest > 0 && rest <= 1000) await unlessAborted(new Promise((done) => setTimeout(done, rest)), signal);
    }

    /** A change of the key, and the certificate that tells of it. */
    #change(options, change) {
      optionsOf(options).signal?.throwIfAborted();
      core.call(() => {
        change(this.#inner, Date.now());
        this.#second = secondNow();
        this.#certificate = wrapped(this.#inner.certificate());
      });
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
      await begun(core, signal);
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
    await begun(core, signal);
    const now = Date.now();
    // Absent: as the profile says; null: never.
    const end = expires === undefined || expires === null ? undefined : future(momentOf(expires, "expires"));
    const bits = { rsa3072: 3072, rsa4096: 4096 }[profile];
    if (bits && engine.makeRsa) {
      const made = await unlessAborted(Promise.all([engine.makeRsa(bits), engine.makeRsa(bits)]), signal);
      return core.call(
        (glue) => new SecretKey(TOKEN, glue.SecretKey.makeRsa(names, profile, made, end, expires === null, now)),
      );
    }
    return core.call(
      (glue) => new SecretKey(TOKEN, glue.SecretKey.make(names, profile, end, expires === null, now)),
    );
  }

  async function readSecretKey(key, options) {
    const bytes = bytesOf(key, "a key");
    await begun(core, optionsOf(options).signal);
    return core.call((glue) => new LockedKey(TOKEN, glue.LockedKey.read(bytes)));
  }

  async function unlockKey(locked, passphrase, options) {
    const { fingerprint, signal } = optionsOf(options);
    const bytes = bytesOf(locked, "a locked key");
    textArgument(passphrase, "the passphrase");
    await begun(core, signal);
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
