// Sessions and keys: the list, the kill switch, locking; and the bytes that the server holds.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { launchBrowser, Person } from "./harness/browser.mjs";
import { Server } from "./harness/server.mjs";
import * as steps from "./harness/steps.mjs";

const address = "karl@hedgerow.test";
const passphrase = "Nine owls and a lantern";
let browser;
let server;

before(async () => {
  browser = await launchBrowser();
  server = await Server.start();
  const first = await Person.arrive(browser, server);
  await steps.signUp(first, address, passphrase);
  await steps.compose(first, { to: address, subject: "Look through me", text: "Sealed inside." });
  await steps.send(first);
  await steps.entry(first, "Look through me").waitFor({ timeout: 60_000 });
  await first.leave();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("locking hides the mail and the passphrase brings it back", async () => {
  const person = await Person.arrive(browser, server);
  await steps.signIn(person, address, passphrase);
  await steps.entry(person, "Look through me").waitFor({ timeout: 60_000 });
  await steps.openAccountMenu(person, "Lock");
  const field = person.page.getByLabel("Passphrase", { exact: true });
  await field.waitFor();
  assert.equal(await person.page.getByText("Look through me").count(), 0, "nothing of the mail is on the page");
  await person.look("locked");
  await field.fill(passphrase);
  await person.page.getByRole("button", { name: /unlock/i }).click();
  await steps.entry(person, "Look through me").waitFor({ timeout: 60_000 });
  await person.leave();
});

test("a reload locks: keys are never kept in the browser", async () => {
  const person = await Person.arrive(browser, server);
  await steps.signIn(person, address, passphrase);
  await steps.entry(person, "Look through me").waitFor({ timeout: 60_000 });
  await person.page.reload();
  await person.page.getByLabel("Passphrase", { exact: true }).waitFor();
  const kept = await person.page.evaluate(async () => {
    const databases = await indexedDB.databases();
    return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, databases]);
  });
  assert.ok(!kept.includes("Look through me") && !kept.includes(passphrase));
  await person.leave();
});

test("the session list shows every browser and ends the others", async () => {
  const here = await Person.arrive(browser, server);
  const there = await Person.arrive(browser, server);
  await steps.signIn(here, address, passphrase);
  await steps.inboxShows(here);
  await steps.signIn(there, address, passphrase);
  await steps.inboxShows(there);
  await steps.openAccountMenu(here, "Settings");
  await here.page.getByText(/sessions/i).first().waitFor();
  const others = here.page.getByRole("button", { name: /(end|sign out).*other/i }).first();
  await others.waitFor();
  await here.look("sessions");
  there.networkMayFail = true;
  await others.click();
  await here.page.getByText(/other sessions are ended/i).first().waitFor();
  await there.page.getByText(/session .*ended/i).first().waitFor({ timeout: 60_000 });
  await there.look("session-ended");
  const status = await there.page.evaluate(() => fetch("/api/v1/account").then((answer) => answer.status));
  assert.equal(status, 401, "the ended session opens nothing");
  await there.page.reload();
  await there.page.getByLabel("Passphrase", { exact: true }).waitFor({ timeout: 60_000 });
  await here.leave();
  await there.leave();
});

function unpacked(exchange) {
  if (exchange.encoding === "br") return brotliDecompressSync(exchange.responseBody);
  if (exchange.encoding === "gzip") return gunzipSync(exchange.responseBody);
  return exchange.responseBody;
}

/** The shown text as bytes: base64, hexadecimal rows, or armour, whatever the page uses. */
function bytesShown(text) {
  const armour = /-----BEGIN PGP MESSAGE-----\s+(?:[A-Za-z]+: .*\s+)*([A-Za-z0-9+/=\s]+?)(?:=[A-Za-z0-9+/]{4}\s+)?-----END/.exec(text);
  if (armour) return Buffer.from(armour[1], "base64");
  const lines = text.split("\n").map((line) => line.trim());
  const hex = lines
    .map((line) => /^(?:[0-9a-f]{4,8}:?\s+)?((?:[0-9a-f]{2}\s*){4,})(?:\s\s.*)?$/i.exec(line))
    .filter(Boolean)
    .map((match) => match[1].replace(/\s/g, ""));
  if (hex.length > 2) return Buffer.from(hex.join(""), "hex");
  const compact = text.replace(/\s/g, "");
  return Buffer.from(compact, /[-_]/.test(compact) ? "base64url" : "base64");
}

test("looking through the envelope shows the very bytes of the server's answer", async () => {
  const person = await Person.arrive(browser, server);
  await steps.signIn(person, address, passphrase);
  const message = await steps.openMessage(person, "Look through me");
  await message.getByText("Sealed inside.").waitFor();
  const blobs = server.recorder.exchanges.filter((e) => e.method === "GET" && /\/vault\/blobs\//.test(e.url) && e.status === 200);
  const answer = unpacked(blobs.at(-1));

  await person.page.getByRole("button", { name: /look through/i }).first().click();
  await person.page.getByRole("region", { name: "Message", exact: true }).getByText("Sealed inside.").waitFor({ state: "hidden" });
  await person.look("through-the-envelope");
  const shown = await person.page.evaluate(() =>
    [...document.querySelectorAll("pre, code, [data-bytes]")].map((element) => element.textContent),
  );
  const equal = shown.some((text) => bytesShown(text).equals(answer));
  assert.ok(equal, `one of the ${shown.length} shown texts is the answer's ${answer.length} bytes`);

  const listing = server.recorder.exchanges.filter((e) => /\/messages\?/.test(e.url) && e.status === 200).at(-1);
  const rows = JSON.parse(unpacked(listing).toString("utf8"));
  const summaries = rows.items.map((item) => item.summary);
  const page = await person.page.evaluate(() => document.body.textContent.replace(/\s/g, ""));
  assert.ok(
    summaries.every((summary) => page.includes(summary.slice(0, 24))),
    "the list shows the sealed summaries as they came",
  );
  await person.leave();
});
