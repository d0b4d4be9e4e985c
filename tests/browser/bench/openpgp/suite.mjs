// The measured jobs: Hedgerow's package beside OpenPGP.js, in Node and in a browser alike (no import of
// either). The same keys, the same content, and every message is read by the other side before it is timed.

const KiB = 1024;
const MiB = 1024 * KiB;
const owner = "Alice <alice@example.org>";

/** A median of a list of numbers. */
const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Content nothing can compress, the same in every run (xorshift32). */
export function content(size) {
  const bytes = new Uint8Array(size);
  const words = new Uint32Array(bytes.buffer, 0, size >> 2);
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return bytes;
}

const same = (a, b) => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

/** Limits of issue 3 as ratios to OpenPGP.js: [in Chromium, in Node]. */
const LIMITS = {
  "keygen v4": [0.3, 1], "keygen v6": [0.3, 1],
  "gcm 2 KiB encrypt+sign": [0.5, 1], "gcm 2 KiB decrypt+verify": [0.5, 1],
  "gcm 100 KiB encrypt+sign": [1, 1], "gcm 100 KiB decrypt+verify": [1, 1],
  "gcm 1 MiB encrypt+sign": [0.6, 1], "gcm 1 MiB decrypt+verify": [0.6, 1],
  "gcm 25 MiB encrypt+sign": [0.5, 1], "gcm 25 MiB decrypt+verify": [0.6, 1],
  "ocb 2 KiB encrypt+sign": [0.5, 1], "ocb 2 KiB decrypt+verify": [0.5, 1],
  "ocb 100 KiB encrypt+sign": [0.5, 1], "ocb 100 KiB decrypt+verify": [0.5, 1],
  "ocb 1 MiB encrypt+sign": [0.05, 1], "ocb 1 MiB decrypt+verify": [0.05, 1],
  "seipd1 2 KiB encrypt+sign": [0.5, 1], "seipd1 2 KiB decrypt+verify": [0.5, 1.2],
  "seipd1 100 KiB encrypt+sign": [1, 1], "seipd1 100 KiB decrypt+verify": [1, 1.2],
  "seipd1 1 MiB encrypt+sign": [1, 1], "seipd1 1 MiB decrypt+verify": [1, 1.2],
  "seipd1 25 MiB encrypt+sign": [0.8, 1], "seipd1 25 MiB decrypt+verify": [0.45, 1.2],
  "armored gcm 25 MiB encrypt+sign": [0.6, 1], "armored gcm 25 MiB decrypt+verify": [0.7, 1],
  "detached 2 KiB sign": [0.6, 1], "detached 2 KiB verify": [0.6, 1],
  "detached 25 MiB sign": [0.6, 1], "detached 25 MiB verify": [0.6, 1],
  "rsa-3072 keygen": [1.1, 1], "rsa-3072 sign 2 KiB": [1.1, 1], "rsa-3072 decrypt 2 KiB": [1, 1],
  "lock argon2id 64 MiB": [0.6, 1], "lock iterated": [1, 1],
};

/** OpenPGP.js as fast as it goes with the same algorithms: AES-256, SHA-512, no compression. */
function settings(openpgp) {
  const { enums } = openpgp;
  const base = {
    preferredHashAlgorithm: enums.hash.sha512,
    preferredSymmetricAlgorithm: enums.symmetric.aes256,
    preferredCompressionAlgorithm: enums.compression.uncompressed,
    showVersion: false,
    showComment: false,
  };
  const modern = (mode) => ({ ...base, v6Keys: true, aeadProtect: true, preferredAEADAlgorithm: mode });
  return { base, gcm: modern(enums.aead.gcm), ocb: modern(enums.aead.ocb) };
}

/** Everything that is measured, made ready: `{ name, rounds, ours, theirs }`. */
export async function jobs(openpgp, hedgerow, { only } = {}) {
  const wanted = (name) => !only || name.includes(only);
  const set = settings(openpgp);
  const list = [];
  const job = (name, rounds, ours, theirs) => {
    if (wanted(name)) list.push({ name, rounds, ours, theirs });
  };

  // Keys that OpenPGP.js made; both sides hold the same ones, unlocked.
  const make = async (options, config) => {
    const { privateKey } = await openpgp.generateKey({
      userIDs: [{ name: "Alice", email: "alice@example.org" }],
      format: "object",
      config,
      ...options,
    });
    const secret = await (await hedgerow.readSecretKey(privateKey.write())).unlock();
    return { theirs: privateKey, theirCert: privateKey.toPublic(), secret, cert: secret.certificate };
  };
  const curve = { type: "curve25519" };
  const legacy = { type: "ecc", curve: "curve25519Legacy" };
  const keys = {
    gcm: await make(curve, set.gcm),
    ocb: await make(curve, set.ocb),
    seipd1: await make(legacy, set.base),
    rsa: await make({ type: "rsa", rsaBits: 3072 }, set.base),
  };

  const theyEncrypt = (key, config, bytes, format) =>
    openpgp
      .createMessage({ binary: bytes })
      .then((message) =>
        openpgp.encrypt({ message, encryptionKeys: key.theirCert, signingKeys: key.theirs, format, config }),
      );
  const theyDecrypt = async (key, config, message) => {
    const read =
      typeof message === "string"
        ? await openpgp.readMessage({ armoredMessage: message, config })
        : await openpgp.readMessage({ binaryMessage: message, config });
    const { data, signatures } = await openpgp.decrypt({
      message: read,
      decryptionKeys: key.theirs,
      verificationKeys: key.theirCert,
      format: "binary",
      config,
    });
    await signatures[0].verified;
    return data;
  };
  const weEncrypt = async (key, format, bytes, armor) =>
    (await hedgerow.encrypt(bytes, { to: key.cert, from: key.secret, format, armor })).message;
  const weDecrypt = async (key, message) => {
    const opened = await hedgerow.decrypt(message, {
      keys: key.secret,
      signers: key.cert,
      as: "bytes",
    });
    if (opened.signatures[0]?.verdict !== "good") throw new Error("our reader did not verify the signature");
    return opened.content;
  };

  const formats = { gcm: "seipd2-gcm", ocb: "seipd2-ocb", seipd1: "seipd1" };
  const sizes = { "2 KiB": [2 * KiB, 31], "100 KiB": [100 * KiB, 15], "1 MiB": [MiB, 11], "25 MiB": [25 * MiB, 5] };
  const bytesOf = {};
  for (const [label, [size]] of Object.entries(sizes)) bytesOf[label] = content(size);

  for (const [mode, format] of Object.entries(formats)) {
    const key = keys[mode];
    const config = mode === "seipd1" ? set.base : set[mode];
    for (const [label, [, rounds]] of Object.entries(sizes)) {
      // Their OCB needs 15 seconds for a pair of 25 MiB.
      if (mode === "ocb" && label === "25 MiB") continue;
      for (const armor of mode === "gcm" && label === "25 MiB" ? [false, true] : [false]) {
        const name = `${armor ? "armored " : ""}${mode} ${label}`;
        if (!wanted(`${name} encrypt+sign`) && !wanted(`${name} decrypt+verify`)) continue;
        const bytes = bytesOf[label];
        const theirs = await theyEncrypt(key, config, bytes, armor ? "armored" : "binary");
        const ours = await weEncrypt(key, format, bytes, armor);
        if (!same(await theyDecrypt(key, config, ours), bytes)) throw new Error(`${name}: they misread us`);
        if (!same(await weDecrypt(key, theirs), bytes)) throw new Error(`${name}: we misread them`);
        if (!same(await weDecrypt(key, ours), bytes)) throw new Error(`${name}: we misread ourselves`);
        job(
          `${name} encrypt+sign`,
          rounds,
          () => weEncrypt(key, format, bytes, armor),
          () => theyEncrypt(key, config, bytes, armor ? "armored" : "binary"),
        );
        // Both read the message that OpenPGP.js wrote.
        job(
          `${name} decrypt+verify`,
          rounds,
          () => weDecrypt(key, theirs),
          () => theyDecrypt(key, config, theirs),
        );
      }
    }
  }

  const theySign = async (key, bytes) =>
    openpgp.sign({
      message: await openpgp.createMessage({ binary: bytes }),
      signingKeys: key.theirs,
      detached: true,
      format: "binary",
      config: set.base,
    });
  const theyVerify = async (key, bytes, signature) => {
    const { signatures } = await openpgp.verify({
      message: await openpgp.createMessage({ binary: bytes }),
      signature: await openpgp.readSignature({ binarySignature: signature }),
      verificationKeys: key.theirCert,
      format: "binary",
      config: set.base,
    });
    await signatures[0].verified;
  };
  const weSign = (key, bytes) => hedgerow.sign(bytes, { from: key.secret });
  const weVerify = async (key, bytes, signature) => {
    const { signatures } = await hedgerow.verify(bytes, { signature, signers: key.cert });
    if (signatures[0]?.verdict !== "good") throw new Error("our reader did not verify the signature");
  };
  const signing = [
    ["detached 2 KiB", keys.seipd1, bytesOf["2 KiB"], 31],
    ["detached 25 MiB", keys.seipd1, bytesOf["25 MiB"], 7],
  ];
  for (const [name, key, bytes, rounds] of signing) {
    if (!wanted(`${name} sign`) && !wanted(`${name} verify`)) continue;
    const theirs = await theySign(key, bytes);
    await theyVerify(key, bytes, await weSign(key, bytes));
    await weVerify(key, bytes, theirs);
    job(`${name} sign`, rounds, () => weSign(key, bytes), () => theySign(key, bytes));
    job(`${name} verify`, rounds, () => weVerify(key, bytes, theirs), () => theyVerify(key, bytes, theirs));
  }

  const userIDs = [{ name: "Alice", email: "alice@example.org" }];
  const weMake = async (profile) => (await hedgerow.makeKey({ userIds: owner, profile })).free();
  const theyMake = (options, config) => openpgp.generateKey({ userIDs, format: "object", config, ...options });
  job("keygen v4", 31, () => weMake("compatible"), () => theyMake(legacy, set.base));
  job("keygen v6", 31, () => weMake("modern"), () => theyMake(curve, set.ocb));
  job("rsa-3072 keygen", 25, () => weMake("rsa3072"), () => theyMake({ type: "rsa", rsaBits: 3072 }, set.base));

  if (wanted("rsa-3072 sign 2 KiB") || wanted("rsa-3072 decrypt 2 KiB")) {
    const bytes = bytesOf["2 KiB"];
    await theyVerify(keys.rsa, bytes, await weSign(keys.rsa, bytes));
    job("rsa-3072 sign 2 KiB", 31, () => weSign(keys.rsa, bytes), () => theySign(keys.rsa, bytes));
    const sealed = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: bytes }),
      encryptionKeys: keys.rsa.theirCert,
      format: "binary",
      config: set.base,
    });
    const weOpen = async () =>
      (await hedgerow.decrypt(sealed, { keys: keys.rsa.secret, as: "bytes" })).content;
    const theyOpen = async () =>
      (
        await openpgp.decrypt({
          message: await openpgp.readMessage({ binaryMessage: sealed }),
          decryptionKeys: keys.rsa.theirs,
          format: "binary",
        })
      ).data;
    if (!same(await weOpen(), bytes) || !same(await theyOpen(), bytes)) throw new Error("RSA was misread");
    job("rsa-3072 decrypt 2 KiB", 31, weOpen, theyOpen);
  }

  const passphrase = "correct horse battery staple";
  for (const [name, protection, s2kType] of [
    ["lock argon2id 64 MiB", "argon2", openpgp.enums.s2k.argon2],
    ["lock iterated", "gnupg", openpgp.enums.s2k.iterated],
  ]) {
    if (!wanted(name)) continue;
    // Equal work: OpenPGP.js is told the parameters that we use.
    const locked = await keys.seipd1.secret.lock(passphrase, { protection });
    const read = await openpgp.readKey({ binaryKey: locked.bytes });
    const { s2k } = read.keyPacket;
    const config = { ...set.base, s2kType };
    if (protection === "argon2") {
      config.aeadProtect = true;
      config.s2kArgon2Params = { passes: s2k.t, parallelism: s2k.p, memoryExponent: s2k.encodedM };
    } else {
      config.s2kIterationCountByte = s2k.c;
    }
    const unlocked = await openpgp.decryptKey({ privateKey: read, passphrase });
    if (!unlocked.isDecrypted()) throw new Error(`${name}: they cannot unlock our key`);
    job(
      name,
      7,
      () => keys.seipd1.secret.lock(passphrase, { protection }),
      () => openpgp.encryptKey({ privateKey: keys.seipd1.theirs, passphrase, config }),
    );
  }
  return list;
}

/** Least time of one measurement, in ms: browsers' clocks have steps of 0.1 ms. */
const LEAST = 5;

/** Measures interleaved, the first round of both thrown away; medians and their ratio. */
export async function measure({ name, rounds, ours, theirs }, place) {
  /** What is quicker than the clock is done several times in a row, as often by both. */
  let times = 1;
  const took = async (work) => {
    const start = performance.now();
    for (let time = 0; time < times; time++) await work();
    return (performance.now() - start) / times;
  };
  const us = [];
  const them = [];
  const warm = rounds > 10 ? 3 : 1;
  for (let round = -warm; round < rounds; round++) {
    // Who goes first changes, so that neither pays for the other's garbage.
    const first = round % 2 === 0 ? ours : theirs;
    const a = await took(first);
    const b = await took(first === ours ? theirs : ours);
    if (round < 0) {
      times = Math.max(times, Math.min(50, Math.ceil(LEAST / Math.max(0.1, Math.min(a, b)))));
      continue;
    }
    us.push(first === ours ? a : b);
    them.push(first === ours ? b : a);
  }
  const [oursMedian, theirsMedian] = [median(us), median(them)];
  return {
    name,
    ours: oursMedian,
    theirs: theirsMedian,
    ratio: oursMedian / theirsMedian,
    best: Math.min(...us) / Math.min(...them),
    limit: LIMITS[name]?.[place === "chromium" ? 0 : 1],
  };
}

/** One line a job. */
export function line({ name, ours, theirs, ratio, best, limit }) {
  const ms = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0)).padStart(8);
  const verdict = limit === undefined ? "" : ratio <= limit ? `  within ${limit}` : `  ABOVE ${limit}`;
  return `${name.padEnd(36)}${ms(ours)}${ms(theirs)}   ratio ${ratio.toFixed(3)} (best ${best.toFixed(3)})${verdict}`;
}

/** 1 GiB through a stream, without holding it: how much was read back. */
export async function stream(hedgerow, size, piece = MiB) {
  const key = await hedgerow.makeKey({ userIds: owner, profile: "modern" });
  const bytes = content(piece);
  let left = size;
  const source = new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(bytes.slice(0, Math.min(piece, left)));
      left -= piece;
    },
  });
  const { message } = await hedgerow.encrypt(source, { to: key.certificate, from: key });
  const opened = await hedgerow.decrypt(message, { keys: key, signers: key.certificate });
  let count = 0;
  for (const reader = opened.content.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    count += value.length;
  }
  const signatures = await opened.signatures;
  if (signatures[0]?.verdict !== "good") throw new Error("the streamed signature is not good");
  key.free();
  return count;
}
