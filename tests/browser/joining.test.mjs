// Joining by invitation, the recovery kit, a new recovery phrase, and words that follow the language.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launchBrowser, Person } from "./harness/browser.mjs";
import { Server } from "./harness/server.mjs";
import * as steps from "./harness/steps.mjs";

const SLOW = { timeout: 60_000 };
const passphrase = "Thirteen larks above the meadow";
let browser;
let server;

before(async () => {
  browser = await launchBrowser();
  server = await Server.start({ "accounts.registration": "invite" });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const field = (page, name) => page.getByLabel(name, { exact: true });
const button = (page, name) => page.getByRole("button", { name, exact: true });

async function shownWords(page) {
  const items = page.getByRole("list", { name: "Recovery phrase" }).getByRole("listitem");
  await items.nth(23).waitFor(SLOW);
  return (await items.allInnerTexts()).map((text) => text.replace(/[^a-z]/g, ""));
}

async function fill(page, address, invitation) {
  await field(page, "Address").fill(address);
  await field(page, "Invitation").fill(invitation);
  await field(page, "Passphrase").fill(passphrase);
  await field(page, "Repeat passphrase").fill(passphrase);
  await button(page, "Create account").click();
}

test("only an invitation opens the door, once; the kit can be copied, printed and saved", async () => {
  const code = server.command("invite").trim();
  const person = await Person.arrive(browser, server, { permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = person;
  person.networkMayFail = true; // refusals are HTTP statuses, which Chromium reports
  await page.addInitScript(() => {
    window.printed = 0;
    window.print = () => (window.printed += 1);
  });
  await page.goto("/signup");
  await field(page, "Invitation").waitFor(SLOW);
  await fill(page, "lena", "no-such-code");
  await page.getByText(/invitation is unknown/i).waitFor(SLOW);
  assert.equal(await field(page, "Invitation").getAttribute("aria-invalid"), "true");
  await person.look("joining-bad-invitation");
  await fill(page, "lena", code);
  const words = await shownWords(page);
  await person.look("joining-kit");

  await button(page, "Copy").click();
  await page.getByText(/copied/i).first().waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), words.join(" "));
  await button(page, "Print").click();
  assert.equal(await page.evaluate(() => window.printed), 1);
  await page.emulateMedia({ media: "print" });
  await page.getByText("Hedgerow recovery kit of lena@hedgerow.test").waitFor();
  assert.equal(await button(page, "Print").isVisible(), false, "the sheet has no buttons on it");
  await person.look("joining-kit-printed");
  await page.emulateMedia({ media: "screen" });
  const download = page.waitForEvent("download");
  await button(page, "Save kit").click();
  const chunks = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk);
  const kit = Buffer.concat(chunks).toString("utf8");
  assert.deepEqual(kit.match(/^ *\d+ {2}[a-z]+$/gm).map((line) => line.replace(/[^a-z]/g, "")), words);
  assert.match(kit, /lena@hedgerow\.test/);

  await page.getByText("Check").first().click();
  await page.setViewportSize({ width: 375, height: 667 });
  await page.emulateMedia({ colorScheme: "dark" });
  await person.look("joining-kit-phone-dark");
  await button(page, "I have saved it").click();
  await steps.inboxShows(person);

  const second = await Person.arrive(browser, server);
  second.networkMayFail = true;
  await second.page.goto("/signup");
  await field(second.page, "Invitation").waitFor(SLOW);
  await fill(second.page, "mona", code);
  await second.page.getByText(/invitation is unknown or was used/i).waitFor(SLOW);
  await second.leave();
  await person.leave();
});

test("a new recovery phrase takes the place of the old one, with the passphrase", async () => {
  const person = await Person.arrive(browser, server);
  const { page } = person;
  person.networkMayFail = true;
  await page.goto("/signup");
  await field(page, "Invitation").waitFor(SLOW);
  await fill(page, "nora", server.command("invite").trim());
  const old = await shownWords(page);
  await button(page, "I have saved it").click();
  await steps.inboxShows(person);

  await steps.openAccountMenu(person, "Settings");
  await button(page, "Make a new recovery phrase").click();
  const words = await shownWords(page);
  assert.notDeepEqual(words, old);
  const section = page.getByRole("region", { name: "Recovery", exact: true });
  for (const [device, viewport] of [["desk", { width: 1280, height: 800 }], ["phone", { width: 375, height: 667 }]]) {
    await page.setViewportSize(viewport);
    await section.scrollIntoViewIfNeeded();
    await person.look(`joining-new-phrase-${device}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await section.getByLabel("Passphrase", { exact: true }).fill("not my passphrase at all");
  await button(page, "Use the new words from now on").click();
  await section.getByText("The passphrase is wrong. Try again.").waitFor(SLOW);
  assert.deepEqual(await shownWords(page), words, "the words stay on the page");
  await section.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  await button(page, "Use the new words from now on").click();
  await page.getByText(/the new recovery phrase holds/i).waitFor(SLOW);
  assert.equal(await page.getByRole("list", { name: "Recovery phrase" }).count(), 0, "the words are gone");
  await steps.signOut(person);

  await steps.recover(person, "nora@hedgerow.test", old, "Fourteen larks above the meadow");
  await page.getByText(/does not open this account/i).waitFor(SLOW);
  await person.look("joining-old-phrase");
  await steps.recover(person, "nora@hedgerow.test", words, "Fourteen larks above the meadow");
  await steps.inboxShows(person);
  await person.leave();
});

test("what a field complains of follows a change of the language", async () => {
  const person = await Person.arrive(browser, server);
  const { page } = person;
  await page.goto("/signup");
  await field(page, "Passphrase").fill("short");
  await field(page, "Repeat passphrase").fill("other");
  await button(page, "Create account").click();
  const errors = page.locator(".field-error");
  await errors.filter({ hasText: "Use at least 12 characters." }).waitFor(SLOW);
  const english = await errors.allInnerTexts();
  await page.locator("select").filter({ has: page.locator('option[value="de"]') }).first().selectOption("de");
  await page.locator('html[lang="de"]').waitFor();
  await errors.filter({ hasText: "Nehmen Sie mindestens 12 Zeichen" }).waitFor();
  const german = await errors.allInnerTexts();
  assert.equal(german.length, english.length);
  english.forEach((words, at) => words && assert.notEqual(words, german[at], `${words} stayed English`));
  await person.look("joining-complaints-de");
  await person.leave();
});
