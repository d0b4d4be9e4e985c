// index.d.ts is written by hand: what it names is there, and what is there is named.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as hedgerow from "@hedgerow/crypto";

const types = readFileSync(new URL("../index.d.ts", import.meta.url), "utf8").replaceAll(/\/\*\*[^]*?\*\//g, "");
const unique = (names) => [...new Set(names)].sort();

test("every export is typed, and every typed function and class is exported", () => {
  const typed = unique(Array.from(types.matchAll(/^export (?:function|class) (\w+)/gm), ([, name]) => name));
  // One for browsers only.
  assert.deepEqual(unique([...Object.keys(hedgerow), "VaultWorker"]), typed);
});

for (const name of ["Certificate", "LockedKey", "SecretKey"]) {
  test(`every member of ${name} is typed, and is there`, () => {
    const body = types.match(new RegExp(`^export class ${name} {\\n([^]*?)\\n}`, "m"))[1];
    const typed = unique(Array.from(body.matchAll(/^  (?:readonly )?(\w+)\??[(:]/gm), ([, member]) => member));
    const there = unique(Object.getOwnPropertyNames(hedgerow[name].prototype)).filter((member) => member !== "constructor");
    assert.deepEqual(there, typed);
  });
}
