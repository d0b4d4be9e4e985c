// `cargo xtask bench openpgp [filter]`: the package beside OpenPGP.js, in Node and in headless Chromium,
// interleaved in one run. Ratios of medians; lower is better; fails above a limit of the issue.
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const filter = process.argv[2] ?? "";
const node = (args, capture = false) => {
  const { status, stdout } = spawnSync(process.execPath, ["--expose-gc", ...args], {
    stdio: ["ignore", capture ? "pipe" : "inherit", "inherit"],
    encoding: "utf8",
  });
  if (capture && status !== 0) throw new Error(`${args.join(" ")} failed`);
  return capture ? stdout : status === 0;
};

console.log(`load ${loadavg()[0].toFixed(1)}; columns: ours ms, OpenPGP.js ms (medians)`);
console.log("\nNode");
let good = node([here("node.mjs"), filter]);
if (!filter || "memory".includes(filter)) {
  const [ours, theirs] = ["ours", "theirs"].map((who) => Number(node([here("node.mjs"), "memory", who], true)));
  const [small, large] = [64, 1024].map((size) =>
    Number(node([here("node.mjs"), "memory", "stream", String(size)], true)),
  );
  console.log(`peak memory, 25 MiB encrypted and decrypted: ${ours.toFixed(0)} MiB, OpenPGP.js ${theirs.toFixed(0)} MiB`);
  console.log(`peak memory beyond a warm start, streaming 64 MiB: ${small.toFixed(0)} MiB, 1 GiB: ${large.toFixed(0)} MiB`);
  good &&= ours < theirs && large < small + 64;
}
console.log("\nChromium");
good = node([here("chromium.mjs"), filter]) && good;
process.exitCode = good ? 0 : 1;
