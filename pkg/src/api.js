// The package's face over the generated glue: the same in Node and in browsers.

import { certificates } from "./certificates.js";
import { Core } from "./core.js";
import { HedgerowError } from "./errors.js";
import { keys } from "./keys.js";
import { looking } from "./looking.js";
import { messages } from "./messages.js";
import { begun, optionsOf } from "./arguments.js";

/**
 * @param {(source: unknown) => Promise<object>} start imports the glue and starts it
 * @param {object} engine the host's ciphers
 */
export function api(start, engine) {
  const core = new Core(start, engine.begin);
  const ofCertificates = certificates(core);
  const ofKeys = keys(core, engine, ofCertificates);
  const ofMessages = messages(core, engine, ofCertificates, ofKeys);
  const { Certificate, readCertificate, readCertificates } = ofCertificates;
  const { SecretKey, LockedKey, makeKey, readSecretKey, unlockKey } = ofKeys;

  async function load(options) {
    const { wasm, signal } = optionsOf(options);
    await begun(core, signal, wasm);
    const { Vault } = core.glue;
    return Object.freeze({ Vault });
  }

  return {
    core, load, HedgerowError,
    Certificate, readCertificate, readCertificates,
    SecretKey, LockedKey, makeKey, readSecretKey, unlockKey,
    ...ofMessages, ...looking(core),
  };
}
