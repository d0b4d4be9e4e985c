// Options as they come from outside, made one form or refused.

import { badArgument } from "./errors.js";

/** One, several or none as an array. Strings and bytes are one thing, not several. */
export function listOf(value) {
  if (value === undefined || value === null) return [];
  const isOne = typeof value === "string" || value instanceof Uint8Array || !value[Symbol.iterator];
  return isOne ? [value] : Array.from(value);
}

/** Milliseconds since 1970. */
export function momentOf(value, name = "at") {
  if (value === undefined) return Date.now();
  const moment = value instanceof Date ? value.getTime() : value;
  if (typeof moment !== "number" || !Number.isFinite(moment)) throw badArgument(`${name} is a number or a Date`);
  return Math.trunc(moment);
}

/** A string that must be there. */
export function textArgument(value, name) {
  if (typeof value !== "string") throw badArgument(`${name} is a string`);
  return value;
}

/** One of a few words. */
export function oneOf(value, words, name) {
  if (!words.includes(value)) throw badArgument(`${name} is one of ${words.join(", ")}`);
  return value;
}

/** An object of options. */
export function optionsOf(options) {
  if (options === undefined) return {};
  if (typeof options !== "object" || options === null) throw badArgument("options are an object");
  return options;
}

/** Waits for the module, unless the call is aborted before or meanwhile. */
export async function begun(core, signal, wasm) {
  signal?.throwIfAborted();
  if (!core.isReady) await unlessAborted(core.ready(wasm), signal);
}

/** What is promised, or the reason of the signal, whatever comes first. */
export async function unlessAborted(promise, signal) {
  if (!signal) return promise;
  let abort;
  const aborted = new Promise((_, refused) => {
    abort = () => refused(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
