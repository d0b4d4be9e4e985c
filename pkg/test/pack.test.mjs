// The tarball is made of the files' names and contents alone.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const pkg = fileURLToPath(new URL("../", import.meta.url));
const { version, files } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
const NAME = `hedgerow-crypto-${version}.tgz`;

function run(folder, umask, command) {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", `umask ${umask}; ${command}`], { cwd: folder });
  assert.equal(status, 0, `${command}: ${stderr}`);
  return stdout.toString();
}

test("npm pack gives the same bytes from any folder, at any time, under any umask", (t) => {
  const root = mkdtempSync(join(tmpdir(), "hedgerow-pack-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const published = readFileSync(join(pkg, "dist", NAME));
  for (const [name, umask, moment] of [["first", "022", 1e9], ["another/deep", "077", 1.7e9]]) {
    const folder = join(root, name);
    mkdirSync(folder, { recursive: true });
    run(folder, "022", `tar -xzf '${join(pkg, "dist", NAME)}' --strip-components=1`);
    for (const entry of readdirSync(folder, { recursive: true })) utimesSync(join(folder, entry), moment, moment);
    run(folder, umask, "npm pack --ignore-scripts --loglevel=error");
    assert.ok(readFileSync(join(folder, NAME)).equals(published), `packed anew in ${name}, umask ${umask}`);
  }
});

test("the tarball holds what package.json names, and no secret of the machine", () => {
  const entries = run(pkg, "022", `TZ=UTC tar -tvzf 'dist/${NAME}'`).trim().split("\n");
  // Owner, mode and time say nothing of where it was packed.
  for (const entry of entries) assert.match(entry, /^-rw-r--r-- 0\/0 +\d+ 1985-10-26 /);
  const names = entries.map((entry) => entry.split(" ").at(-1));
  for (const file of [...files, "package.json"]) {
    assert.ok(names.some((name) => name.startsWith(`package/${file}`)), `${file} is missing`);
  }
  assert.ok(names.every((name) => !/test|examples|\.inputs|node_modules/.test(name)), names.join(" "));
});
