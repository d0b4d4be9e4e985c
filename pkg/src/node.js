// For Node 20 and later.

import { readFile } from "node:fs/promises";
import { api } from "./api.js";
import { engine } from "./engine.node.js";

async function start(wasm) {
  const source = wasm ?? readFile(new URL("../dist/crypto.wasm", import.meta.url));
  const [glue, module_or_path] = await Promise.all([import("../dist/crypto.js"), source]);
  await glue.default({ module_or_path });
  return glue;
}

export const {
  load, HedgerowError,
  Certificate, readCertificate, readCertificates,
  SecretKey, LockedKey, makeKey, readSecretKey, unlockKey,
  encrypt, decrypt, sign, verify, sessionKeyOf, recipientsOf, armor, dearmor,
} = api(start, engine);
