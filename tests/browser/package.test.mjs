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
const POLICY = /^Content-Security-Policy: ([^`]+)```/m.exec(readFileSync(join(pkg, "README.md"), "utf8"))[1]
  .replaceAll(/\s+/g, " ").trim();
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

function file(name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

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
  run("node", [join(sample, "node_modules/vite/bin/vite.js"), "build", "--logLevel=warn"], { cwd: page });
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
