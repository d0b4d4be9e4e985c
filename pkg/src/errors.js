// What is thrown: a stable code, a message without content or secrets, and a remedy.

const REMEDIES = {
  wrong_passphrase: "Ask again. If the passphrase is right, the stored bytes are damaged: take a copy.",
  passphrase_too_short: "Ask for a passphrase of at least 12 characters.",
  locked: "Unlock the key with its passphrase first.",
  handle_freed: "Unlock or read the key again; keep the handle as long as it is used.",
  instance_lost: "Unlock the keys again and repeat the call. Please report what led here.",
  malformed: "Check that the whole value arrived, in the right form: armored text or the binary bytes.",
  tampered: "Do not use what came. Fetch the message again or ask its sender to send it again.",
  no_integrity: "Ask the sender to encrypt with a current program; such messages can be forged.",
  no_key_for_message: "Give the key, password or session key that the message was made for.",
  unusable_certificate: "Ask its owner for a current certificate.",
  certificate_changed: "Compare fingerprints with its owner before going on.",
  key_substituted: "Do not use this key. Take it from a place that you trust.",
  no_good_signature: "Do not trust the content; check whose certificates were given in signers.",
  too_large: "Raise maxBytes, or read it as a stream.",
  unsupported: "Use another algorithm or format.",
  not_text: "Ask for the content as bytes.",
  bad_argument: "Correct the call; index.d.ts describes it.",
  internal: "This is a fault of the package. Please report it.",
};

/** A refusal. `code` is stable. */
export class HedgerowError extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   */
  constructor(code, message = code.replaceAll("_", " ")) {
    super(message);
    this.name = "HedgerowError";
    this.code = code;
    this.remedy = REMEDIES[code] ?? "See the code's description in index.d.ts.";
  }
}

/** A call that makes no sense. */
export const badArgument = (message) => new HedgerowError("bad_argument", message);
