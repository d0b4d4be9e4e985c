/**
 * OpenPGP (RFC 9580) for browsers and Node 20, over Hedgerow's crypto core in WebAssembly.
 *
 * - Every function is asynchronous and loads the module when it is first needed; {@link load} does so early.
 * - Secret keys live inside the module; JavaScript holds handles. `free()` or `using` wipes them.
 * - Certificates (public keys) are plain values that can be kept and compared.
 * - What fails throws a {@link HedgerowError} with a stable `code` and a `remedy`. An aborted call rejects with
 *   the reason of its signal.
 * - Times are milliseconds since 1970, as `Date.now()` gives them; a `Date` is taken too.
 *
 * @packageDocumentation
 */

// ---------------------------------------------------------------------------------------------- content

/** What can be encrypted, signed or read. A string is UTF-8. */
export type Content = string | Uint8Array | Blob | ReadableStream<Uint8Array>;

/** In what shape a result is wanted. */
export type Shape = "bytes" | "text" | "blob" | "stream";

/** The value that each shape is. */
export interface Shapes {
  bytes: Uint8Array;
  /** UTF-8; content that is none is refused with `not_text`. */
  text: string;
  blob: Blob;
  /** Pieces as they are ready; memory stays bounded whatever the size. */
  stream: ReadableStream<Uint8Array>;
}

/** The shape of a result when `as` is not given: that of what came in. */
export type NaturalShape<C extends Content> = C extends ReadableStream<Uint8Array>
  ? "stream"
  : C extends Blob
    ? "blob"
    : "bytes";

/** The shape of a message when `as` is not given: armor makes a string of what would be bytes. */
export type MessageShape<C extends Content, A extends boolean | undefined> = NaturalShape<C> extends "bytes"
  ? A extends true
    ? "text"
    : "bytes"
  : NaturalShape<C>;

/** A moment. */
export type Moment = number | Date;

/** A call that can be given up: it rejects with the reason of the signal. */
export interface Abortable {
  signal?: AbortSignal;
}

/** One, or several. */
export type Many<T> = T | Iterable<T>;

// ----------------------------------------------------------------------------------------------- errors

/**
 * Stable codes of refusals. The list may grow: have a `default` branch.
 *
 * | code | when |
 * |---|---|
 * | `wrong_passphrase` | the passphrase or password is wrong, or what it locks is damaged |
 * | `passphrase_too_short` | a passphrase for {@link SecretKey.lockWithPassphrase} has fewer than 12 characters |
 * | `locked` | the key needs its passphrase first |
 * | `handle_freed` | the handle was disposed |
 * | `instance_lost` | the module broke and was started again; handles made before are dead |
 * | `malformed` | the bytes are not what they should be |
 * | `tampered` | the message was changed, or it is cut off |
 * | `no_integrity` | the message has no integrity protection and is not opened |
 * | `no_key_for_message` | none of the keys, passwords and session keys given opens it |
 * | `unusable_certificate` | the certificate may not be used for this now; the message says why |
 * | `key_substituted` | another key than the one asked for, or its parts do not belong together |
 * | `no_good_signature` | `expectSigned` was set and no signature is good |
 * | `too_large` | a limit that protects memory or time was reached |
 * | `unsupported` | an algorithm or format this package does not do |
 * | `not_text` | content wanted as text is not UTF-8 |
 * | `bad_argument` | an argument or a combination of options makes no sense |
 * | `internal` | a fault of the program |
 */
export type ErrorCode =
  | "wrong_passphrase" | "passphrase_too_short" | "locked" | "handle_freed" | "instance_lost"
  | "malformed" | "tampered" | "no_integrity" | "no_key_for_message"
  | "unusable_certificate" | "certificate_changed" | "key_substituted" | "no_good_signature"
  | "too_large" | "unsupported" | "not_text" | "bad_argument" | "internal"
  | "malformed_phrase" | "wrong_phrase" | "out_of_order" | "unknown_suite" | "rolled_back"
  | "malformed_mail" | "malformed_address" | "no_such_attachment";

/** What is thrown. Its message names algorithms, dates or fingerprints; never content or secrets. */
export class HedgerowError extends Error {
  readonly name: "HedgerowError";
  readonly code: ErrorCode;
  /** What to do about it, in English, for developers. */
  readonly remedy: string;
}

// ----------------------------------------------------------------------------------------- certificates

/** What a key of a certificate may do. */
export type Ability = "certify" | "sign" | "encrypt" | "authenticate";

/** One key of a certificate, judged. */
export interface JudgedKey {
  /** Hexadecimal. */
  readonly fingerprint: string;
  /** Eight octets, hexadecimal: how messages name it, see {@link recipientsOf}. */
  readonly keyId: string;
  /** As RFC 9580 section 9.1 calls it: `RSA`, `EdDSALegacy`, `ECDH`, `Ed25519`, `X25519` and others. */
  readonly algorithm: string;
  readonly primary: boolean;
  readonly created: number;
  /** Absent: never. */
  readonly expires?: number;
  /** What it may do now; empty if it is not valid. */
  readonly may: readonly Ability[];
  readonly valid: boolean;
  /** Why not, in English. */
  readonly reason?: string;
}

/** One user id of a certificate, judged. */
export interface JudgedUserId {
  /** As written, for example `Alice <alice@example.org>`. Anyone can write anything here. */
  readonly text: string;
  /** The address in it, if it holds one. */
  readonly address?: string;
  readonly primary: boolean;
  readonly valid: boolean;
  /** Why not, in English. */
  readonly reason?: string;
}

/** A certificate as seen at one moment. */
export interface Judgement {
  /** Whether it may be encrypted to. */
  readonly usable: boolean;
  /** Why not, in English. */
  readonly reason?: string;
  /** Whether a signature made now with one of its keys counts. */
  readonly signs: boolean;
  readonly revoked: boolean;
  /** When it ends; absent: never. */
  readonly expires?: number;
  /** The primary key first. */
  readonly keys: readonly JudgedKey[];
  readonly userIds: readonly JudgedUserId[];
  /** Whether it says that its owner reads SEIPDv2 (RFC 9580). */
  readonly readsSeipd2: boolean;
}

/**
 * A certificate, also called a public key. A value: immutable, holds no secret, needs no disposal, survives
 * `instance_lost`.
 */
export class Certificate {
  private constructor();
  /** Hexadecimal; 40 digits (version 4) or 64 (version 6). */
  readonly fingerprint: string;
  /** The last (version 4) or first (version 6) 16 digits. Never identify anyone by it. */
  readonly keyId: string;
  readonly version: 4 | 6;
  readonly created: number;
  /** Binary form. */
  readonly bytes: Uint8Array;
  /** Armored form. */
  readonly armored: string;
  /** Its valid user ids, as {@link judge} saw them when it was read. */
  readonly userIds: readonly string[];
  /** Whether it could be encrypted to when it was read. */
  readonly usable: boolean;
  /** Why not, in English. */
  readonly reason?: string;
  /** When it ends, as seen when it was read; absent: never. */
  readonly expires?: number;
  /**
   * Says what is valid and what not, with reasons.
   * @param options.at the moment; now if absent
   * @param options.address `usable` only if a valid user id has this address
   */
  judge(options?: { at?: Moment; address?: string } & Abortable): Promise<Judgement>;
  /** This certificate with what `other` adds: newer signatures, subkeys, user ids, revocations. */
  merge(other: Certificate | Uint8Array | string, options?: Abortable): Promise<Certificate>;
  /** Only what is needed to use it now: for mail headers and QR codes. */
  minimise(options?: Abortable): Promise<Certificate>;
  /**
   * This certificate, revoked by what its owner prepared ({@link SecretKey.revocationCertificate}, or gpg's
   * `--gen-revoke`). Refused (`malformed`) if it is the revocation of another key.
   */
  applyRevocation(revocation: Uint8Array | string, options?: Abortable): Promise<Certificate>;
  /**
   * The whole fingerprint in English words, to compare aloud: 15 for version 4, 24 for version 6, of the list
   * that recovery phrases are made of (BIP 39).
   */
  readonly words: string;
  /** The text of a QR code: `OPENPGP4FPR:` and the fingerprint. */
  readonly qrText: string;
  /** Whether two certificates are of the same key: same fingerprint. */
  isSame(other: Certificate | string): boolean;
}

/** What is taken where a certificate is needed. Bytes and text are read anew each time: keep the object. */
export type CertificateSource = Certificate | Uint8Array | string;

/** Reads exactly one certificate, binary or armored. */
export function readCertificate(
  certificate: Uint8Array | string,
  options?: { at?: Moment; address?: string; fingerprint?: string } & Abortable,
): Promise<Certificate>;

/** Reads a keyring. Certificates that cannot be read are left out. */
export function readCertificates(
  keyring: Uint8Array | string,
  options?: { at?: Moment } & Abortable,
): Promise<{ readonly certificates: readonly Certificate[] }>;

// ------------------------------------------------------------------------------------------------- keys

/**
 * Which kind of key is made.
 * - `compatible` (default): version 4, Ed25519 and X25519; read by GnuPG, Thunderbird and everyone else.
 * - `modern`: version 6 (RFC 9580), Ed25519 and X25519.
 * - `rsa3072`, `rsa4096`: version 4, for those who must. Making one takes about a second.
 */
export type KeyProfile = "compatible" | "modern" | "rsa3072" | "rsa4096";

/**
 * How a key is protected when it leaves the module.
 * - `argon2`: Argon2id (64 MiB) and AEAD (RFC 9580). Strong; OpenPGP.js 6, Sequoia 2 and newer read it.
 * - `gnupg`: iterated and salted S2K, AES-256 in CFB mode; GnuPG reads it. Anyone who has it can guess fast:
 *   take a long passphrase.
 */
export type Protection = "argon2" | "gnupg";

/** Why a key is revoked. */
export interface Revocation {
  /**
   * - `unspecified` (default), `compromised`: nothing the key ever signed counts any more.
   * - `superseded`, `retired`: what it signed before goes on counting.
   */
  reason?: "unspecified" | "superseded" | "compromised" | "retired";
  /** More of it, for people. */
  text?: string;
}

/** Makes a key. */
export function makeKey(options: {
  /** `Alice <alice@example.org>`, or an address alone; the first is the primary one. */
  userIds: Many<string>;
  profile?: KeyProfile;
  /** When it ends; two years if absent; `null`: never. It can be extended later. */
  expires?: Moment | null;
  signal?: AbortSignal;
}): Promise<SecretKey>;

/**
 * Reads one secret key in OpenPGP form (binary or armored), as exported by this package, GnuPG, OpenPGP.js and
 * others. Nothing is unlocked yet.
 */
export function readSecretKey(key: Uint8Array | string, options?: Abortable): Promise<LockedKey>;

/**
 * Unlocks what {@link SecretKey.lockWithPassphrase} gave.
 * @param options.fingerprint refuse any other key: give it when the bytes come from someone else's store
 */
export function unlockKey(
  locked: Uint8Array,
  passphrase: string,
  options?: { fingerprint?: string; signal?: AbortSignal },
): Promise<SecretKey>;

/** A secret key in OpenPGP form that is not unlocked. A value; needs no disposal. */
export class LockedKey {
  private constructor();
  readonly fingerprint: string;
  /** The public part. */
  readonly certificate: Certificate;
  /** Whether a passphrase is needed. */
  readonly isProtected: boolean;
  readonly bytes: Uint8Array;
  readonly armored: string;
  /**
   * Unlocks it. Public and secret parts are compared, so that an altered key is refused (`key_substituted`).
   * @param passphrase left out if it is not protected
   */
  unlock(passphrase?: string, options?: { fingerprint?: string; signal?: AbortSignal }): Promise<SecretKey>;
}

/**
 * An unlocked secret key: a handle to what lies in the module. Structured clone and JSON give nothing of it.
 *
 * ```js
 * using key = await locked.unlock(passphrase);   // wiped at the end of the block
 * ```
 */
export class SecretKey {
  private constructor();
  readonly fingerprint: string;
  /** The public part, as of the last change. */
  readonly certificate: Certificate;
  readonly isFreed: boolean;

  /**
   * The key in OpenPGP form, protected. Several passphrases are not needed for several subkeys: one
   * derivation protects them all.
   */
  lock(
    passphrase: string,
    options?: { protection?: Protection; signal?: AbortSignal },
  ): Promise<LockedKey>;
  /**
   * The key in Hedgerow's own form (Argon2id, 64 MiB, and a key-committing envelope), for storage on the
   * device: shorter to check, nothing of it is public. {@link unlockKey} reads it.
   * @param passphrase at least 12 characters
   */
  lockWithPassphrase(passphrase: string, options?: { signal?: AbortSignal }): Promise<Uint8Array>;
  /**
   * The key in OpenPGP form **without** protection: the secret becomes a JavaScript value that nobody can
   * wipe. Prefer {@link lock}.
   */
  exportUnprotected(options?: Abortable): Promise<Uint8Array>;

  /** Another handle without the primary key's secret part: for devices that only read and sign. */
  withoutPrimary(options?: Abortable): Promise<SecretKey>;

  /**
   * Adds a user id. As all that follows, it changes this key and its {@link certificate}: lock and store the key
   * anew, and give the certificate to others. Needs the primary key's secret part (`locked` without).
   */
  addUserId(userId: string, options?: Abortable): Promise<void>;
  /** Revokes a user id. It stays in the certificate, so that others learn that it no longer holds. */
  revokeUserId(userId: string, options?: Abortable): Promise<void>;
  /** Sets when the key and its subkeys end, sooner or later than before; `null`: never. */
  setExpiry(expires: Moment | null, options?: Abortable): Promise<void>;
  /**
   * Makes a new subkey (X25519) that others encrypt to from now on. The old ones are retired and stay: they read
   * old messages.
   * @param options.expires when the new subkey ends; two years if absent
   */
  rotateEncryption(options?: { expires?: Moment } & Abortable): Promise<void>;
  /** Revokes the key. Publish its certificate: who does not see it goes on using the key. */
  revoke(options?: Revocation & Abortable): Promise<void>;
  /**
   * A revocation that is made now and applied when the key is lost ({@link Certificate.applyRevocation}, or
   * `gpg --import`). Armored. Keep it apart from the key: whoever has it can revoke.
   */
  revocationCertificate(options?: Revocation & Abortable): Promise<string>;
  /** Takes over what another copy of its certificate has more: certifications, revocations. */
  merge(certificate: CertificateSource, options?: Abortable): Promise<void>;

  /** Wipes the key. The handle is dead afterwards; freeing twice does nothing. */
  free(): void;
  [Symbol.dispose](): void;
}

// --------------------------------------------------------------------------------------------- messages

/** How a message is protected. */
export type MessageFormat = "seipd1" | "seipd2-ocb" | "seipd2-gcm" | "seipd2-eax";
/** How a message that was read is protected; `gnupg-aead`: GnuPG's own packet. */
export type ReadFormat = MessageFormat | "gnupg-aead";

/** The key of one message: opens this message and nothing else. */
export interface SessionKey {
  /** For example `AES-256`. */
  readonly cipher: "AES-128" | "AES-192" | "AES-256" | "Twofish" | "Camellia-128" | "Camellia-192" | "Camellia-256";
  readonly key: Uint8Array;
}

export interface EncryptOptions<A extends boolean | undefined = boolean | undefined, S extends Shape | undefined = Shape | undefined> {
  /** Who can read it. Add your own certificate to read it again. Each is judged now. */
  to?: Many<CertificateSource>;
  /** Who can read it too, without being named in the message. */
  hiddenTo?: Many<CertificateSource>;
  /** Passwords that open it (Argon2id). */
  passwords?: Many<string>;
  /** Who signs it, inside the encryption. */
  from?: Many<SecretKey>;
  /**
   * `auto` (default): the newest format that every recipient reads. Others are refused for recipients who
   * do not announce them.
   */
  format?: "auto" | MessageFormat;
  armor?: A;
  /** The shape of the message; that of the content if absent. */
  as?: S;
  /** A name for the content, inside the encryption. */
  filename?: string;
  /** Give the message's session key too, for a bridge or a delegate. */
  exportSessionKey?: boolean;
  at?: Moment;
  signal?: AbortSignal;
}

/** A message that was made. */
export interface Encrypted<S extends Shape> {
  readonly message: Shapes[S];
  readonly format: MessageFormat;
  /** Why this format, in English. */
  readonly why: string;
  /** With `exportSessionKey`. */
  readonly sessionKey?: SessionKey;
}

/**
 * Encrypts, and signs if `from` is given.
 *
 * ```js
 * const { message } = await encrypt("Meet me at the hedge.", { to: [bob, me], from: key, armor: true });
 * ```
 */
export function encrypt<
  C extends Content,
  A extends boolean | undefined = undefined,
  S extends Shape | undefined = undefined,
>(
  content: C,
  options: EncryptOptions<A, S>,
): Promise<Encrypted<S extends Shape ? S : MessageShape<C, A>>>;

/** What a signature is worth. */
export interface Signature {
  /**
   * - `good`: made by `signer` over exactly this content, and it counts.
   * - `broken`: the content or the signature was changed.
   * - `unknown`: made by none of the certificates given in `signers`.
   * - `does_not_count`: genuine, but weak, expired, revoked, or made by a key that may not sign.
   */
  readonly verdict: "good" | "broken" | "unknown" | "does_not_count";
  /** The certificate of `signers` that made it; absent with `unknown`. */
  readonly signer?: Certificate;
  /** Who made it, as it says itself: fingerprint or key id. Proves nothing. */
  readonly claimedSigner: string;
  /** When it was made, as the signer says; with `good`. */
  readonly made?: number;
  /** The reason, with `does_not_count`. */
  readonly detail: string;
}

export interface DecryptOptions<S extends Shape | undefined = Shape | undefined> {
  /** Keys to open it with. */
  keys?: Many<SecretKey>;
  passwords?: Many<string>;
  /** Session keys from {@link sessionKeyOf} or elsewhere. */
  sessionKeys?: Many<SessionKey>;
  /** Certificates to check signatures with. */
  signers?: Many<CertificateSource>;
  /** Refuse (`no_good_signature`) unless a signature is good. */
  expectSigned?: boolean;
  /** The shape of the content; that of the message if absent. */
  as?: S;
  /** The most bytes the content may have (default 1 GiB; streams: no limit). */
  maxBytes?: number;
  at?: Moment;
  signal?: AbortSignal;
}

/**
 * What was read. With the shape `stream`, pieces come as their integrity is proven, and what is only known at
 * the end is a promise: until it is resolved, nobody has signed anything, and the stream may still end in an
 * error (`tampered`) that voids what came before.
 */
export interface Opened<S extends Shape> {
  readonly content: Shapes[S];
  readonly signatures: S extends "stream" ? Promise<readonly Signature[]> : readonly Signature[];
  /** The name its maker gave it, without any folder. */
  readonly filename?: string;
  /** Whether it was encrypted at all, and how. */
  readonly format?: ReadFormat;
}

/**
 * Decrypts and checks signatures. Nothing is released before its integrity is proven. Signed messages that are
 * not encrypted are refused here: {@link verify} reads them.
 */
export function decrypt<M extends Content, S extends Shape | undefined = undefined>(
  message: M,
  options: DecryptOptions<S>,
): Promise<Opened<S extends Shape ? S : NaturalShape<M>>>;

/** Finds the session key of a message, for a bridge or a delegate that may open this one message. */
export function sessionKeyOf(
  message: Content,
  options: { keys?: Many<SecretKey>; passwords?: Many<string>; signal?: AbortSignal },
): Promise<SessionKey>;

/** Whom a message says it is for. Anyone can write anything there. */
export interface Recipients {
  /** The keys (mostly subkeys: see {@link JudgedKey.keyId}) that are named. */
  readonly keys: readonly { readonly keyId: string; readonly fingerprint?: string }[];
  /** How many keys are not named. */
  readonly hidden: number;
  /** How many passwords open it. */
  readonly passwords: number;
  readonly format: ReadFormat;
}

/** Looks whom an encrypted message is for, without opening it. Reads no more than its first MiB. */
export function recipientsOf(message: Content, options?: Abortable): Promise<Recipients>;

/**
 * How a signature is made.
 * - `detached` (default): a signature beside the content.
 * - `inline`: one message that holds both.
 * - `cleartext`: text that people can read (RFC 9580 section 7). Made piece by piece for blobs and streams.
 */
export type SignatureForm = "detached" | "inline" | "cleartext";

export interface SignOptions<A extends boolean | undefined = boolean | undefined, S extends Shape | undefined = Shape | undefined> {
  from: Many<SecretKey>;
  form?: SignatureForm;
  /** As text: line ends do not count. For `detached` and `inline`. */
  text?: boolean;
  armor?: A;
  as?: S;
  at?: Moment;
  signal?: AbortSignal;
}

/** Signs. A detached signature is small and comes as bytes, or a string if armored, whatever the content. */
export function sign<A extends boolean | undefined = undefined>(
  content: Content,
  options: SignOptions<A, undefined> & { form?: "detached" },
): Promise<A extends true ? string : Uint8Array>;
export function sign<C extends Content, S extends Shape | undefined = undefined>(
  content: C,
  options: SignOptions<boolean | undefined, S> & { form: "cleartext" },
): Promise<Shapes[S extends Shape ? S : MessageShape<C, true>]>;
export function sign<
  C extends Content,
  A extends boolean | undefined = undefined,
  S extends Shape | undefined = undefined,
>(
  content: C,
  options: SignOptions<A, S> & { form: "inline" },
): Promise<Shapes[S extends Shape ? S : MessageShape<C, A>]>;

export interface VerifyOptions<S extends Shape | undefined = Shape | undefined> {
  signers: Many<CertificateSource>;
  /** Refuse (`no_good_signature`) unless a signature is good. */
  expectSigned?: boolean;
  as?: S;
  /** The most bytes that the content of a signed message may have. */
  maxBytes?: number;
  at?: Moment;
  signal?: AbortSignal;
}

/** Checks a detached signature over `content`. */
export function verify(
  content: Content,
  options: VerifyOptions<undefined> & { signature: Uint8Array | string },
): Promise<{ readonly signatures: readonly Signature[] }>;
/**
 * Checks a signed message, inline or cleartext, and gives exactly the content that was signed: never show the
 * message itself in its place. A cleartext one is held in memory (64 MiB at most) until its signature was read.
 */
export function verify<M extends Content, S extends Shape | undefined = undefined>(
  message: M,
  options: VerifyOptions<S> & { signature?: undefined },
): Promise<Opened<S extends Shape ? S : NaturalShape<M>>>;

/** What armor holds. */
export type ArmorKind = "message" | "certificate" | "secret-key" | "signature" | "other";

/** Binary to armored (RFC 9580 section 6). */
export function armor(
  bytes: Uint8Array,
  kind: Exclude<ArmorKind, "other">,
  options?: Abortable,
): Promise<string>;
/** Armored to binary: the first block, whatever text stands around it. Binary stays as it is (`other`). */
export function dearmor(
  text: string | Uint8Array,
  options?: Abortable,
): Promise<{ readonly kind: ArmorKind; readonly bytes: Uint8Array }>;

// ----------------------------------------------------------------------------------------------- module

/** Where the module comes from. */
export type WasmSource = string | URL | Response | ArrayBuffer | Uint8Array | WebAssembly.Module;

/**
 * Loads the module. Optional: every function does it by itself.
 * @param options.wasm where `crypto.wasm` lies, its bytes, or the compiled module; beside the script if absent.
 * Only the first call can say so.
 */
export function load(options?: { wasm?: WasmSource } & Abortable): Promise<{ readonly Vault: typeof Vault }>;

// ------------------------------------------------------------------------------------------------ vault

/**
 * A command, described in `crypto-core/model/src/worker.rs`: its name if it takes nothing (`"lock"`), else
 * an object with its name as the one key (`{ rate_passphrase: { passphrase } }`).
 */
export type Command = string | { readonly [name: string]: { readonly [field: string]: unknown } };
/** A reply, of the same form; `{ error: { error: { code, detail } } }` is a refusal. */
export type Reply = string | { readonly [name: string]: { readonly [field: string]: unknown } };
/** A long step that begins. */
export type Progress = "stretching" | "making_keys" | "sealing";

/** A session of a Hedgerow account in this thread, from {@link load}; a refusal is a reply. */
declare class Vault {
  constructor();
  handle(command: Command, progress: (step: Progress) => void): Reply;
  /** Wipes every secret. */
  free(): void;
}
export type { Vault };

/** Browsers only: a session in a worker of its own; keys and passphrases never come back to the page. */
export class VaultWorker {
  /** @param worker a module worker running `@hedgerow/crypto/worker`; made if absent */
  constructor(worker?: Worker);
  /** Resolves once the module is loaded. */
  readonly ready: Promise<void>;
  /** Resolves to the reply, also when it is a refusal; rejects if the worker broke. */
  call(command: Command, onProgress?: (step: Progress) => void): Promise<Reply>;
  /** Ends the worker, and with it every key. */
  terminate(): void;
}
