// Certificates as values. Behind each lies a parsed one in the module, made again from the bytes if the
// instance broke: nothing secret is in it, so nobody has to dispose of it.

import { Handle } from "./core.js";
import { bytesOf } from "./content.js";
import { begun, momentOf, optionsOf, textArgument } from "./arguments.js";
import { HedgerowError } from "./errors.js";

const TOKEN = Symbol("certificate");

/** @param {import("./core.js").Core} core */
export function certificates(core) {
  class Certificate {
    #handle;
    #view;
    /** Of the moment it was read; computed when somebody asks, for signatures take their time. */
    #standing;
    #asked;

    constructor(token, inner, now, address) {
      if (token !== TOKEN) throw new TypeError("use readCertificate");
      this.#handle = new Handle(core, inner);
      this.#view = inner.view();
      this.#asked = { now, address };
    }

    get #judged() {
      const { now, address } = this.#asked;
      return (this.#standing ??= core.call(() => inside(this).standing(now, address)));
    }

    get fingerprint() { return this.#view.fingerprint; }
    get keyId() { return this.#view.keyId; }
    get version() { return this.#view.version; }
    get created() { return this.#view.created; }
    get bytes() { return this.#view.bytes; }
    get armored() { return (this.#view.armored ??= core.call(() => inside(this).armored())); }
    get userIds() { return this.#judged.userIds; }
    get usable() { return this.#judged.usable; }
    get reason() { return this.#judged.reason; }
    get expires() { return this.#judged.expires; }
    get qrText() { return this.#view.qrText; }
    get words() { return (this.#view.words ??= core.call(() => inside(this).words())); }

    isSame(other) {
      const print = other instanceof Certificate ? other.fingerprint : textArgument(other, "other");
      return print.replaceAll(/\s/g, "").toLowerCase() === this.fingerprint.toLowerCase();
    }

    async judge(options) {
      const { at, address, signal } = optionsOf(options);
      await begun(core, signal);
      return core.call(() => inside(this).judged(momentOf(at), address));
    }

    async merge(other, options) {
      const added = await certificateOf(other);
      await begun(core, optionsOf(options).signal);
      return wrapped(core.call(() => inside(this).merged(inside(added))));
    }

    async minimise(options) {
      await begun(core, optionsOf(options).signal);
      return wrapped(core.call(() => inside(this).minimised(Date.now())));
    }

    async applyRevocation(revocation, options) {
      const bytes = bytesOf(revocation, "a revocation");
      await begun(core, optionsOf(options).signal);
      return wrapped(core.call(() => inside(this).revoked(bytes, Date.now())));
    }

    /** The parsed form in the module. */
    static [TOKEN](certificate) {
      const { isLost } = certificate.#handle;
      if (isLost) certificate.#handle = new Handle(core, core.glue.Certificate.parse(certificate.#view.bytes));
      return certificate.#handle.inner;
    }
  }

  const inside = (certificate) => Certificate[TOKEN](certificate);
  const wrapped = (inner, now = Date.now(), address = undefined) => new Certificate(TOKEN, inner, now, address);

  /** A certificate of what was given as one. */
  async function certificateOf(source) {
    if (source instanceof Certificate) return source;
    return readCertificate(source);
  }

  async function readCertificate(source, options) {
    const { at, address, fingerprint, signal } = optionsOf(options);
    const bytes = bytesOf(source, "a certificate");
    await begun(core, signal);
    const now = momentOf(at);
    const inner = core.call((glue) => glue.Certificate.parse(bytes));
    const certificate = core.call(() => wrapped(inner, now, address));
    if (fingerprint !== undefined && !certificate.isSame(fingerprint)) {
      throw new HedgerowError("key_substituted", "the certificate has another fingerprint");
    }
    return certificate;
  }

  async function readCertificates(keyring, options) {
    const { at, signal } = optionsOf(options);
    const bytes = bytesOf(keyring, "a keyring");
    await begun(core, signal);
    const now = momentOf(at);
    const found = core.call((glue) => glue.Certificate.parseMany(bytes));
    return core.call(() => ({
      certificates: found.certificates().map((inner) => wrapped(inner, now)),
    }));
  }

  return { Certificate, readCertificate, readCertificates, certificateOf, inside, wrapped };
}
