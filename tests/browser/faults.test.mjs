// What goes wrong must be said clearly, and nothing may be lost over it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { launchBrowser, Person } from "./harness/browser.mjs";
import { Server } from "./harness/server.mjs";
import * as steps from "./harness/steps.mjs";

const passphrase = "Seven geese cross the lane";
let browser;
let server;

before(async () => {
  browser = await launchBrowser();
  // A small limit, so that a file above it need not be large.
  server = await Server.start({ "limits.message_bytes": String(4 * 1024 * 1024) });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function someone(name) {
  const person = await Person.arrive(browser, server);
  const address = `${name}${randomBytes(3).toString("hex")}@hedgerow.test`;
  await steps.signUp(person, address, passphrase);
  return { person, address };
}

/** The words by which the page says that something went wrong, anywhere on it. */
async function said(person, pattern) {
  await person.page
    .getByRole("alert")
    .or(person.page.getByRole("status"))
    .or(person.page.locator("[aria-live], [role=dialog], .field-error, [aria-invalid=true] ~ *"))
    .filter({ hasText: pattern })
    .first()
    .waitFor({ timeout: 60_000 });
}

test("a wrong passphrase is told at its field and the account stays shut", async () => {
  const { person, address } = await someone("carol");
  await steps.signOut(person);
  person.networkMayFail = true; // the refusal is an HTTP status, which Chromium reports
  await steps.signIn(person, address, "not the passphrase at all");
  const field = person.page.getByLabel("Passphrase", { exact: true });
  await person.page.locator('[aria-invalid="true"]').first().waitFor({ timeout: 60_000 });
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  const described = await field.getAttribute("aria-describedby");
  const words = await person.page.locator(described.split(" ").map((id) => `[id="${id}"]`).join(",")).allInnerTexts();
  assert.match(words.join(" "), /passphrase/i);
  await person.look("fault-wrong-passphrase");
  await steps.signIn(person, address, passphrase);
  await steps.inboxShows(person);
  await person.leave();
});

test("a damaged login record is told apart from a wrong passphrase, with the way on", async () => {
  const person = await Person.arrive(browser, server);
  const address = `hanna${randomBytes(3).toString("hex")}@hedgerow.test`;
  const words = await steps.signUp(person, address, passphrase);
  await steps.signOut(person);
  const made = server.recorder.under("/api/v1/accounts").findLast(({ method, status, requestBody }) =>
    method === "POST" && status < 300 && requestBody.includes('"record"'),
  );
  const record = Buffer.from(JSON.parse(made.requestBody.toString("utf8")).record, "base64url");
  await server.terminate();
  let places = 0;
  for (const name of await readdir(server.dataFolder)) {
    if (!name.startsWith("hedgerow.sqlite")) continue;
    const file = join(server.dataFolder, name);
    const bytes = await readFile(file);
    for (let at = bytes.indexOf(record); at >= 0; at = bytes.indexOf(record, at + 1)) {
      bytes[at + (record.length >> 1)] ^= 1;
      places += 1;
    }
    await writeFile(file, bytes);
  }
  assert.ok(places > 0, "the record is in no file");
  await server.launch();
  person.networkMayFail = true;
  await steps.signIn(person, address, passphrase);
  await said(person, /damaged.*Forgot passphrase/);
  await person.look("fault-damaged-login");
  const next = "Eight geese cross the lane";
  await steps.recover(person, address, words, next);
  await steps.inboxShows(person);
  await steps.signOut(person);
  await steps.signIn(person, address, next);
  await steps.inboxShows(person);
  await person.leave();
});

test("an unknown address is answered like a wrong passphrase", async () => {
  const person = await Person.arrive(browser, server);
  person.networkMayFail = true;
  await steps.signIn(person, "nobody@hedgerow.test", passphrase);
  await person.page.locator('[aria-invalid="true"]').first().waitFor({ timeout: 60_000 });
  assert.equal(await person.page.getByLabel("Passphrase", { exact: true }).getAttribute("aria-invalid"), "true");
  await person.leave();
});

test("a taken address is told before anything is made", async () => {
  const { person, address } = await someone("dora");
  const second = await Person.arrive(browser, server);
  second.networkMayFail = true;
  const { page } = second;
  await page.goto("/signup");
  await page.getByLabel("Address", { exact: true }).fill(address);
  await page.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  await page.getByLabel("Repeat passphrase", { exact: true }).fill(passphrase);
  await page.getByRole("button", { name: "Create account" }).click();
  await said(second, /taken/i);
  await second.look("fault-taken-address");
  await second.leave();
  await person.leave();
});

test("a recipient that does not exist is told before sending", async () => {
  const { person } = await someone("emil");
  person.networkMayFail = true;
  await steps.compose(person, { to: "ghost@hedgerow.test", subject: "To nobody", text: "Anyone there?" });
  await person.page.getByText(/no (such )?(address|account|mailbox)|does not exist|not found|nobody/i).first().waitFor({ timeout: 60_000 });
  const before = server.recorder.under("/api/v1/mail/submissions").length;
  await steps.send(person);
  await said(person, /ghost|recipient|address/i);
  assert.equal(server.recorder.under("/api/v1/mail/submissions").length, before, "nothing was submitted");
  await person.look("fault-no-recipient");
  await person.leave();
});

test("an attachment above the limit is refused, and the text stays", async () => {
  const { person, address } = await someone("frida");
  person.networkMayFail = true;
  await steps.compose(person, { to: address, subject: "A large one", text: "Words worth keeping" });
  const chooser = person.page.waitForEvent("filechooser");
  await person.page.getByRole("button", { name: "Attach file" }).click();
  await (await chooser).setFiles({
    name: "large.bin",
    mimeType: "application/octet-stream",
    buffer: randomBytes(6 * 1024 * 1024),
  });
  await said(person, /too large|limit|larger/i).catch(async () => {
    // Not told when chosen: then when sent.
    await steps.send(person);
    await said(person, /too large|limit|larger/i);
  });
  assert.equal(
    await person.page.getByRole("textbox", { name: "Message", exact: true }).inputValue(),
    "Words worth keeping",
  );
  await person.look("fault-too-large");
  await person.leave();
});

test("a killed server loses no message: it goes when the server is back", async () => {
  const { person, address } = await someone("greta");
  person.networkMayFail = true;
  const subject = `Kept ${randomBytes(4).toString("hex")}`;
  await steps.compose(person, { to: address, subject, text: "Sent into a silence" });
  await server.kill();
  await steps.send(person);
  await said(person, /server|connection|offline|network|reach/i);
  await person.look("fault-server-down");
  await server.launch();
  // Either it goes by itself, or the composer is still there with everything in it.
  const arrived = steps.entry(person, subject);
  await arrived.waitFor({ timeout: 45_000 }).catch(async () => {
    const { page } = person;
    if (await page.getByRole("button", { name: /^Send/ }).isVisible()) await steps.send(person);
    await arrived.waitFor({ timeout: 60_000 });
  });
  const message = await steps.openMessage(person, subject);
  await message.getByText("Sent into a silence").waitFor();
  assert.equal(await person.page.getByRole("row", { name: subject }).count(), 1, "once");
  await person.leave();
});
