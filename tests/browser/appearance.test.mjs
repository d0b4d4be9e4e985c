// Every language, both themes, a phone: nothing overflows, nothing is unreadable, no word
// is missing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launchBrowser, Person } from "./harness/browser.mjs";
import { Server } from "./harness/server.mjs";
import * as steps from "./harness/steps.mjs";

const LANGUAGES = ["de", "en", "es", "fr", "it", "nl", "pt", "ru"];
const passphrase = "Eight wrens in the thicket";
let browser;
let server;

before(async () => {
  browser = await launchBrowser();
  server = await Server.start();
  const first = await Person.arrive(browser, server);
  await steps.signUp(first, "ida@hedgerow.test", passphrase);
  await steps.compose(first, { to: "ida@hedgerow.test", subject: "A note to myself", text: "Water the hedge." });
  await steps.send(first);
  await steps.entry(first, "A note to myself").waitFor({ timeout: 60_000 });
  await first.leave();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function overflows(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Keys of the word lists look like `room.word`; a shown one means that a word is missing. */
async function missingWords(page) {
  const text = await page.evaluate(() => document.body.innerText);
  return text.match(/\b(accounts|mail|shell|ui|errors|i18n)\.[a-z_]+(\.[a-z_]+)*\b/g) ?? [];
}

async function check(person, name) {
  assert.ok((await overflows(person.page)) <= 0, `${name} does not scroll sideways`);
  assert.deepEqual(await missingWords(person.page), [], `${name} has all its words`);
  assert.notEqual(await person.page.title(), "", `${name} has a title`);
  await person.look(name);
}

for (const scheme of ["light", "dark"]) {
  for (const [device, viewport] of [
    ["desk", { width: 1280, height: 800 }],
    ["tablet", { width: 768, height: 1024 }],
    ["phone", { width: 375, height: 667 }],
  ]) {
    test(`pages in ${scheme} on a ${device}`, async () => {
      const person = await Person.arrive(browser, server, { colorScheme: scheme, viewport });
      const { page } = person;
      for (const path of ["/login", "/signup", "/recover"]) {
        await page.goto(path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await check(person, `${scheme}-${device}-${path.slice(1)}`);
      }
      await steps.signIn(person, "ida@hedgerow.test", passphrase);
      await page.getByRole("button", { name: "New message" }).first().waitFor({ timeout: 60_000 });
      await steps.entry(person, "A note to myself").waitFor({ timeout: 60_000 });
      await check(person, `${scheme}-${device}-inbox`);
      const message = await steps.openMessage(person, "A note to myself");
      await message.getByText("Water the hedge.").waitFor();
      await check(person, `${scheme}-${device}-message`);
      await page.goBack();
      await page.getByRole("button", { name: "New message" }).first().click();
      await page.getByRole("textbox", { name: "Message", exact: true }).waitFor();
      await check(person, `${scheme}-${device}-composer`);
      await person.leave();
    });
  }
}

for (const language of LANGUAGES) {
  test(`pages in ${language}`, async () => {
    const person = await Person.arrive(browser, server, { locale: language });
    const { page } = person;
    await page.goto("/login");
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), language);
    await check(person, `language-${language}-login`);
    for (const path of ["/signup", "/recover"]) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await check(person, `language-${language}-${path.slice(1)}`);
    }
    await page.goto("/login");
    // Fields by their order: their names are in another language here.
    await page.locator("form input:not([type=checkbox])").nth(0).fill("ida@hedgerow.test");
    await page.locator("form input[type=password]").first().fill(passphrase);
    await page.locator("form button[type=submit]").first().click();
    const row = page.getByRole("row", { name: "A note to myself" }).first();
    await row.waitFor({ timeout: 60_000 });
    await check(person, `language-${language}-inbox`);
    await row.click();
    await page.getByText("Water the hedge.").last().waitFor();
    await check(person, `language-${language}-message`);
    // Not by loading a page: that would lock the account.
    await page.evaluate(() => {
      history.pushState(null, "", "/settings");
      dispatchEvent(new PopStateEvent("popstate"));
    });
    await page.getByRole("combobox").first().waitFor();
    await check(person, `language-${language}-settings`);
    await person.leave();
  });
}

test("the language can be switched, and all words change at once", async () => {
  const person = await Person.arrive(browser, server);
  const { page } = person;
  await steps.signIn(person, "ida@hedgerow.test", passphrase);
  await steps.inboxShows(person);
  await steps.openAccountMenu(person, "Settings");
  const chooser = page.getByRole("combobox", { name: /language/i });
  await chooser.waitFor();
  const seen = new Set();
  for (const language of LANGUAGES) {
    await page.locator("select").filter({ has: page.locator(`option[value="${language}"]`) }).selectOption(language);
    await page.locator(`html[lang="${language}"]`).waitFor();
    seen.add(await page.getByRole("heading", { level: 1 }).first().innerText());
    assert.deepEqual(await missingWords(page), []);
  }
  assert.ok(seen.size >= 6, `the heading is translated: ${[...seen].join(", ")}`);
  await person.leave();
});
