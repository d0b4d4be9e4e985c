// Messages: encrypt, decrypt, sign, verify.
//
// The machines live in the module and are fed in pieces. Small values take one call. Large ones let the host's
// ciphers work beside it: the module frames and hashes, hands out jobs (AES-GCM chunks, AES-CBC or CFB pieces)
// and takes their results; the bytes are the same whoever enciphers.

import { bytesOf, gathered, lengthOf, naturalShape, piecesOf, shaped, streamOf, wholeOf } from "./content.js";
import { listOf, momentOf, oneOf, optionsOf, textArgument } from "./arguments.js";
import { HedgerowError, badArgument } from "./errors.js";

const FORMATS = ["auto", "seipd1", "seipd2-ocb", "seipd2-gcm", "seipd2-eax"];
const SHAPES = ["bytes", "text", "blob", "stream"];
const KINDS = ["message", "certificate", "secret-key", "signature"];
/** Most bytes of content in one value, unless somebody says otherwise. */
const MAX_BYTES = 1 << 30;
/** Most bytes of a SEIPDv1 stream that wait for their integrity. */
const MAX_HELD = 64 << 20;
/** Jobs under way at once: enough for every thread of the host, little enough for memory. */
const WINDOW = 8;

/** By their numbers in RFC 9580 section 9.3. */
const CIPHERS = {
  7: "AES-128", 8: "AES-192", 9: "AES-256", 10: "Twofish", 11: "Camellia-128", 12: "Camellia-192", 13: "Camellia-256",
};

/**
 * @param {import("./core.js").Core} core
 * @param {object} engine
 */
export function messages(core, engine, certificates, keys) {
  /** The machine of one call; freed whatever happens. */
  async function* freeing(machine, work) {
    const { generation } = core;
    try {
      yield* work;
    } catch (error) {
      throw core.refusal(error);
    } finally {
      if (core.generation === generation) machine.free();
    }
  }

  // ---------------------------------------------------------------------------------------- encrypting

  async function certificatesOf(sources) {
    const list = listOf(sources);
    for (let at = 0; at < list.length; at += 1) {
      if (!(list[at] instanceof certificates.Certificate)) list[at] = await certificates.certificateOf(list[at]);
    }
    return list;
  }

  async function encrypt(content, options) {
    const given = optionsOf(options);
    const { format = "auto", armor = false, filename = "", signal } = given;
    oneOf(format, FORMATS, "format");
    const shape = shapeOf(content, given.as, armor);
    signal?.throwIfAborted();
    if (!core.isReady) await core.ready();
    const to = await certificatesOf(given.to);
    const hidden = await certificatesOf(given.hiddenTo);
    const passwords = listOf(given.passwords);
    const signers = listOf(given.from);
    if (to.length + hidden.length + passwords.length === 0) {
      throw badArgument("nobody could read it: give to, hiddenTo or passwords; sign() signs only");
    }
    const whole = wholeOf(content);
    const now = momentOf(given.at);
    const machine = core.call((glue) => {
      const made = new glue.Encryption();
      try {
        for (const certificate of to) made.to(certificates.inside(certificate), false);
        for (const certificate of hidden) made.to(certificates.inside(certificate), true);
        for (const password of passwords) made.password(textArgument(password, "a password"));
        for (const key of signers) made.from(keys.inside(key));
        made.form(format, armor, filename);
        const length = lengthOf(content);
        made.begin(length, engineFor(length), now);
      } catch (error) {
        if (!(error instanceof WebAssembly.RuntimeError)) made.free();
        throw error;
      }
      return made;
    });
    const result = {};
    core.call(() => {
      result.format = machine.format;
      result.why = machine.why;
      if (given.exportSessionKey) result.sessionKey = sessionKeyView(machine.sessionKey());
    });
    result.message = await made(machine, content, whole, shape, signal);
    return result;
  }

  /** `9:A1B2…`, the form of the Stateless OpenPGP command line, as an object. */
  function sessionKeyView(text) {
    const [number, digits] = text.split(":");
    const key = Uint8Array.from(digits.match(/../g), (pair) => Number.parseInt(pair, 16));
    return { cipher: CIPHERS[number], key };
  }

  function sessionKeyText({ cipher, key }) {
    const number = Object.keys(CIPHERS).find((known) => CIPHERS[known] === cipher);
    if (number === undefined) throw badArgument("the cipher of a session key is not known");
    return `${number}:${Array.from(bytesOf(key, "key"), (octet) => octet.toString(16).padStart(2, "0")).join("").toUpperCase()}`;
  }

  /** Whether the host's ciphers pay for this much content. */
  function engineFor(length) {
    if (!engine.isThere) return "";
    return length === undefined || length >= engine.threshold ? engine.name : "";
  }

  function shapeOf(content, as, armor) {
    if (as !== undefined) return oneOf(as, SHAPES, "as");
    const natural = naturalShape(content);
    return natural === "bytes" && armor ? "text" : natural;
  }

  /** What a machine makes of content, in a shape. */
  async function made(machine, content, whole, shape, signal) {
    const { generation } = core;
    if (whole && !machine.hostCipher && shape !== "stream") {
      try {
        return shaped(core.call(() => machine.whole(whole)), shape);
      } finally {
        if (core.generation === generation) machine.free();
      }
    }
    const pieces = piecesOf(content, signal);
    const out = freeing(machine, machine.hostCipher ? hosted(machine, pieces) : portable(machine, pieces));
    return gathered(out, shape);
  }

  /** Everything in the module. */
  async function* portable(machine, pieces) {
    for await (const piece of pieces) {
      const out = machine.push(piece);
      if (out.length > 0) yield out;
    }
    const last = machine.end();
    if (last.length > 0) yield last;
  }

  /** The host enciphers. Results go back in order, while later jobs are under way. */
  async function* hosted(machine, pieces) {
    const run = await engine.cipher(machine.hostCipher, machine.hostKey(), "encrypt");
    const underWay = [];
    /** Hands out what is ready; waits only if too much is under way. */
    function* take() {
      for (let job = machine.takeJob(); job; job = machine.takeJob()) {
        const { index } = job;
        const result = run(job.nonce, job.associated, job.bytes());
        job.free();
        // A failure is seen when its turn comes, not as an unhandled one before.
        if (result instanceof Promise) result.catch(() => {});
        underWay.push({ index, result });
        yield;
      }
    }
    async function* settle(most) {
      while (underWay.length > most) {
        const { index, result } = underWay.shift();
        const out = machine.give(index, result instanceof Promise ? await result : result);
        if (out.length > 0) yield out;
      }
    }
    const window = machine.hostCipher === "gcm" ? WINDOW : 1;
    for await (const piece of pieces) {
      const out = machine.push(piece);
      if (out.length > 0) yield out;
      for (const _ of take()) yield* settle(window);
    }
    const out = machine.end();
    if (out.length > 0) yield out;
    while (!machine.isDone) {
      for (const _ of take()) yield* settle(window);
      yield* settle(0);
    }
  }

  // ---------------------------------------------------------------------------------------- decrypting

  async function opening(given, needsKeys, length) {
    if (!core.isReady) await core.ready();
    const signers = await certificatesOf(given.signers);
    const openers = listOf(given.keys);
    const passwords = listOf(given.passwords);
    const sessionKeys = listOf(given.sessionKeys);
    if (needsKeys && openers.length + passwords.length + sessionKeys.length === 0) {
      throw badArgument("nothing to open it with: give keys, passwords or sessionKeys");
    }
    const max = given.maxBytes ?? (length === undefined ? Number.MAX_SAFE_INTEGER : MAX_BYTES);
    if (typeof max !== "number" || !(max >= 0)) throw badArgument("maxBytes is a number");
    const machine = core.call((glue) => {
      const held = length === undefined ? MAX_HELD : Math.max(MAX_HELD, length);
      const made = new glue.Opening(max, held, engineFor(length) !== "", needsKeys);
      for (const key of openers) made.key(keys.inside(key));
      for (const password of passwords) made.password(textArgument(password, "a password"));
      for (const key of sessionKeys) made.sessionKey(sessionKeyText(key));
      for (const certificate of signers) made.signer(certificates.inside(certificate));
      return made;
    });
    return { machine, signers };
  }

  async function read(message, given, needsKeys) {
    const { signal, expectSigned = false } = given;
    const shape = given.as === undefined ? naturalShape(message) : oneOf(given.as, SHAPES, "as");
    signal?.throwIfAborted();
    const length = lengthOf(message);
    const { machine, signers } = await opening(given, needsKeys, length);
    const now = momentOf(given.at);
    const { generation } = core;
    const finished = () => {
      const signatures = machine.signatures(now).map((found) => signatureOf(found, signers));
      if (expectSigned && !signatures.some(({ verdict }) => verdict === "good")) {
        throw new HedgerowError("no_good_signature", "no signature by a certificate of signers is good");
      }
      return signatures;
    };
    const opened = { filename: undefined, format: undefined };
    const look = () => {
      opened.filename ??= machine.filename;
      opened.format ??= machine.format;
    };

    const whole = wholeOf(message);
    if (whole && engineFor(length) === "" && shape !== "stream") {
      try {
        return core.call(() => {
          const content = machine.whole(whole);
          look();
          return { ...opened, content: shaped(content, shape), signatures: finished() };
        });
      } finally {
        if (core.generation === generation) machine.free();
      }
    }

    let signatures;
    let failed;
    const known = new Promise((done, refused) => {
      signatures = done;
      failed = refused;
    });
    known.catch(() => {}); // whoever reads the content learns of it there
    async function* contents() {
      try {
        yield* opens(machine, piecesOf(message, signal));
        look();
        signatures(finished());
      } catch (error) {
        const refusal = core.refusal(error);
        failed(refusal);
        throw refusal;
      }
    }
    const generator = freeing(machine, contents());
    if (shape !== "stream") {
      const content = await gathered(generator, shape);
      return { ...opened, content, signatures: await known };
    }
    // Until the first content, so that name and format are known, and refusals come at once.
    const first = await generator.next();
    if (!first.done) core.call(look);
    async function* rest() {
      try {
        if (!first.done) yield first.value;
        yield* generator;
      } finally {
        failed(new HedgerowError("out_of_order", "the content was not read to its end"));
        await generator.return();
      }
    }
    return { ...opened, content: streamOf(rest()), signatures: known };
  }

  /** The content of a message, as its integrity is proven. */
  async function* opens(machine, pieces) {
    const underWay = [];
    let run;
    function give({ index, result, error }) {
      if (error !== undefined) throw machine.giveTampered();
      return machine.give(index, result);
    }
    async function* settle(most) {
      while (underWay.length > most) {
        const job = underWay.shift();
        try {
          if (job.result instanceof Promise) job.result = await job.result;
        } catch (error) {
          job.error = error;
        }
        const out = give(job);
        if (out.length > 0) yield out;
      }
    }
    async function* work() {
      for (let job = machine.takeJob(); job; job = machine.takeJob()) {
        run ??= await engine.cipher("gcm", machine.hostKey(), "decrypt");
        const entry = { index: job.index };
        try {
          entry.result = run(job.nonce, job.associated, job.bytes());
        } catch (error) {
          entry.error = error;
        }
        job.free();
        if (entry.result instanceof Promise) entry.result.catch(() => {});
        underWay.push(entry);
        yield* settle(WINDOW);
      }
    }
    for await (const piece of pieces) {
      const out = machine.push(piece);
      if (out.length > 0) yield out;
      yield* work();
    }
    const out = machine.end();
    if (out.length > 0) yield out;
    for (;;) {
      yield* work();
      if (underWay.length === 0) break;
      yield* settle(0);
    }
    const last = machine.finish();
    if (last.length > 0) yield last;
  }

  function signatureOf({ signer, ...found }, signers) {
    return Object.freeze({ ...found, signer: signer === undefined ? undefined : signers[signer] });
  }

  const decrypt = (message, options) => read(message, optionsOf(options), true);

  async function sessionKeyOf(message, options) {
    const given = optionsOf(options);
    const { machine } = await opening(given, true, lengthOf(message));
    const { generation } = core;
    try {
      // The message is read to its end, so that the key is known to be the right one.
      for await (const _ of opens(machine, piecesOf(message, given.signal)));
      return sessionKeyView(core.call(() => machine.foundSessionKey()));
    } catch (error) {
      throw core.refusal(error);
    } finally {
      if (core.generation === generation) machine.free();
    }
  }

  // ------------------------------------------------------------------------------------------- signing

  async function sign(content, options) {
    const given = optionsOf(options);
    const { form = "detached", armor = false, text = false, signal } = given;
    oneOf(form, ["detached", "inline", "cleartext"], "form");
    signal?.throwIfAborted();
    if (!core.isReady) await core.ready();
    const signers = listOf(given.from);
    if (signers.length === 0) throw badArgument("from says who signs");
    const now = momentOf(given.at);
    if (form === "inline") {
      const whole = wholeOf(content);
      const length = lengthOf(content);
      const machine = core.call((glue) => {
        const made = new glue.Encryption();
        for (const key of signers) made.from(keys.inside(key));
        made.form("auto", armor, "");
        made.begin(length, "", now);
        return made;
      });
      return made(machine, content, whole, shapeOf(content, given.as, armor), signal);
    }
    if (form === "cleartext") {
      if (typeof content !== "string") throw badArgument("cleartext signatures are for strings");
      const machine = signing(signers);
      try {
        return core.call(() => machine.cleartext(content, now));
      } finally {
        machine.free();
      }
    }
    const signature = await detached(content, signers, text, now, signal);
    return armor ? core.call((glue) => glue.armor(signature, "signature")) : signature;
  }

  function signing(signers) {
    return core.call((glue) => {
      const made = new glue.Signing();
      for (const key of signers) made.from(keys.inside(key));
      return made;
    });
  }

  async function detached(content, signers, text, now, signal) {
    const machine = signing(signers);
    const { generation } = core;
    try {
      core.call(() => machine.begin(text, now));
      for await (const piece of piecesOf(content, signal)) core.call(() => machine.push(piece));
      return core.call(() => machine.end());
    } finally {
      if (core.generation === generation) machine.free();
    }
  }

  async function verify(content, options) {
    const given = optionsOf(options);
    if (given.signature === undefined) return read(content, given, false);
    const { signal, expectSigned = false } = given;
    const signature = bytesOf(given.signature, "the signature");
    signal?.throwIfAborted();
    if (!core.isReady) await core.ready();
    const signers = await certificatesOf(given.signers);
    const now = momentOf(given.at);
    const machine = core.call((glue) => new glue.Verification(signature));
    const { generation } = core;
    try {
      for (const certificate of signers) core.call(() => machine.signer(certificates.inside(certificate)));
      for await (const piece of piecesOf(content, signal)) core.call(() => machine.push(piece));
      const signatures = core.call(() => machine.signatures(now)).map((found) => signatureOf(found, signers));
      if (expectSigned && !signatures.some(({ verdict }) => verdict === "good")) {
        throw new HedgerowError("no_good_signature", "no signature by a certificate of signers is good");
      }
      return { signatures };
    } finally {
      if (core.generation === generation) machine.free();
    }
  }

  // --------------------------------------------------------------------------------------------- armor

  async function armor(bytes, kind) {
    if (!(bytes instanceof Uint8Array)) throw badArgument("bytes are a Uint8Array");
    oneOf(kind, KINDS, "kind");
    await core.ready();
    return core.call((glue) => glue.armor(bytes, kind));
  }

  return { encrypt, decrypt, sign, verify, sessionKeyOf, armor };
}
