/**
 * Hedgerow's crypto core in WebAssembly.
 *
 * Secret keys live inside the module; JavaScript holds handles. Everything that fails throws an
 * `HedgerowError` with a stable `code`.
 */

/** Stable codes of refusals; the list may grow. */
export type ErrorCode =
  | "wrong_passphrase" | "passphrase_too_short" | "malformed_phrase" | "wrong_phrase" | "locked"
  | "out_of_order" | "unknown_suite" | "malformed" | "tampered" | "rolled_back" | "key_substituted"
  | "unusable_certificate" | "certificate_changed" | "no_key_for_message" | "no_integrity" | "too_large"
  | "malformed_mail" | "malformed_address" | "no_such_attachment" | "internal";

/** What is thrown. The message names algorithms, dates or fingerprints; never content or secrets. */
export interface HedgerowError extends Error {
  readonly code: ErrorCode;
}

/** A public certificate as it was read at one moment. */
export interface Certificate {
  /** Hexadecimal; 40 digits (version 4) or 64 (version 6). */
  readonly fingerprint: string;
  /** OpenPGP version. */
  readonly version: 4 | 6;
  /** Binary form. */
  readonly bytes: Uint8Array;
  /** Armored form. */
  readonly armored: string;
  /** Whether it may be sealed to now. */
  readonly usable: boolean;
  /** Why not, in English. */
  readonly reason?: string;
  /** When it ends, in milliseconds since 1970; absent if never, or if not usable. */
  readonly expires?: number;
  /** Its user ids; empty if not usable. */
  readonly userIds: string[];
}

/** What a signature is worth. */
export interface Signature {
  /** Who made it, as it says itself: a fingerprint or key id. Proves nothing. */
  readonly claimedSigner: string;
  /** The fingerprint of the certificate given that knows it; absent with `unknown`. */
  readonly signer?: string;
  /**
   * `good`: by `signer`, over exactly these bytes. `broken`: changed after signing. `unknown`: by none of
   * the certificates given. `does_not_count`: right, but weak, expired, revoked or meant for others.
   */
  readonly verdict: "good" | "broken" | "unknown" | "does_not_count";
  /** The reason with `does_not_count`. */
  readonly detail: string;
  /** When it was made, as the signer says; with `good`. */
  readonly made?: number;
}

/** An opened message: content whose integrity was proven, with the signatures over exactly it. */
export interface Opened {
  readonly bytes: Uint8Array;
  /** Whether anyone claims to have signed it. */
  readonly signed: boolean;
  /** One per signature, if certificates to check with were given. */
  readonly signatures: Signature[];
}

/** An unlocked OpenPGP secret key. */
export declare class SecretKey {
  private constructor();
  /**
   * Makes a key.
   * @param options.profile `compatible` (default): version 4, read by GnuPG and Thunderbird. `modern`:
   * version 6 (RFC 9580).
   */
  static make(address: string, options?: { profile?: "compatible" | "modern" }): SecretKey;
  /**
   * Unlocks what `lockWithPassphrase` gave. Takes about half a second (Argon2id, 64 MiB).
   * @param options.fingerprint refuse any other key: give it when the bytes come from someone else's store.
   * @throws `wrong_passphrase` for a wrong passphrase and for damaged bytes alike
   */
  static unlock(locked: Uint8Array, passphrase: string, options?: { fingerprint?: string }): SecretKey;
  /** Hexadecimal. */
  readonly fingerprint: string;
  /** The public certificate. */
  readonly certificate: Certificate;
  /**
   * The key, locked by a passphrase of at least 12 characters. Who has these bytes can guess passphrases:
   * keep them on the device; for a server use an account (`VaultWorker`).
   */
  lockWithPassphrase(passphrase: string): Uint8Array;
  /**
   * Seals to certificates, in one OpenPGP message; add your own certificate to be able to read it again.
   * You answer for whose certificates they are; each is checked for expiry, revocation and strength.
   * @param options.sign false to leave the author unproven
   */
  seal(
    plaintext: Uint8Array | string,
    certificates: Iterable<Certificate | Uint8Array>,
    options?: { sign?: boolean },
  ): Uint8Array;
  /**
   * Opens a message. Nothing is released before its integrity is proven.
   * @param signers certificates to check signatures with
   */
  open(message: Uint8Array, signers?: Iterable<Certificate | Uint8Array>): Opened;
  /** Wipes the key. The handle is dead afterwards. */
  free(): void;
}

/**
 * A command, described in `crypto-core/model/src/worker.rs`: its name if it takes nothing (`"lock"`), else
 * an object with its name as the one key (`{ rate_passphrase: { passphrase } }`).
 */
export type Command = string | { readonly [name: string]: { readonly [field: string]: unknown } };
/** A reply, of the same form; `{ error: { error: { code, detail } } }` is a refusal. */
export type Reply = string | { readonly [name: string]: { readonly [field: string]: unknown } };
/** A long step that begins. */
export type Progress = "stretching" | "making_keys" | "sealing";

/** A session of an account in this thread; a refusal is a reply. */
export declare class Vault {
  constructor();
  handle(command: Command, progress: (step: Progress) => void): Reply;
  /** Wipes every secret. */
  free(): void;
}

/** What `load` gives. */
export interface Crypto {
  readonly SecretKey: typeof SecretKey;
  /** Reads one certificate, binary or armored, and judges it (for `address`, if given). */
  readonly readCertificate: (
    certificate: Uint8Array | string,
    options?: { address?: string },
  ) => Certificate;
  readonly Vault: typeof Vault;
}

/**
 * Loads the module once.
 * @param options.wasm browsers only: where `crypto.wasm` lies
 */
export function load(options?: { wasm?: string | URL }): Promise<Crypto>;

/** Browsers only: a session in a worker of its own. */
export declare class VaultWorker {
  /** @param worker a module worker running `@hedgerow/crypto/worker`; made if absent */
  constructor(worker?: unknown);
  /** Resolves once the module is loaded. */
  readonly ready: Promise<void>;
  /** Resolves to the reply, also when it is a refusal; rejects if the worker broke. */
  call(command: Command, onProgress?: (step: Progress) => void): Promise<Reply>;
  /** Ends the worker, and with it every key. */
  terminate(): void;
}
