// The suite in headless Chromium. Prints one line a job; fails above a limit.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { launchBrowser } from "../../harness/browser.mjs";
import { line } from "./suite.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const places = {
  "/package/": process.env.HEDGEROW_PACKAGE,
  "/openpgp/": fileURLToPath(new URL("../../node_modules/openpgp/dist/", import.meta.url)),
  "/bench/": here,
};
const types = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

export async function serve() {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const place = Object.keys(places).find((prefix) => path.startsWith(prefix));
    if (!place) {
      response.setHeader("content-type", "text/html");
      response.setHeader("content-security-policy", "script-src 'self' 'wasm-unsafe-eval'");
      return response.end("<!doctype html><title>bench</title>");
    }
    const file = join(places[place], normalize(path.slice(place.length)));
    try {
      const bytes = await readFile(file);
      response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
      response.end(bytes);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

const filter = process.argv[2];
const server = await serve();
const browser = await launchBrowser();
const open = async () => {
  const page = await (await browser.newContext()).newPage();
  page.on("pageerror", (error) => console.error(error));
  page.on("console", (message) => message.type() === "error" && console.error(message.text()));
  page.setDefaultTimeout(0);
  await page.goto(server.url);
  return page;
};

let failed = 0;
try {
  const page = await open();
  const names = await page.evaluate(async (only) => {
    const [openpgp, hedgerow, suite] = await Promise.all([
      import("/openpgp/openpgp.min.mjs"),
      import("/package/src/browser.js"),
      import("/bench/suite.mjs"),
    ]);
    globalThis.bench = { suite, jobs: await suite.jobs(openpgp, hedgerow, { only }) };
    return bench.jobs.map((job) => job.name);
  }, filter);
  for (const [index] of names.entries()) {
    const result = await page.evaluate((at) => bench.suite.measure(bench.jobs[at], "chromium"), index);
    if (result.limit !== undefined && result.ratio > result.limit) failed += 1;
    console.log(line(result));
  }
  await page.close();

  if (!filter || "start".includes(filter)) {
    // Compile and instantiate, without the network: each time in a new page.
    const times = [];
    for (let round = 0; round < 9; round++) {
      const fresh = await open();
      times.push(
        await fresh.evaluate(async () => {
          const bytes = await (await fetch("/package/dist/crypto.wasm")).arrayBuffer();
          const glue = await import("/package/dist/crypto.js");
          const start = performance.now();
          const module = await WebAssembly.compile(bytes);
          await glue.default({ module_or_path: module });
          return performance.now() - start;
        }),
      );
      await fresh.close();
    }
    times.sort((a, b) => a - b);
    const start = times[times.length >> 1];
    if (start > 60) failed += 1;
    console.log(`compile and instantiate: median ${start.toFixed(1)} ms (limit 60)`);
  }

  if (!filter || "memory".includes(filter)) {
    const peaks = {};
    for (const who of ["theirs", "ours"]) {
      const own = await launchBrowser();
      const fresh = await (await own.newContext()).newPage();
      fresh.setDefaultTimeout(0);
      await fresh.goto(server.url);
      const session = await own.newBrowserCDPSession();
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      const high = () =>
        Math.max(
          ...processInfo
            .filter((process) => process.type === "renderer")
            .map((process) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${process.id}/status`, "utf8"))[1])),
        ) / 1024;
      const turn = (size) =>
        fresh.evaluate(
          async ({ who, size }) => {
            const [openpgp, hedgerow, suite, once] = await Promise.all([
              import("/openpgp/openpgp.min.mjs"),
              import("/package/src/browser.js"),
              import("/bench/suite.mjs"),
              import("/bench/once.mjs"),
            ]);
            await once.default(who, suite.content(size), openpgp, hedgerow);
          },
          { who, size },
        );
      await turn(1024);
      const before = high();
      await turn(25 * 1024 * 1024);
      peaks[who] = high() - before;
      await own.close();
    }
    if (peaks.ours > peaks.theirs) failed += 1;
    console.log(
      `peak memory, 25 MiB encrypted and decrypted: ${peaks.ours.toFixed(0)} MiB, OpenPGP.js ${peaks.theirs.toFixed(0)} MiB`,
    );
  }
} finally {
  await browser.close();
  server.close();
}
process.exitCode = failed ? 1 : 0;
