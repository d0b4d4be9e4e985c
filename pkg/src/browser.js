// For browsers: the module in this thread, or the session in a worker of its own.

import { api } from "./api.js";
import { engine } from "./engine.web.js";

async function start(wasm = new URL("../dist/crypto.wasm", import.meta.url)) {
  const glue = await import("../dist/crypto.js");
  await glue.default({ module_or_path: wasm });
  return glue;
}

export const {
  load, HedgerowError,
  Certificate, readCertificate, readCertificates,
  SecretKey, LockedKey, makeKey, readSecretKey, unlockKey,
  encrypt, decrypt, sign, verify, sessionKeyOf, recipientsOf, armor, dearmor,
} = api(start, engine);

/** The session in a worker: keys and passphrases never come back to the page. */
export class VaultWorker {
  #worker;
  #next = 0;
  #waiting = new Map();

  constructor(worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" })) {
    this.#worker = worker;
    this.ready = new Promise((ready, failed) => {
      worker.addEventListener("message", ({ data }) => {
        if (data.ready) ready();
        else if (data.fatal !== undefined) this.#broke(new Error(data.fatal), failed);
        else this.#heard(data);
      });
      worker.addEventListener("error", () => this.#broke(new Error("the crypto worker failed"), failed));
    });
    // Whoever waits for a command learns of the fault there.
    this.ready.catch(() => {});
  }

  /** Sends a command of `model::worker`; resolves to its reply, also when it is a refusal. */
  call(command, onProgress) {
    const id = this.#next++;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed, onProgress });
      this.#worker.postMessage({ id, command });
    });
  }

  /** Ends the worker, and with it every key. */
  terminate() {
    this.#worker.terminate();
    this.#broke(new Error("the crypto worker was ended"));
  }

  #heard({ id, progress, reply }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (progress !== undefined) {
      waiting.onProgress?.(progress);
    } else {
      this.#waiting.delete(id);
      waiting.done(reply);
    }
  }

  #broke(error, failed = () => {}) {
    failed(error);
    for (const waiting of this.#waiting.values()) waiting.failed(error);
    this.#waiting.clear();
  }
}
