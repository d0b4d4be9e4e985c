// The npm package as a stranger gets it: the packed tarball, the samples of `pkg/examples/`, the policy of the
// README word for word, and GnuPG at the other end.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { gnupg } from "../interop/peers.mjs";
import { Person, inOrder, launchBrowser } from "./harness/browser.mjs";
import { serve } from "./harness/static.mjs";

const pkg = fileURLToPath(new URL("../../pkg/", import.meta.url));
const { version } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
const readme = readFileSync(join(pkg, "README.md"), "utf8");
/** The code of the README that a line introduces. */
const block = (lead, language) => readme.split(`${lead}\n\n\`\`\`${language}\n`)[1].split("```")[0];
const POLICY = /^Content-Security-Policy: ([^`]+)```/m.exec(readme)[1].replaceAll(/\s+/g, " ").trim();
/** The same for pages that start workers. */
const WORKER_POLICY = POLICY.replace("trusted-types 'none'", "trusted-types workers default; worker-src 'self'");
const PASSPHRASE = "ocean velvet hammer noble";
const LETTER = "Meet me at the hedge.\nBring – nothing.";
const ANSWER = "I shall be there at five.\n";

const folder = mkdtempSync(join(tmpdir(), "hedgerow-package-"));
let browser;
let gpg;
let greta;
before(async () => {
  gpg = gnupg("ed25519");
  greta = gpg.makeKey("Greta <greta@example.org>");
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(program, args, options) {
  const { status, stderr, stdout } = spawnSync(program, args, options);
  assert.equal(status, 0, `${program} ${args.join(" ")}: ${stdout}${stderr}`);
}

/** What `npm install` or an unpacking hand makes of the tarball. */
function unpackInto(target) {
  mkdirSync(target, { recursive: true });
  run("tar", ["-xzf", join(pkg, `dist/hedgerow-crypto-${version}.tgz`), "-C", target, "--strip-components=1"]);
}

/** `vite build`, by the Vite of the sample. */
function viteBuild(page) {
  const vite = join(pkg, "examples/vite/node_modules/vite/bin/vite.js");
  run("node", [vite, "build", "--logLevel=warn"], { cwd: page });
}

function file(name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("the README's page makes a key, locks it, writes to GnuPG and reads its answer", { timeout: 120_000 }, async (t) => {
  const page = join(folder, "readme");
  unpackInto(join(page, "hedgerow-crypto"));
  writeFileSync(join(page, "index.html"), block("`index.html`:", "html"));
  writeFileSync(join(page, "app.js"), block("`app.js`:", "js"));
  const server = await serve(page, POLICY);
  t.after(() => server.stop());
  const alice = await Person.arrive(browser, server);
  const { page: tab } = alice;
  const out = tab.getByLabel("Out");
  const given = async (beginning) => {
    await tab.waitForFunction((text) => document.getElementById("out").value.startsWith(text), beginning);
    return out.inputValue();
  };
  await tab.goto("/");
  await tab.getByLabel("Passphrase").fill(PASSPHRASE);
  await tab.getByRole("button", { name: "Make a key" }).click();
  const certificate = file("readme-alice.asc", await given("-----BEGIN PGP PUBLIC KEY"));
  assert.doesNotMatch(await tab.evaluate(() => localStorage.getItem("key")), /PUBLIC/);
  await tab.getByLabel("Their certificate").fill(readFileSync(greta.cert, "utf8"));
  await tab.getByLabel("In", { exact: true }).fill(LETTER);
  await tab.getByRole("button", { name: "Encrypt" }).click();
  const letter = file("readme-letter.asc", await given("-----BEGIN PGP MESSAGE"));
  assert.equal(gpg.decrypt(greta, certificate, letter).toString(), LETTER);
  await tab.getByLabel("In", { exact: true }).fill(readFileSync(gpg.encrypt(greta, certificate, ANSWER), "utf8"));
  await tab.getByRole("button", { name: "Decrypt" }).click();
  assert.equal(await given("good"), `good: ${ANSWER}`);
  await tab.getByLabel("Passphrase").fill("another passphrase");
  await tab.getByRole("button", { name: "Decrypt" }).click();
  await given("wrong passphrase");
  await alice.leave();
});

test("a plain page makes a key, locks it, and exchanges letters with GnuPG", { timeout: 120_000 }, async (t) => {
  const page = join(folder, "plain");
  cpSync(join(pkg, "examples/plain"), page, { recursive: true });
  unpackInto(join(page, "hedgerow-crypto"));
  const server = await serve(page, POLICY);
  t.after(() => server.stop());
  const alice = await Person.arrive(browser, server);
  const { page: tab } = alice;
  const area = (title) => tab.getByRole("region", { name: title });
  const step = inOrder(t);
  let certificate;
  let message;

  await step("makes a key and stores it locked", async () => {
    await tab.goto("/");
    await area("Your key").getByLabel("Name and address").fill("Alice <alice@example.org>");
    await area("Your key").getByRole("textbox", { name: "Passphrase" }).fill(PASSPHRASE);
    await area("Your key").getByRole("button", { name: "Make a key" }).click();
    await tab.getByText("Unlocked:").waitFor();
    certificate = file("alice.asc", await tab.getByLabel("Your certificate").inputValue());
    await alice.look("package-plain");
  });

  await step("locks it, and unlocks it with the right passphrase only", async () => {
    await tab.reload();
    const unlock = area("Your key").getByRole("button", { name: "Unlock" });
    await area("Your key").getByRole("textbox", { name: "Passphrase" }).fill("another passphrase");
    await unlock.click();
    await tab.getByRole("alert").getByText("wrong passphrase").waitFor();
    assert.equal(await tab.getByText("Unlocked:").isVisible(), false);
    await area("Your key").getByRole("textbox", { name: "Passphrase" }).fill(PASSPHRASE);
    await unlock.click();
    await tab.getByText("Unlocked:").waitFor();
  });

  await step("encrypts to a key that gpg made; gpg decrypts and verifies", async () => {
    await area("Their certificate").getByRole("textbox").fill(readFileSync(greta.cert, "utf8"));
    await area("Their certificate").getByRole("button").click();
    await tab.getByText("Greta <greta@example.org>").waitFor();
    await area("Write").getByLabel("Your letter").fill(LETTER);
    await area("Write").getByRole("button").click();
    message = area("Write").getByLabel("To send");
    await message.waitFor();
    const sealed = file("letter.asc", await message.inputValue());
    assert.equal(gpg.decrypt(greta, certificate, sealed).toString(), LETTER);
  });

  await step("reads gpg's answer and shows who signed it", async () => {
    const answer = readFileSync(gpg.encrypt(greta, certificate, ANSWER), "utf8");
    await area("Read").getByLabel("What you received").fill(answer);
    await area("Read").getByRole("button").click();
    await tab.getByText("Signed by Greta <greta@example.org>.").waitFor();
    assert.equal(await area("Read").locator("pre").textContent(), ANSWER);
    await alice.look("package-plain-answer");
  });

  await step("shows nothing of an answer that was changed", async () => {
    const lines = readFileSync(gpg.encrypt(greta, certificate, ANSWER), "utf8").split("\n");
    const last = lines.findLastIndex((line) => line.length === 64);
    lines[last] = [...lines[last]].reverse().join("");
    await area("Read").getByLabel("What you received").fill(lines.filter((line) => !line.startsWith("=")).join("\n"));
    await area("Read").getByRole("button").click();
    await tab.getByRole("alert").getByText("Do not use what came").waitFor();
    assert.equal(await area("Read").locator("pre").isVisible(), false);
    assert.equal(await tab.getByText("Signed by").isVisible(), false);
  });

  await alice.leave();
});

test("a page that Vite built from the package exchanges files with GnuPG", { timeout: 180_000 }, async (t) => {
  const page = join(folder, "vite");
  const sample = join(pkg, "examples/vite");
  cpSync(sample, page, { recursive: true, filter: (path) => !path.includes("node_modules") });
  unpackInto(join(page, "node_modules/@hedgerow/crypto"));
  viteBuild(page);
  const server = await serve(join(page, "dist"), POLICY);
  t.after(() => server.stop());
  const alice = await Person.arrive(browser, server);
  const { page: tab } = alice;
  const step = inOrder(t);
  let certificate;

  /** What a link saves. */
  async function saved(name) {
    const [download] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("link", { name }).click()]);
    const path = join(folder, `saved-${download.suggestedFilename()}`);
    await download.saveAs(path);
    return path;
  }

  await step("makes a key, and opens it again after a reload", async () => {
    await tab.goto("/");
    await tab.getByLabel("Name and address").fill("Alice <alice@example.org>");
    for (const visit of ["first", "second"]) {
      await tab.getByRole("textbox", { name: "Passphrase" }).fill(PASSPHRASE);
      await tab.getByRole("button", { name: "Open the key" }).click();
      await tab.getByText("Alice <alice@example.org>, ").waitFor();
      if (visit === "first") await tab.reload();
    }
    certificate = await saved("Your certificate");
    await alice.look("package-vite");
  });

  await step("encrypts a file to a key that gpg made; gpg decrypts and verifies", async () => {
    const content = Buffer.alloc(3 << 20, "hedgerow ");
    await tab.getByLabel("Certificates of who may read it").setInputFiles(greta.cert);
    await tab.getByLabel("The file").setInputFiles(file("plan.txt", content));
    await tab.getByRole("button", { name: "Encrypt and sign" }).click();
    await tab.getByText("For Greta <greta@example.org> and you").waitFor();
    assert.deepEqual(gpg.decrypt(greta, certificate, await saved("Save the parcel")), content);
  });

  await step("opens gpg's parcel and shows who signed it", async () => {
    const content = Buffer.alloc(2 << 20, "greta's answer ");
    await tab.getByLabel("Certificates of who may have sent it").setInputFiles(greta.cert);
    await tab.getByLabel("The parcel").setInputFiles(gpg.encrypt(greta, certificate, content));
    await tab.getByRole("button", { name: "Open", exact: true }).click();
    await tab.getByText("Signed by Greta <greta@example.org>.").waitFor();
    assert.deepEqual(readFileSync(await saved("Save the file")), content);
  });

  await alice.leave();
});

test("keys live in a worker of the page, by a policy of Trusted Types for workers alone", { timeout: 60_000 }, async (t) => {
  const page = join(folder, "worker");
  unpackInto(join(page, "hedgerow-crypto"));
  const start = readme.match(/^const policy = .*\nconst start = .*$/m)[0];
  writeFileSync(join(page, "index.html"), `<!doctype html><html lang="en"><title>Worker</title><script type="module" src="app.js"></script>`);
  writeFileSync(join(page, "keys.js"), `
    import { decrypt, encrypt, makeKey } from "./hedgerow-crypto/src/browser.js";
    const key = await makeKey({ userIds: "alice@example.org" });
    const { message } = await encrypt("from the worker", { to: key.certificate });
    postMessage((await decrypt(message, { keys: key, as: "text" })).content);
  `);
  writeFileSync(join(page, "app.js"), `
    import { VaultWorker } from "./hedgerow-crypto/src/browser.js";
    ${start}
    const heard = new Promise((done) => start("./keys.js").addEventListener("message", ({ data }) => done(data)));
    const vault = new VaultWorker(start("./hedgerow-crypto/src/worker.js"));
    const reply = await vault.call({ rate_passphrase: { passphrase: ${JSON.stringify(PASSPHRASE)} } });
    document.title = [await heard, Object.keys(reply)].join();
  `);
  const server = await serve(page, WORKER_POLICY);
  t.after(() => server.stop());
  const alice = await Person.arrive(browser, server);
  await alice.page.goto("/");
  await alice.page.waitForFunction(() => document.title === "from the worker,strength");
  await alice.leave();
});

test("Vite finds the package's worker and its module", { timeout: 120_000 }, async (t) => {
  const page = join(folder, "vite-worker");
  unpackInto(join(page, "node_modules/@hedgerow/crypto"));
  writeFileSync(join(page, "index.html"), `<!doctype html><html lang="en"><title>Worker</title><script type="module" src="/app.js"></script>`);
  writeFileSync(join(page, "app.js"), `
    import { VaultWorker } from "@hedgerow/crypto";
    globalThis.trustedTypes?.createPolicy("default", { createScriptURL: (url) => url });
    const reply = await new VaultWorker().call({ rate_passphrase: { passphrase: ${JSON.stringify(PASSPHRASE)} } });
    document.title = Object.keys(reply).join();
  `);
  viteBuild(page);
  const server = await serve(join(page, "dist"), WORKER_POLICY);
  t.after(() => server.stop());
  const alice = await Person.arrive(browser, server);
  await alice.page.goto("/");
  await alice.page.waitForFunction(() => document.title === "strength");
  await alice.leave();
});
