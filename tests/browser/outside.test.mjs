// A mail to somebody at another server: said plainly, agreed to, and delivered by SMTP.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { launchBrowser, Person } from "./harness/browser.mjs";
import { freePort, Server } from "./harness/server.mjs";
import * as steps from "./harness/steps.mjs";

const SLOW = { timeout: 60_000 };
const peers = [];
let browser;
let server;
let folder;

/** Debian's program, until it listens. */
async function peer(program, port, words) {
  peers.push(spawn(program, words, { stdio: "ignore" }));
  for (let tries = 0; ; tries += 1) {
    const listens = await new Promise((done) => {
      const socket = connect(port, "127.0.0.1", () => done(true)).on("error", () => done(false));
      socket.on("connect", () => socket.destroy());
    });
    if (listens) return;
    assert.ok(tries < 200, `${program} does not start: \`cargo xtask tools\` installs it`);
    await sleep(50);
  }
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "hedgerow-outside-"));
  const [dns, smtp] = [await freePort(), await freePort()];
  // The mail server of sender.example, as the DNS says: Postfix's sink, which keeps what comes.
  await peer("/usr/sbin/dnsmasq", dns, [
    "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--local=/#/", "--pid-file=", "--user=root",
    "--listen-address=127.0.0.1", "--bind-interfaces", `--port=${dns}`,
    "--mx-host=sender.example,mx.sender.example,10", "--host-record=mx.sender.example,127.0.0.1",
  ]);
  // As root it insists on becoming somebody else.
  const user = process.getuid() === 0 ? ["-u", "nobody"] : [];
  await chmod(folder, 0o777);
  await peer("/usr/sbin/smtp-sink", smtp, [...user, "-D", join(folder, "mail"), `127.0.0.1:${smtp}`, "10"]);
  browser = await launchBrowser();
  server = await Server.start({
    "mail.dns": `127.0.0.1:${dns}`,
    "mail.outgoing": "true",
    "mail.outgoing_port": String(smtp),
    "mail.outgoing_private": "true",
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
  peers.forEach((one) => one.kill());
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The mail that came to the other server. */
async function delivered() {
  for (let tries = 0; tries < 300; tries += 1) {
    const text = await readFile(join(folder, "mail"), "utf8").catch(() => "");
    if (text.includes("Shall we mend it?")) return text;
    await sleep(100);
  }
  throw new Error("nothing came to the other server");
}

test("a mail for outside leaves only when the person says so, and tells no more than it must", async () => {
  const person = await Person.arrive(browser, server);
  await steps.signUp(person, "olga@hedgerow.test", "Nine swallows over the barn");
  const { page } = person;
  person.networkMayFail = true; // the directory's "no such address" is an HTTP status, which Chromium reports
  await steps.compose(person, { to: "zoe@sender.example", subject: "The fence", text: "It leans. Shall we mend it?" });
  await page.getByText("zoe@sender.example will get this as plain mail", { exact: false }).waitFor(SLOW);
  for (const [device, viewport] of [["desk", { width: 1280, height: 800 }], ["phone", { width: 375, height: 667 }]]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await person.look(`outside-composer-${device}-${colorScheme}`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });

  assert.equal(await page.getByRole("button", { name: "Send sealed" }).count(), 0, "nothing is sealed to her");
  assert.equal(await page.getByText("Only the recipients can read it").count(), 0);
  await steps.send(person);
  await page.getByText("Confirm that this may leave as plain mail", { exact: false }).waitFor(SLOW);
  assert.equal(server.recorder.under("/api/v1/mail/submissions").length, 0, "nothing left");
  await page.getByLabel("Yes, send it as plain mail").check();
  await steps.send(person);
  await page.getByText("outside as plain mail", { exact: false }).first().waitFor(SLOW);
  await page.getByRole("textbox", { name: "Message", exact: true }).waitFor({ state: "hidden", ...SLOW });

  const mail = await delivered();
  assert.match(mail, /^From: .*olga@hedgerow\.test/m);
  assert.match(mail, /^Subject: The fence/m);
  assert.match(mail, /It leans\. Shall we mend it\?/);
  assert.match(mail, /^DKIM-Signature: /m);
  assert.doesNotMatch(mail, /^(Bcc|User-Agent|X-Mailer|X-Originating-IP):/im);
  assert.equal(mail.match(/^Received:/gm).length, 1, "that of the other server alone");

  await steps.openFolder(person, /^Sent/);
  const message = await steps.openMessage(person, /The fence/);
  await message.getByText("It leans.", { exact: false }).waitFor(SLOW);
  await message.getByText("plain mail", { exact: false }).first().waitFor();
  await person.look("outside-sent");
  await person.leave();
});
