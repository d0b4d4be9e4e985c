// `cargo xtask bench inbox`: from the submit of the passphrase to visible rows, in an inbox of
// many messages. Ours decrypts all it shows; Roundcube on Dovecot decrypts nothing. Both run in
// one browser, in turns, so that what else the machine does hits both.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { launchBrowser } from "../harness/browser.mjs";
import { Server } from "../harness/server.mjs";
import * as roundcube from "./roundcube.mjs";

const MESSAGES = Number(process.env.HEDGEROW_BENCH_MESSAGES ?? 20_000);
const ROUNDS = Number(process.env.HEDGEROW_BENCH_ROUNDS ?? 15);
/** The ratio of the medians, ours to Roundcube's, that must not be exceeded. */
const LIMIT = 1.5;
/** Above this spread of the peer (middle half over median), the machine is too busy to judge. */
const NOISE = 0.4;

const run = promisify(execFile);
const median = (values) => quantile(values, 0.5);

function quantile(values, at) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const low = Math.floor(place);
  return sorted[low] + (sorted[Math.ceil(place)] - sorted[low]) * (place - low);
}

/** The middle 95 % of ratios of medians of resampled rounds. */
function interval(ours, theirs) {
  const pick = (values) => values.map(() => values[Math.floor(Math.random() * values.length)]);
  const ratios = Array.from({ length: 2000 }, () => median(pick(ours)) / median(pick(theirs)));
  return [quantile(ratios, 0.025), quantile(ratios, 0.975)];
}

async function inNewProfile(browser, measure) {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(60_000);
  try {
    return await measure(await context.newPage());
  } finally {
    await context.close();
  }
}

async function ours(page, url, passphrase) {
  await page.goto(`${url}/login`);
  await page.getByLabel("Address", { exact: true }).fill("alice@hedgerow.test");
  await page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  // A person types for longer than this takes; the crypto worker loads meanwhile.
  await page.waitForLoadState("networkidle");
  const row = page.getByRole("row", { name: /Message number \d+/ }).first();
  const start = performance.now();
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await row.waitFor();
  return performance.now() - start;
}

async function theirs(page, url) {
  await page.goto(url);
  await page.locator("#rcmloginuser").fill(roundcube.USER);
  await page.locator("#rcmloginpwd").fill(roundcube.PASSWORD);
  await page.waitForLoadState("networkidle");
  const row = page.locator("#messagelist tbody tr.message").first();
  const start = performance.now();
  await page.locator("#rcmloginsubmit").click();
  await row.waitFor();
  return performance.now() - start;
}

/** Roundcube's two first requests lock each other out of SQLite now and then, and then its list stays empty for good. */
async function withRows(attempt) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (error.name !== "TimeoutError" || tries === 3) throw error;
      console.log("Roundcube's list stayed empty; once more");
    }
  }
}

/** A mailbox kept from an earlier run, or to be kept: sealing many messages takes minutes. */
const kept = process.env.HEDGEROW_BENCH_MAILBOX;
const folder = mkdtempSync(join(tmpdir(), "hedgerow-bench-"));
let server;
let peer;
let browser;
let code = 0;
try {
  const mailbox = kept ?? join(folder, "mailbox");
  const data = join(mailbox, "data");
  const note = join(mailbox, "passphrase");
  if (!existsSync(note)) {
    console.log(`sealing and sending ${MESSAGES} messages`);
    mkdirSync(mailbox, { recursive: true });
    const { stdout } = await run(process.env.HEDGEROW_SEED, [data, String(MESSAGES)], { maxBuffer: 1 << 24 });
    writeFileSync(note, stdout.trim());
  }
  const passphrase = readFileSync(note, "utf8");
  server = await Server.start({ "data.dir": data }, { record: false });
  peer = await roundcube.start(folder, MESSAGES);
  browser = await launchBrowser();

  const us = [];
  const them = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const mine = await inNewProfile(browser, (page) => ours(page, server.url, passphrase));
    const other = await withRows(() => inNewProfile(browser, (page) => theirs(page, peer.url)));
    console.log(
      `round ${round}${round === 0 ? " (not counted)" : ""}: Hedgerow ${mine.toFixed(0)} ms, Roundcube ${other.toFixed(0)} ms, load ${loadavg()[0].toFixed(1)}`,
    );
    if (round > 0) {
      us.push(mine);
      them.push(other);
    }
  }
  const ratio = median(us) / median(them);
  const [low, high] = interval(us, them);
  const spread = (quantile(them, 0.75) - quantile(them, 0.25)) / median(them);
  console.log(`${MESSAGES} messages, submit of the passphrase to visible rows, median (best) of ${ROUNDS} rounds:`);
  console.log(`  Hedgerow  ${median(us).toFixed(0)} (${Math.min(...us).toFixed(0)}) ms, decrypting`);
  console.log(`  Roundcube ${median(them).toFixed(0)} (${Math.min(...them).toFixed(0)}) ms, decrypting nothing`);
  console.log(`  ratio ${ratio.toFixed(2)} (95 %: ${low.toFixed(2)} to ${high.toFixed(2)}); at most ${LIMIT}`);
  if (spread > NOISE) {
    console.log(`  too noisy to judge: Roundcube's own spread is ${(spread * 100).toFixed(0)} %`);
  } else if (ratio > LIMIT) {
    code = 1;
  }
} finally {
  await browser?.close();
  peer?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(code);
