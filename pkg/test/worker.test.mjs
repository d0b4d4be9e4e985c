// The worker script in a Node thread that looks like a browser's worker.

import assert from "node:assert/strict";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const SCRIPT = new URL("../src/worker.js", import.meta.url);

const SHIM = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { readFile } = require("node:fs/promises");
  globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
  globalThis.addEventListener = (name, heard) => parentPort.on(name, (data) => heard({ data }));
  globalThis.fetch = async (url) =>
    new Response(await readFile(new URL(url)), { headers: { "content-type": "application/wasm" } });
  import(workerData);
`;

/** Starts the script and gives a function that waits for the next message. */
function start(script) {
  const worker = new Worker(SHIM, { eval: true, workerData: script.href });
  const heard = [];
  const waiting = [];
  worker.on("message", (message) => (waiting.shift() ?? ((m) => heard.push(m)))(message));
  const next = () =>
    heard.length > 0 ? Promise.resolve(heard.shift()) : new Promise((done) => waiting.push(done));
  return { worker, next };
}

test("the worker is ready, then answers each command once and in order", async (t) => {
  const { worker, next } = start(SCRIPT);
  t.after(() => worker.terminate());
  worker.postMessage({ id: 1, command: { rate_passphrase: { passphrase: "ocean velvet" } } });
  worker.postMessage({ id: 2, command: "state_rejected" });
  worker.postMessage("not a command");
  worker.postMessage({ id: 3, command: "lock" });
  assert.deepEqual(await next(), { ready: true });
  const [first, second, third] = [await next(), await next(), await next()];
  assert.deepEqual([first.id, Object.keys(first.reply)], [1, ["strength"]]);
  assert.deepEqual([second.id, second.reply.error.error.code], [2, "locked"]);
  assert.deepEqual([third.id, third.reply], [3, "done"]);
});

test("a broken instance is reported and replaced by a fresh one; the build's names are used", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "hedgerow-worker-"));
  const glue = `
    let uses = 0;
    export default async function ({ module_or_path }) {
      if (!(module_or_path instanceof WebAssembly.Module)) throw new Error("no module");
    }
    export class Vault {
      handle(command, progress) {
        if (command === "trap") throw new WebAssembly.RuntimeError("unreachable");
        progress("sealing");
        return { uses: ++uses, blob: new Uint8Array([1, 2]) };
      }
    }`;
  // The smallest module there is: magic and version.
  await writeFile(join(folder, "g.mjs"), glue);
  await writeFile(join(folder, "m.wasm"), new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  const script = (await readFile(fileURLToPath(SCRIPT), "utf8"))
    .replace("{{glue_js}}", pathToFileURL(join(folder, "g.mjs")).pathname)
    .replace("{{wasm}}", pathToFileURL(join(folder, "m.wasm")).pathname);
  await writeFile(join(folder, "worker.mjs"), script);
  const { worker, next } = start(pathToFileURL(join(folder, "worker.mjs")));
  t.after(() => worker.terminate());
  assert.deepEqual(await next(), { ready: true });
  for (const uses of [1, 2]) {
    worker.postMessage({ id: uses, command: "seal" });
    assert.deepEqual(await next(), { id: uses, progress: "sealing" });
    assert.equal((await next()).reply.uses, uses);
  }
  worker.postMessage({ id: 3, command: "trap" });
  assert.equal(typeof (await next()).fatal, "string");
  assert.deepEqual(await next(), { ready: true });
  worker.postMessage({ id: 4, command: "seal" });
  await next();
  assert.equal((await next()).reply.uses, 1, "a fresh module, nothing kept");
});
