// What can be said of bytes without any key: armor put on and taken off, and whom a message is for.

import { PIECE, bytesOf, joined, piecesOf } from "./content.js";
import { begun, oneOf, optionsOf } from "./arguments.js";
import { badArgument } from "./errors.js";

const KINDS = ["message", "certificate", "secret-key", "signature"];

/** @param {import("./core.js").Core} core */
export function looking(core) {
  async function armor(bytes, kind, options) {
    if (!(bytes instanceof Uint8Array)) throw badArgument("bytes are a Uint8Array");
    oneOf(kind, KINDS, "kind");
    await begun(core, optionsOf(options).signal);
    return core.call((glue) => glue.armor(bytes, kind));
  }

  async function dearmor(text, options) {
    const bytes = bytesOf(text, "the armored text");
    await begun(core, optionsOf(options).signal);
    return core.call((glue) => glue.dearmor(bytes));
  }

  async function recipientsOf(message, options) {
    const { signal } = optionsOf(options);
    await begun(core, signal);
    // They stand at the beginning; no message has more of them than fit into one piece.
    const pieces = [];
    let length = 0;
    for await (const piece of piecesOf(message, signal)) {
      pieces.push(piece);
      length += piece.length;
      if (length >= PIECE) break;
    }
    const { keys, ...found } = core.call((glue) => glue.recipientsOf(joined(pieces)));
    return { ...found, keys: keys.map(recipientOf) };
  }

  /** Old packets name a key id, new ones a fingerprint, whose key id stands at its end (version 4) or front. */
  function recipientOf(digits) {
    if (digits.length === 16) return { keyId: digits.toUpperCase() };
    const keyId = digits.length === 40 ? digits.slice(-16) : digits.slice(0, 16);
    return { keyId: keyId.toUpperCase(), fingerprint: digits };
  }

  return { armor, dearmor, recipientsOf };
}
