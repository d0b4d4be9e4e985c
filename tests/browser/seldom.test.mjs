// What seldom happens: a contact's certificate changes, the list and the mail disagree, a mail does not
// open, many are chosen at once, one is forwarded. The server lies here, between it and the page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launchBrowser, Person } from "./harness/browser.mjs";
import { Server } from "./harness/server.mjs";
import * as steps from "./harness/steps.mjs";

const SLOW = { timeout: 60_000 };
const passphrase = "Twelve herons by the weir";
const anna = "anna@hedgerow.test";
const bert = "bert@hedgerow.test";
let browser;
let server;

before(async () => {
  browser = await launchBrowser();
  server = await Server.start();
  const second = await Person.arrive(browser, server);
  await steps.signUp(second, bert, passphrase);
  await second.leave();
  const first = await Person.arrive(browser, server);
  await steps.signUp(first, anna, passphrase);
  for (const number of ["one", "two", "three", "four"]) {
    const files = number === "four" ? [{ name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("beans") }] : [];
    await steps.compose(first, { to: anna, subject: `Letter ${number}`, text: `Body of ${number}.`, files });
    await steps.send(first);
    await steps.entry(first, `Letter ${number}`).waitFor(SLOW);
  }
  await first.leave();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function annaAt(options = {}, lie = async () => {}) {
  const person = await Person.arrive(browser, server, options);
  await lie(person.context);
  await steps.signIn(person, anna, passphrase);
  await steps.inboxShows(person);
  return person;
}

/** Lets the server's JSON answers to a path pass through `edit`. */
async function edited(context, path, edit) {
  await context.route(path, async (route) => {
    const answer = await route.fetch();
    const json = await answer.json();
    edit(json);
    await route.fulfill({ response: answer, json });
  });
}

/** Both looks on a desk and a phone. */
async function looks(person, name) {
  for (const [device, viewport] of [["desk", { width: 1280, height: 800 }], ["phone", { width: 375, height: 667 }]]) {
    await person.page.setViewportSize(viewport);
    for (const scheme of ["light", "dark"]) {
      await person.page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      const wider = await person.page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.ok(wider <= 0, `${name} on a ${device} scrolls sideways`);
      await person.look(`seldom-${name}-${device}-${scheme}`);
    }
  }
  await person.page.setViewportSize({ width: 1280, height: 800 });
}

test("a changed certificate stops the mail until the person has compared", async () => {
  // The same address on another server: a certificate that is not the one pinned.
  const elsewhere = await Server.start();
  const impostor = await Person.arrive(browser, elsewhere);
  await steps.signUp(impostor, bert, passphrase);
  const entry = await impostor.page.evaluate(async (address) => {
    const answer = await fetch(`/api/v1/directory/${encodeURIComponent(address)}`, { headers: { "x-hedgerow": "1" } });
    return answer.json();
  }, bert);
  await impostor.leave();
  await elsewhere.stop();

  const person = await annaAt();
  const { page } = person;
  await steps.compose(person, { to: bert, subject: "Before the change", text: "Hello Bert." });
  await steps.send(person);
  await page.getByText(/sent/i).first().waitFor(SLOW);
  await page.getByRole("textbox", { name: "Message", exact: true }).waitFor({ state: "hidden" });
  await person.context.route(/\/directory\/bert/, (route) => route.fulfill({ json: entry }));
  await steps.compose(person, { to: bert, subject: "After the change", text: "Is it you?" });
  await page.getByText(`The key of ${bert} has changed`, { exact: false }).first().waitFor(SLOW);
  await looks(person, "changed-certificate");
  const before = server.recorder.under("/api/v1/mail/submissions").length;
  await steps.send(person);
  await page.locator(".composer-outcome").getByText(/has changed/).waitFor(SLOW);
  assert.equal(server.recorder.under("/api/v1/mail/submissions").length, before, "nothing was sealed to it");
  await page.getByRole("button", { name: "I have compared; use the new key" }).click();
  await page.getByText("has changed", { exact: false }).first().waitFor({ state: "hidden", ...SLOW });
  await steps.send(person);
  await page.getByRole("textbox", { name: "Message", exact: true }).waitFor({ state: "hidden", ...SLOW });
  assert.equal(server.recorder.under("/api/v1/mail/submissions").length, before + 1, "sent after the comparison");
  await person.leave();
});

test("two lines of the list that were exchanged open neither mail", async () => {
  const person = await annaAt({}, (context) =>
    edited(context, /\/mail\/folders\/.*\/messages/, ({ items }) => {
      const [a, b] = items;
      [a.summary, b.summary] = [b.summary, a.summary];
    }),
  );
  const { page } = person;
  const rows = page.getByRole("grid", { name: "Messages" }).getByRole("row");
  await rows.nth(3).waitFor(SLOW);
  await rows.first().click();
  const message = page.getByRole("region", { name: "Message", exact: true });
  await message.getByText("not the message that this row stands for", { exact: false }).waitFor(SLOW);
  assert.equal(await message.getByText(/Body of/).count(), 0);
  await person.leave();
});

test("a line of the list that was damaged is told when its mail is opened", async () => {
  const person = await annaAt({}, (context) =>
    edited(context, /\/mail\/folders\/.*\/messages/, ({ items }) => {
      const [one] = items;
      const middle = one.summary.length >> 1;
      const other = one.summary[middle] === "A" ? "B" : "A";
      one.summary = one.summary.slice(0, middle) + other + one.summary.slice(middle + 1);
    }),
  );
  const { page } = person;
  const rows = page.getByRole("grid", { name: "Messages" }).getByRole("row");
  await rows.nth(3).waitFor(SLOW);
  await looks(person, "damaged-line");
  await rows.first().click();
  const message = page.getByRole("region", { name: "Message", exact: true });
  await message.getByText("The line in the list said something else", { exact: false }).waitFor(SLOW);
  await message.getByText("Body of four.").waitFor();
  await looks(person, "summary-differs");
  await person.leave();
});

test("a mail that does not open says which, why, and what to do; the others open", async () => {
  const person = await annaAt({}, (context) => {
    let first = true;
    return context.route(/\/vault\/blobs\//, async (route) => {
      const answer = await route.fetch();
      const body = Buffer.from(await answer.body());
      if (first && route.request().method() === "GET") body[body.length >> 1] ^= 1;
      first = false;
      await route.fulfill({ response: answer, body });
    });
  });
  const { page } = person;
  await steps.entry(person, "Letter three").click(SLOW);
  const message = page.getByRole("region", { name: "Message", exact: true });
  await message.getByText("This mail could not be opened").waitFor(SLOW);
  await message.getByText("Nothing of it is shown", { exact: false }).waitFor();
  assert.equal(await message.getByText("Body of three.").count(), 0);
  await looks(person, "unopenable");
  await steps.openMessage(person, "Letter two");
  await message.getByText("Body of two.").waitFor(SLOW);
  await person.leave();
});

test("several mails are chosen, filed together, and brought back", async () => {
  const person = await annaAt();
  const { page } = person;
  await steps.entry(person, "Letter one").click({ modifiers: ["Control"], ...SLOW });
  await steps.entry(person, "Letter two").click({ modifiers: ["Control"] });
  const many = page.getByRole("toolbar", { name: "Chosen mails" });
  await many.getByText("2 chosen").waitFor();
  await looks(person, "many");
  await many.getByRole("button", { name: "Archive" }).click();
  await steps.entry(person, "Letter one").waitFor({ state: "hidden" });
  await steps.entry(person, "Letter two").waitFor({ state: "hidden" });
  await steps.openFolder(person, /^Archive/);
  await steps.entry(person, "Letter one").waitFor(SLOW);
  await steps.entry(person, "Letter two").waitFor();
  // With the keyboard: the cursor, and Shift to choose on the way.
  await steps.entry(person, "Letter two").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  await many.getByText("2 chosen").waitFor();
  await page.keyboard.press("Escape");
  await many.waitFor({ state: "hidden" });
  await person.leave();
});

test("a mail is forwarded with its text and its attachment", async () => {
  const person = await annaAt();
  const { page } = person;
  const message = await steps.openMessage(person, "Letter four");
  await message.getByText("Body of four.").waitFor(SLOW);
  await message.getByRole("button", { name: "Forward", exact: true }).click();
  const text = page.getByRole("textbox", { name: "Message", exact: true });
  await text.waitFor();
  assert.match(await page.getByLabel("Subject", { exact: true }).inputValue(), /^Fwd: Letter four/);
  assert.match(await text.inputValue(), /Body of four\./);
  await page.getByText("plan.txt").last().waitFor(SLOW);
  await looks(person, "forward");
  await page.getByLabel("To", { exact: true }).fill(anna);
  await page.getByLabel("To", { exact: true }).press("Tab");
  await steps.send(person);
  await text.waitFor({ state: "hidden", ...SLOW });
  const forwarded = await steps.openMessage(person, /Fwd: Letter four/);
  await forwarded.getByText("Body of four.", { exact: false }).first().waitFor(SLOW);
  const bytes = await steps.downloadAttachment(person, forwarded, /plan\.txt/);
  assert.equal(bytes.toString(), "beans");
  await page.getByRole("row", { name: /^(?!.*Fwd).*Letter four.*forwarded/ }).first().waitFor(SLOW);
  await person.leave();
});
