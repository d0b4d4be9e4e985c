// For Node 20 and later.

import { readFile } from "node:fs/promises";
import { face } from "./api.js";

let loading;

/** Loads the module once. */
export function load() {
  loading ??= (async () => {
    const [glue, wasm] = await Promise.all([
      import("../dist/crypto.js"),
      readFile(new URL("../dist/crypto.wasm", import.meta.url)),
    ]);
    await glue.default({ module_or_path: wasm });
    return face(glue);
  })();
  return loading;
}
