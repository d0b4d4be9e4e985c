// The suite in Node. `node bench/openpgp/node.mjs [filter]`; HEDGEROW_PACKAGE names the unpacked package.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import * as openpgp from "openpgp";
import once from "./once.mjs";
import { content, jobs, line, measure, stream } from "./suite.mjs";

const folder = process.env.HEDGEROW_PACKAGE;
const hedgerow = await import(pathToFileURL(join(folder, "src/node.js")).href);
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;

const MiB = 1024 * 1024;
const mode = process.argv[2];
if (mode === "memory") {
  // Each in a process of its own: see openpgp.mjs. Prints the peak beyond the start, in MiB.
  const who = process.argv[3];
  const bytes = content(25 * MiB);
  if (who === "stream") {
    await stream(hedgerow, 16 * MiB);
    const before = peak();
    const count = await stream(hedgerow, Number(process.argv[4]) * MiB);
    if (count !== Number(process.argv[4]) * MiB) throw new Error("the stream lost bytes");
    console.log(peak() - before);
  } else {
    await once(who, content(1024), openpgp, hedgerow);
    const before = peak();
    await once(who, bytes, openpgp, hedgerow);
    console.log(peak() - before);
  }
} else {
  let failed = 0;
  for (const job of await jobs(openpgp, hedgerow, { only: mode })) {
    const result = await measure(job, "node");
    if (result.limit !== undefined && result.ratio > result.limit) failed += 1;
    console.log(line(result));
  }
  process.exitCode = failed ? 1 : 0;
}
