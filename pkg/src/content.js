// What comes in and goes out: strings, bytes, blobs and streams.

import { HedgerowError, badArgument } from "./errors.js";

/** How much is handed to the module at once. */
export const PIECE = 1 << 20;
/** So many bytes of pieces become one blob: browsers keep blobs outside the heap, or on disk. */
const BLOB_PART = 16 << 20;

const encoder = new TextEncoder();

export const isStream = (content) => typeof content?.getReader === "function";
export const isBlob = (content) => typeof Blob !== "undefined" && content instanceof Blob;

/** A string or bytes as bytes; undefined for what comes piece by piece. */
export function wholeOf(content) {
  if (typeof content === "string") return encoder.encode(content);
  if (content instanceof Uint8Array) return content;
  if (content instanceof ArrayBuffer) return new Uint8Array(content);
  if (isBlob(content) || isStream(content)) return undefined;
  throw badArgument("content is a string, a Uint8Array, a Blob or a ReadableStream of Uint8Array");
}

/** The bytes of something small that must be there as a whole. */
export function bytesOf(value, what) {
  const bytes = isBlob(value) || isStream(value) ? undefined : wholeOf(value);
  if (!bytes) throw badArgument(`${what} is a string or a Uint8Array`);
  return bytes;
}

/** The shape a result has when nobody asked for one. */
export function naturalShape(content) {
  if (isStream(content)) return "stream";
  return isBlob(content) ? "blob" : "bytes";
}

/** How many bytes there are, if that is known; of a string, how many there are at least. */
export function lengthOf(content) {
  if (isStream(content)) return undefined;
  if (typeof content === "string") return content.length;
  return isBlob(content) ? content.size : wholeOf(content).length;
}

/** Whether the content can be read twice. */
export const isRepeatable = (content) => !isStream(content);

/** A string in pieces of about PIECE bytes; no pair of surrogates is divided. */
function* encoded(text) {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + PIECE, text.length);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end += 1;
    yield encoder.encode(text.slice(at, end));
    at = end;
  }
}

const isHighSurrogate = (unit) => (unit & 0xfc00) === 0xd800;

/** The content in pieces of about PIECE bytes. */
export async function* piecesOf(content, signal) {
  signal?.throwIfAborted();
  if (typeof content === "string") {
    for (const piece of encoded(content)) {
      yield piece;
      signal?.throwIfAborted();
    }
    return;
  }
  const whole = wholeOf(content);
  if (whole) {
    for (let at = 0; at < whole.length; at += PIECE) {
      yield whole.subarray(at, at + PIECE);
      signal?.throwIfAborted();
    }
  } else if (isBlob(content)) {
    for (let at = 0; at < content.size; at += PIECE) {
      yield new Uint8Array(await content.slice(at, at + PIECE).arrayBuffer());
      signal?.throwIfAborted();
    }
  } else {
    yield* streamed(content, signal);
  }
}

async function* streamed(stream, signal) {
  const reader = stream.getReader();
  const aborted = () => reader.cancel(signal.reason).catch(() => {});
  signal?.addEventListener("abort", aborted, { once: true });
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) {
        ended = true;
        return;
      }
      const bytes = typeof value === "string" ? encoder.encode(value) : value;
      if (!(bytes instanceof Uint8Array)) throw badArgument("a stream of content gives Uint8Arrays");
      for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
    }
  } finally {
    signal?.removeEventListener("abort", aborted);
    if (!ended) reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/** UTF-8 to text; nothing is replaced in silence. */
export function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new HedgerowError("not_text", "the content is not UTF-8 text");
  }
}

/** One array of all pieces. */
export function joined(pieces) {
  if (pieces.length === 1) return pieces[0];
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Gathers pieces in one array, made for about `expected` bytes. */
export class Gathering {
  #bytes;
  #length = 0;

  constructor(expected) {
    this.#bytes = new Uint8Array(expected);
  }

  /** Copies the piece. */
  add(piece) {
    const end = this.#length + piece.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = end;
  }

  /** All of them. A little room may be left behind them in the buffer, which costs less than a copy. */
  get bytes() {
    const all = this.#bytes.subarray(0, this.#length);
    return this.#bytes.length - this.#length > this.#length / 8 ? all.slice() : all;
  }
}

/** Everything a generator gives, in the shape that was asked for. */
export async function gathered(generator, shape, type = "application/octet-stream") {
  if (shape === "stream") return streamOf(generator);
  if (shape === "blob") return blobOf(generator, type);
  const pieces = [];
  for await (const piece of generator) pieces.push(piece);
  const all = joined(pieces);
  return shape === "text" ? textOf(all) : all;
}

async function blobOf(generator, type) {
  const parts = [];
  let pieces = [];
  let length = 0;
  for await (const piece of generator) {
    pieces.push(piece);
    length += piece.length;
    if (length >= BLOB_PART) {
      parts.push(new Blob(pieces));
      pieces = [];
      length = 0;
    }
  }
  return new Blob([...parts, ...pieces], { type });
}

/** A stream that asks the generator only when somebody reads. */
export function streamOf(generator) {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await generator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await generator.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** What was whole already, in the shape that was asked for. */
export function shaped(bytes, shape, type = "application/octet-stream") {
  switch (shape) {
    case "bytes":
      return bytes;
    case "text":
      return textOf(bytes);
    case "blob":
      return new Blob([bytes], { type });
    case "stream":
      return new ReadableStream({
        start(controller) {
          if (bytes.length > 0) controller.enqueue(bytes);
          controller.close();
        },
      });
    default:
      throw badArgument("as is bytes, text, blob or stream");
  }
}
