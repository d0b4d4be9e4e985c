// The crypto worker: a module worker that holds one session. The webmail and the npm package run this
// same file; the site's build fills in the two names below, the package leaves them and finds the module
// beside itself.
//
//   page → {id, command}
//   page ← {ready: true}                 once the module is loaded (again after a fault, then locked)
//        ← {id, progress: "stretching"}  any number of times
//        ← {id, reply}                   exactly once
//        ← {fatal: "…"}                  the instance broke; every command under way is lost
//
// Commands are done in the order they came. Under a Content Security Policy this needs
// `script-src 'self' 'wasm-unsafe-eval'` and `connect-src 'self'`, and nothing for Trusted Types.

const GLUE = "{{glue_js}}";
const WASM = "{{wasm}}";

/** The name that the build filled in. */
const filled = (name) =>
  name.startsWith("/") || name.startsWith("http") ? new URL(name, import.meta.url).href : undefined;

// Else the place in the package, written out so that bundlers see it.
const glueUrl = filled(GLUE) ?? new URL("../dist/crypto.js", import.meta.url).href;
const wasmUrl = filled(WASM) ?? new URL("../dist/crypto.wasm", import.meta.url).href;

const post = (message, transfer = []) => globalThis.postMessage(message, transfer);

let compiled;
let instances = 0;
let vault;

async function compile() {
  const response = await fetch(wasmUrl, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`the crypto module could not be fetched (${response.status})`);
  const isWasm = (response.headers.get("content-type") ?? "").startsWith("application/wasm");
  return isWasm && WebAssembly.compileStreaming
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

/** Makes a fresh instance. A fragment makes the glue a fresh module too: it keeps its instance for good. */
async function start() {
  compiled ??= await compile();
  const glue = await import(/* @vite-ignore */ instances === 0 ? glueUrl : `${glueUrl}#${instances}`);
  instances += 1;
  await glue.default({ module_or_path: compiled });
  vault = new glue.Vault();
  post({ ready: true });
}

/** Large replies move to the page instead of being copied. */
function transferable(reply) {
  const large = [reply?.blob, reply?.bytes].filter((part) => part instanceof Uint8Array);
  return large.map((part) => part.buffer);
}

async function broke(text) {
  vault = undefined;
  post({ fatal: text });
  await start();
}

async function handle({ id, command }) {
  if (!vault) return;
  let reply;
  try {
    reply = vault.handle(command, (progress) => post({ id, progress }));
  } catch {
    // A trap leaves the instance in an unknown state: it is dropped with every key in it.
    await broke("the crypto module broke and was started again; nothing is unlocked any more");
    return;
  }
  post({ id, reply }, transferable(reply));
}

function failed() {
  post({ fatal: "the crypto module could not be started" });
}

let turn = start().catch(failed);

globalThis.addEventListener("message", ({ data }) => {
  if (typeof data !== "object" || data === null || !Number.isInteger(data.id)) return;
  turn = turn.then(() => handle(data)).catch(failed);
});
