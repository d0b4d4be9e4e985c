// The journey of issue 2: two people, a sealed message there and an answer back, new
// browsers, a new passphrase, a recovery; and nothing of it anywhere outside the browsers.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { inOrder, launchBrowser, Person } from "./harness/browser.mjs";
import { channelsOf, formsOf, plant, scan } from "./harness/canary.mjs";
import { Server } from "./harness/server.mjs";
import * as steps from "./harness/steps.mjs";

const unique = (word) => `${word}${randomBytes(9).toString("hex")}`;

const alice = { address: "alice@hedgerow.test", passphrase: `${unique("Quill")} Über dem Zaun` };
const bob = {
  address: "bob@hedgerow.test",
  passphrase: `${unique("Thrush")} sings at noon`,
  next: `${unique("Wren")} sings at dusk`,
  recovered: `${unique("Robin")} sings at dawn`,
};
const letter = {
  subject: `${unique("Hawthorn")} blüht — Боярышник 🌿`,
  text: `Liebe Grüße, ${unique("Blackbird")}\nПривет, ${unique("Скворец")}!\n你好 👋🏽 — e\u0301`,
  file: `${unique("map")}-Übersicht.bin`,
};
const answer = { text: `Danke! ${unique("Nightingale")} 🐦` };
// The canary in the attachment is what a scan can find of five megabytes.
const fileCanary = unique("AttachedCanary");
const attachment = Buffer.concat([Buffer.from(fileCanary), randomBytes(5 * 1024 * 1024 - 64)]);

let browser;
let server;
let words;
let replySubject;

before(async () => {
  browser = await launchBrowser();
  server = await Server.start();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("two people sign up, write, read, answer, and read again elsewhere", async (t) => {
  const step = inOrder(t);
  const anna = await Person.arrive(browser, server);
  const ben = await Person.arrive(browser, server);

  await step("both sign up", async () => {
    await steps.signUp(anna, alice.address, alice.passphrase, "mail");
    words = await steps.signUp(ben, bob.address, bob.passphrase);
    await ben.look("mail-empty-inbox");
  });

  await step("a sealed message with a 5 MiB attachment arrives without a reload", async () => {
    await steps.compose(anna, {
      to: bob.address,
      subject: letter.subject,
      text: letter.text,
      files: [{ name: letter.file, mimeType: "application/octet-stream", buffer: attachment }],
    });
    await anna.look("mail-composer");
    await steps.send(anna);
    await steps.entry(ben, letter.subject).waitFor({ timeout: 60_000 });
    await ben.look("mail-inbox");
  });

  await step("the recipient reads it; the attachment has the very bytes", async () => {
    const message = await steps.openMessage(ben, letter.subject);
    await message.getByText(letter.text.split("\n")[0]).waitFor();
    const shown = await message.innerText();
    for (const line of letter.text.split("\n")) assert.ok(shown.includes(line), `the text shows ${line}`);
    await ben.look("mail-message");
    const bytes = await steps.downloadAttachment(ben, message, letter.file);
    assert.ok(bytes.equals(attachment), "the downloaded attachment equals what was attached");
  });

  await step("the answer reaches the first writer", async () => {
    await ben.page.getByRole("button", { name: "Reply", exact: true }).first().click();
    await steps.write(ben, { text: answer.text });
    replySubject = await ben.page.getByLabel("Subject", { exact: true }).inputValue();
    assert.ok(replySubject.includes(letter.subject), "an answer keeps the subject");
    await steps.send(ben);
    await steps.entry(anna, new RegExp(`Re:.*${letter.subject.split(" ")[0]}`)).click({ timeout: 60_000 });
    const message = anna.page.getByRole("region", { name: "Message", exact: true });
    await message.getByText(answer.text).waitFor({ timeout: 60_000 });
  });

  await step("after signing out, a new browser reads it again", async () => {
    await steps.signOut(ben);
    await ben.look("mail-login");
    const again = await Person.arrive(browser, server);
    await steps.signIn(again, bob.address, bob.passphrase);
    await steps.inboxShows(again);
    const message = await steps.openMessage(again, letter.subject);
    await message.getByText(letter.text.split("\n")[0]).waitFor();

    await steps.changePassphrase(again, bob.passphrase, bob.next);
    await again.page.getByText(/passphrase (is|was|has been) changed/i).first().waitFor({ timeout: 60_000 });
    await again.look("settings-passphrase");
    await again.leave();
  });

  await step("the new passphrase opens, the old one does not", async () => {
    const third = await Person.arrive(browser, server);
    third.networkMayFail = true;
    await steps.signIn(third, bob.address, bob.passphrase);
    await third.page.locator('[aria-invalid="true"]').first().waitFor({ timeout: 60_000 });
    await steps.signIn(third, bob.address, bob.next);
    await steps.inboxShows(third);
    await third.leave();
  });

  await step("the recovery phrase opens in a third browser, and the mail is there", async () => {
    const third = await Person.arrive(browser, server);
    await steps.recover(third, bob.address, words, bob.recovered);
    await steps.inboxShows(third);
    const message = await steps.openMessage(third, letter.subject);
    await message.getByText(letter.text.split("\n")[0]).waitFor();
    await steps.signOut(third);
    await steps.signIn(third, bob.address, bob.recovered);
    await steps.inboxShows(third);
    await steps.openMessage(third, letter.subject);
    await third.leave();
  });

  await step("no page had an error, a violation, or a serious accessibility fault", async () => {
    await anna.leave();
    await ben.leave();
  });
});

test("nothing that was typed is anywhere outside the browsers", async (t) => {
  assert.ok(words, "the journey above was made");
  const canaries = {
    "Alice's passphrase": alice.passphrase.split(" ")[0],
    "Bob's first passphrase": bob.passphrase.split(" ")[0],
    "Bob's second passphrase": bob.next.split(" ")[0],
    "Bob's third passphrase": bob.recovered.split(" ")[0],
    "recovery phrase": words.slice(0, 6).join(" "),
    "end of the recovery phrase": words.slice(-6).join(" "),
    subject: letter.subject.split(" ")[0],
    "Unicode of the subject": "Боярышник 🌿",
    text: /Blackbird\w+/.exec(letter.text)[0],
    "Cyrillic text": letter.text.split("\n")[1].slice(8, 30),
    "file name": letter.file.slice(0, 20),
    attachment: fileCanary,
    answer: /Nightingale\w+/.exec(answer.text)[0],
  };
  const running = await channelsOf(server);

  await t.test("every channel holds something to look at", () => {
    for (const [channel, pieces] of Object.entries(running)) {
      const bytes = pieces.reduce((sum, piece) => sum + piece.data.length, 0);
      assert.ok(bytes > 0, `${channel} is not empty`);
    }
    const largest = Math.max(...running.requests.map((piece) => piece.data.length));
    assert.ok(largest > attachment.length, "the recorded requests hold the attachment, sealed");
  });

  await t.test("while the server runs", () => {
    assert.deepEqual(scan(running, canaries), []);
  });

  for (const channel of Object.keys(running)) {
    await t.test(`a leak planted in ${channel} is caught in every form`, () => {
      // Only the piece that is planted in: the others were looked at above.
      const piece = { name: "copy", data: running[channel].find((p) => p.data.length > 0).data.subarray(0, 4096) };
      for (const name of ["text", "Cyrillic text"]) {
        for (const [form, bytes] of formsOf(canaries[name])) {
          const planted = plant({ [channel]: [piece] }, channel, bytes);
          const finds = scan(planted, { [name]: canaries[name] });
          assert.ok(finds.length > 0, `${name} as ${form} in ${channel} is caught`);
        }
      }
    });
  }

  await t.test("after the server has stopped", async () => {
    await server.terminate();
    assert.deepEqual(scan(await channelsOf(server), canaries), []);
  });
});
