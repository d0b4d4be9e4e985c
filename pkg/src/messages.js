// Messages: encrypt, decrypt, sign, verify.
//
// The machines live in the module and are fed in pieces. Small values take one call. Large ones let the host's
// ciphers work beside it: the module frames and hashes, hands out jobs (AES-GCM chunks, AES-CBC or CFB pieces)
// and takes their results; the bytes are the same whoever enciphers.

import { Gathering, bytesOf, gathered, isBlob, isStream, joined, lengthOf, naturalShape, piecesOf, shaped, streamOf, wholeOf } from "./content.js";
import { begun, listOf, momentOf, oneOf, optionsOf, textArgument } from "./arguments.js";
import { withCleartext } from "./cleartext.js";
import { HedgerowError, badArgument } from "./errors.js";

const FORMATS = ["auto", "seipd1", "seipd2-ocb", "seipd2-gcm", "seipd2-eax"];
const SHAPES = ["bytes", "text", "blob", "stream"];
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
    await begun(core, signal);
    const to = await certificatesOf(given.to);
    const hidden = await certificatesOf(given.hiddenTo);
    const passwords = listOf(given.passwords);
    const signers = listOf(given.from);
    if (to.length + hidden.length + passwords.length === 0) {
      throw badArgument("nobody could read it: give to, hiddenTo or passwords; sign() signs only");
    }
    const whole = wholeOf(content);
    const source = whole ?? content;
    const now = momentOf(given.at);
    const machine = core.call((glue) => {
      const made = new glue.Encryption();
      try {
        for (const certificate of to) made.to(certificates.inside(certificate), false);
        for (const certificate of hidden) made.to(certificates.inside(certificate), true);
        for (const password of passwords) made.password(textArgument(password, "a password"));
        for (const key of signers) made.from(keys.inside(key));
        made.form(format, armor, filename);
        const length = lengthOf(source);
        made.begin(length, engineFor(length), whole !== undefined && shape !== "stream", now);
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
    result.message = await made(machine, source, whole, shape, signers, signal);
    return result;
  }

  /** Whether the host signs faster with one of these keys. */
  const hostSigns = (signers) => engine.rsa?.signer && signers.some((key) => keys.inside(key).hasRsa);

  /** Signs what has ended: with the host's RSA where it may, with the module's ciphers otherwise. */
  async function signed(machine, signers, whole) {
    const asked = machine.asks();
    for (const [at, key] of signers.entries()) {
      const sign = await keys.hostKey(key, "signer", asked.key(at), asked.hash(at));
      const signature = await sign?.(asked.digest(at), whole && {
        length: whole.length,
        bytes: () => joined([asked.salt(at), whole, asked.trailer(at)]),
      });
      if (signature) asked.signed(at, signature);
    }
    return machine.conclude(asked);
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

  const isWhole = (content) => !isBlob(content) && !isStream(content);

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
  async function made(machine, content, whole, shape, signers, signal) {
    const { generation } = core;
    const byHost = hostSigns(signers);
    const end = byHost ? () => signed(machine, signers, whole) : () => machine.end();
    if (whole && !machine.hostCipher && shape !== "stream" && !byHost) {
      try {
        return shaped(core.call(() => machine.whole(whole)), shape);
      } finally {
        if (core.generation === generation) machine.free();
      }
    }
    const pieces = piecesOf(content, signal);
    let making = portable;
    if (machine.hostCipher) making = machine.contentOutside ? beside(whole) : hosted;
    return gathered(freeing(machine, making(machine, pieces, end)), shape);
  }

  /** Everything in the module. */
  async function* portable(machine, pieces, end) {
    for await (const piece of pieces) {
      const out = machine.push(piece);
      if (out.length > 0) yield out;
    }
    const last = await end();
    if (last.length > 0) yield last;
  }

  /** What the host makes of a job; of `content` there may be parts in it. */
  function run(cipher, job, content) {
    const { nonce, associated, parts } = job;
    // Nothing else runs in the module from here until the host has taken the octets.
    const places = Array.from({ length: parts }, (_, part) => [job.isContent(part), job.at(part), job.length(part)]);
    const octets = places.map(([outside, at, length]) =>
      outside ? content.subarray(at, at + length) : core.view(at, length),
    );
    const result = cipher(nonce, associated, joined(octets));
    job.free();
    // A failure is seen when its turn comes, not as an unhandled one before.
    if (result instanceof Promise) result.catch(() => {});
    return result;
  }

  /** The host enciphers content that stays where it is; the module hashes it, and writes what stands before it. */
  const beside = (content) =>
    async function* (machine, pieces, end) {
      const cipher = await engine.cipher(machine.hostCipher, machine.hostKey(), "encrypt");
      const results = [];
      const heads = [];
      const look = async (most) => {
        for (let job = machine.takeJob(); job; job = machine.takeJob()) {
          const { index } = job;
          results.push({ index, result: run(cipher, job, content) });
          if (results.length > most) await results[results.length - 1 - most].result;
        }
      };
      for await (const piece of pieces) {
        heads.push(machine.push(piece));
        await look(WINDOW);
      }
      heads.push(await end());
      await look(WINDOW);
      const sealed = [];
      for (const { index, result } of results) {
        sealed.push(await result);
        heads.push(machine.kept(index));
      }
      if (!machine.isDone) throw new HedgerowError("internal", "the message was not finished");
      yield joined([...heads, ...sealed]);
    };

  /** The host enciphers. Results go back in order, while later jobs are under way. */
  async function* hosted(machine, pieces, end) {
    const cipher = await engine.cipher(machine.hostCipher, machine.hostKey(), "encrypt");
    const underWay = [];
    /** Hands out what is ready; waits only if too much is under way. */
    function* take() {
      for (let job = machine.takeJob(); job; job = machine.takeJob()) {
        const { index } = job;
        underWay.push({ index, result: run(cipher, job) });
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
    // A piece of CBC or CFB needs the end of the one before: while that is under way, the next one is hashed.
    const feedback = machine.hostCipher !== "gcm";
    const window = feedback ? 1 : WINDOW;
    for await (const piece of pieces) {
      const out = machine.push(piece);
      if (out.length > 0) yield out;
      if (feedback) yield* settle(0);
      for (const _ of take()) yield* settle(window);
    }
    const out = await end();
    if (out.length > 0) yield out;
    while (!machine.isDone) {
      for (const _ of take()) yield* settle(window);
      yield* settle(0);
    }
  }

  // ---------------------------------------------------------------------------------------- decrypting

  async function opening(given, needsKeys, length) {
    await begun(core, given.signal);
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
      const made = new glue.Opening(max, held, engineFor(length), needsKeys);
      for (const key of openers) made.key(keys.inside(key));
      if (engine.rsa?.opener && openers.some((key) => keys.inside(key).hasRsa)) made.leaveRsa();
      for (const password of passwords) made.password(textArgument(password, "a password"));
      for (const key of sessionKeys) made.sessionKey(sessionKeyText(key));
      for (const certificate of signers) made.signer(certificates.inside(certificate));
      return made;
    });
    return { machine, signers, openers };
  }

  /** Lets the host decrypt the session key, if the message waits for that. */
  async function unlocked(machine, openers) {
    const { rsaKey } = machine;
    if (rsaKey === undefined) return;
    const open = await keys.hostKey(openers[rsaKey], "opener", machine.rsaFingerprint, "");
    machine.giveRsa(open?.(machine.rsaOctets));
  }

  async function read(source, given, needsKeys) {
    const { signal, expectSigned = false } = given;
    const shape = given.as === undefined ? naturalShape(source) : oneOf(given.as, SHAPES, "as");
    signal?.throwIfAborted();
    const { message, isClear } = needsKeys ? { message: source } : await withCleartext(source, signal);
    const length = lengthOf(message);
    const { machine, signers, openers } = await opening(given, needsKeys, length);
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

    const isSmall = engineFor(length) === "" && shape !== "stream" && !machine.leavesRsa;
    if (isClear || (isWhole(message) && isSmall)) {
      try {
        return core.call(() => {
          const content = machine.whole(wholeOf(message));
          look();
          const signatures = finished();
          return {
            ...opened, content: shaped(content, shape),
            signatures: shape === "stream" ? Promise.resolve(signatures) : signatures,
          };
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
    // Into one array at once, if that is what is wanted: a copy of everything less.
    const gathering = shape === "bytes" || shape === "text" ? new Gathering(length ?? 0) : undefined;
    async function* contents() {
      try {
        yield* opens(machine, piecesOf(message, signal), openers, gathering);
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
      let content = await gathered(generator, shape);
      if (gathering) content = shaped(gathering.bytes, shape);
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

  /** The content of a message, as its integrity is proven; with a gathering it goes there. */
  async function* opens(machine, pieces, openers, gathering) {
    const underWay = [];
    let cipher;
    /** Copies what the module has released. */
    function released() {
      const length = machine.outLength;
      if (length === 0) return undefined;
      const view = core.view(machine.outAt, length);
      const copy = gathering ? gathering.add(view) : view.slice();
      machine.dropOut();
      return copy;
    }
    async function* settle(most) {
      while (underWay.length > most) {
        const job = underWay.shift();
        try {
          if (job.result instanceof Promise) job.result = await job.result;
        } catch (error) {
          job.error = error;
        }
        if (job.error !== undefined) throw machine.giveTampered();
        machine.give(job.index, job.result);
        const out = released();
        if (out) yield out;
      }
    }
    async function* work() {
      for (let job = machine.takeJob(); job; job = machine.takeJob()) {
        cipher ??= await engine.cipher(machine.hostCipher, machine.hostKey(), "decrypt");
        const entry = { index: job.index };
        const { nonce, associated, at, length } = job;
        try {
          // Nothing else runs in the module until the host has taken the octets.
          entry.result = cipher(nonce, associated, core.view(at, length));
        } catch (error) {
          entry.error = error;
        }
        job.free();
        if (entry.result instanceof Promise) entry.result.catch(() => {});
        underWay.push(entry);
        yield* settle(WINDOW);
      }
    }
    /** What follows each step of the machine. */
    async function* after() {
      let out = released();
      if (out) yield out;
      await unlocked(machine, openers);
      out = released();
      if (out) yield out;
      yield* work();
    }
    for await (const piece of pieces) {
      machine.push(piece);
      yield* after();
    }
    machine.end();
    yield* after();
    while (underWay.length > 0) {
      yield* settle(0);
      yield* work();
    }
    machine.finish();
    const last = released();
    if (last) yield last;
  }

  function signatureOf({ signer, ...found }, signers) {
    return Object.freeze({ ...found, signer: signer === undefined ? undefined : signers[signer] });
  }

  const decrypt = (message, options) => read(message, optionsOf(options), true);

  async function sessionKeyOf(message, options) {
    const given = optionsOf(options);
    const { machine, openers } = await opening(given, true, lengthOf(message));
    const { generation } = core;
    try {
      // The message is read to its end, so that the key is known to be the right one.
      for await (const _ of opens(machine, piecesOf(message, given.signal), openers));
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
    await begun(core, signal);
    const signers = listOf(given.from);
    if (signers.length === 0) throw badArgument("from says who signs");
    const now = momentOf(given.at);
    if (form === "inline") {
      const whole = wholeOf(content);
      const source = whole ?? content;
      const length = lengthOf(source);
      const machine = core.call((glue) => {
        const made = new glue.Encryption();
        for (const key of signers) made.from(keys.inside(key));
        made.form("auto", armor, "");
        made.begin(length, "", false, now);
        return made;
      });
      return made(machine, source, whole, shapeOf(content, given.as, armor), signers, signal);
    }
    if (form === "cleartext") {
      const machine = signing(signers);
      const pieces = freeing(machine, inTheOpen(machine, piecesOf(content, signal), signers, now));
      return gathered(pieces, shapeOf(content, given.as, true), "text/plain");
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

  async function* inTheOpen(machine, pieces, signers, now) {
    machine.beginCleartext(now);
    for await (const piece of pieces) yield machine.push(piece);
    yield hostSigns(signers) ? await signed(machine, signers) : machine.conclude(machine.asks());
  }

  async function detached(content, signers, text, now, signal) {
    const machine = signing(signers);
    const { generation } = core;
    try {
      core.call(() => machine.begin(text, now));
      for await (const piece of piecesOf(content, signal)) core.call(() => machine.push(piece));
      if (hostSigns(signers)) return await signed(machine, signers, text ? undefined : wholeOf(content));
      return core.call(() => machine.conclude(machine.asks()));
    } catch (error) {
      throw core.refusal(error);
    } finally {
      if (core.generation === generation) machine.free();
    }
  }

  async function verify(content, options) {
    const given = optionsOf(options);
    if (given.signature === undefined) return read(content, given, false);
    const { signal, expectSigned = false } = given;
    const signature = bytesOf(given.signature, "the signature");
    await begun(core, signal);
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

  return { encrypt, decrypt, sign, verify, sessionKeyOf };
}
