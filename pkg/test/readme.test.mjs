// The five minutes of the README that need no page, word for word: its scripts, its shell commands, a real gpg.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const pkg = fileURLToPath(new URL("../", import.meta.url));
const readme = readFileSync(join(pkg, "README.md"), "utf8");
const block = (lead, language) => readme.split(`${lead}\n\n\`\`\`${language}\n`)[1]?.split("```")[0];

test("the README's scripts and commands write to GnuPG and read its answer", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hedgerow-readme-"));
  const env = { ...process.env, GNUPGHOME: join(folder, "gnupg") };
  t.after(() => {
    spawnSync("gpgconf", ["--kill", "all"], { env });
    rmSync(folder, { recursive: true, force: true });
  });
  mkdirSync(env.GNUPGHOME, { mode: 0o700 });
  mkdirSync(join(folder, "node_modules/@hedgerow"), { recursive: true });
  symlinkSync(pkg, join(folder, "node_modules/@hedgerow/crypto"));
  for (const script of ["write.mjs", "read.mjs"]) writeFileSync(join(folder, script), block(`\`${script}\`:`, "js"));
  const run = (commands) => {
    const { status, stdout, stderr } = spawnSync("sh", ["-ec", commands], { cwd: folder, env });
    assert.equal(status, 0, stderr.toString());
    return stdout.toString();
  };
  run("gpg --batch --passphrase '' --quick-gen-key greta@example.org future-default");
  run("gpg --armor --export greta@example.org > greta.asc");
  const said = run(block("Both sides:", "sh"));
  assert.match(said, /^Meet me at the hedge\.good I shall be there\.\n/);
});
