// Two server processes on one PostgreSQL and one S3 bucket are one service: a person at the
// first and a person at the second write to each other, and both see it without a reload.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { launchBrowser, Person } from "./harness/browser.mjs";
import { filesBelow, scan } from "./harness/canary.mjs";
import { Server } from "./harness/server.mjs";
import * as steps from "./harness/steps.mjs";

const run = promisify(execFile);
const postgres = process.env.HEDGEROW_TEST_POSTGRES;
const bucket = process.env.HEDGEROW_TEST_S3;
const skip = !postgres || !bucket ? "needs HEDGEROW_TEST_POSTGRES and HEDGEROW_TEST_S3" : false;
const passphrase = "Ten larks above the barley";
let browser;
let east;
let west;

/** The newest psql of Debian's PostgreSQL packages. */
function psql() {
  const versions = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a));
  return `/usr/lib/postgresql/${versions[0]}/bin/psql`;
}

before(async () => {
  if (skip) return;
  const name = `pair_${randomBytes(6).toString("hex")}`;
  await run(psql(), [postgres, "--quiet", "--command", `CREATE DATABASE ${name}`]);
  const url = new URL(postgres);
  url.pathname = `/${name}`;
  const settings = { "data.database_url": url.href, "data.blobs_url": `${bucket}/${name}` };
  browser = await launchBrowser();
  east = await Server.start(settings);
  west = await Server.start(settings);
});

after(async () => {
  await browser?.close();
  await east?.stop();
  await west?.stop();
});

test("two servers on one PostgreSQL and one S3 bucket serve people at once, push included", { skip }, async () => {
  const lena = await Person.arrive(browser, east);
  const max = await Person.arrive(browser, west);
  await steps.signUp(lena, "lena@hedgerow.test", passphrase);
  await steps.signUp(max, "max@hedgerow.test", passphrase);
  const canary = `Linnet${randomBytes(8).toString("hex")}`;
  await steps.compose(lena, { to: "max@hedgerow.test", subject: `East to west ${canary}`, text: `Across two machines ${canary}` });
  await steps.send(lena);
  await steps.entry(max, `East to west ${canary}`).waitFor({ timeout: 60_000 });

  // The same account at the other process, at the same time.
  const again = await Person.arrive(browser, east);
  await steps.signIn(again, "max@hedgerow.test", passphrase);
  const message = await steps.openMessage(again, `East to west ${canary}`);
  await message.getByText(`Across two machines ${canary}`).waitFor();

  await steps.compose(again, { to: "lena@hedgerow.test", subject: "West to east", text: "And back." });
  await steps.send(again);
  await steps.entry(lena, "West to east").waitFor({ timeout: 60_000 });
  await lena.leave();
  await max.leave();
  await again.leave();

  const channels = {
    bucket: await filesBelow(process.env.HEDGEROW_TEST_S3_DIR),
    PostgreSQL: await filesBelow(process.env.HEDGEROW_TEST_POSTGRES_DIR),
  };
  assert.ok(channels.bucket.length > 0, "the bucket holds the messages");
  assert.deepEqual(scan(channels, { canary, passphrase }), []);
});
