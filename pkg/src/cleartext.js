// Texts signed in the open (RFC 9580 section 7) among what is to be verified.

import { isStream, joined, piecesOf, streamOf } from "./content.js";
import { HedgerowError } from "./errors.js";

const BEGIN = /^-----BEGIN PGP SIGNED MESSAGE-----[ \t\r]*$/m;
/** So far at most is looked for its first line. */
const BEGINNING = 64 << 10;
/** Most bytes of such a text. */
const MAX_TEXT = 64 << 20;

/**
 * The message as it is to be read, and whether it is a signed text. That one is gathered: the signature, which
 * says how the text is to be hashed, stands at its end, and nobody may see the text before.
 */
export async function withCleartext(message, signal) {
  const source = piecesOf(message, signal);
  const pieces = [];
  let length = 0;
  /** Takes pieces until there are so many bytes; whether there may be more. */
  async function upTo(most) {
    while (length < most) {
      const { done, value } = await source.next();
      if (done) return false;
      pieces.push(value);
      length += value.length;
    }
    return true;
  }
  await upTo(BEGINNING);
  const isClear = BEGIN.test(new TextDecoder("latin1").decode(joined(pieces).subarray(0, BEGINNING)));
  if (isClear) {
    if (await upTo(MAX_TEXT + 1)) {
      await source.return();
      throw new HedgerowError("too_large", "the signed text is too long");
    }
    return { message: joined(pieces), isClear };
  }
  if (!isStream(message)) {
    await source.return();
    return { message, isClear };
  }
  async function* again() {
    try {
      yield* pieces;
      yield* source;
    } finally {
      await source.return();
    }
  }
  return { message: streamOf(again()), isClear };
}
