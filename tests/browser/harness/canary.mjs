// The canary scan: what a person typed must be nowhere outside their browser.
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";

/** Every form in which a text could lie around: name and bytes to look for. */
export function formsOf(text) {
  const raw = Buffer.from(text, "utf8");
  const forms = [["raw", raw]];
  const add = (name, bytes) => forms.push([name, Buffer.from(bytes)]);
  for (let shift = 0; shift < 3; shift += 1) {
    // Base64 of the text when it begins at any of the three places of a group. The first and
    // last characters also depend on the neighbours, so they are left out.
    const shifted = Buffer.concat([Buffer.alloc(shift), raw]);
    const whole = shifted.subarray(0, shifted.length - (shifted.length % 3));
    const text64 = whole.toString("base64").slice(shift === 0 ? 0 : 4);
    add(`base64+${shift}`, text64);
    const url = text64.replaceAll("+", "-").replaceAll("/", "_");
    if (url !== text64) add(`base64url+${shift}`, url);
  }
  add("hex", raw.toString("hex"));
  add("HEX", raw.toString("hex").toUpperCase());
  const utf16 = Buffer.from(text, "utf16le");
  add("UTF-16LE", utf16);
  add("UTF-16BE", Buffer.from(utf16).swap16());
  const percent = encodeURIComponent(text);
  add("percent", percent);
  add("form", percent.replaceAll("%20", "+"));
  const every = [...raw].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("");
  add("percent, every byte", every);
  add("quoted-printable", percent.replaceAll("%", "=").replaceAll("=20", " "));
  const escaped = [...text]
    .flatMap((c) => (c.codePointAt(0) < 128 ? [c] : [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, "0")}`)))
    .join("");
  add("JSON", escaped);
  add("JSON, upper", escaped.replace(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`));
  add("bytes as numbers", [...raw].join(","));
  const seen = new Set();
  return forms.filter(([, bytes]) => bytes.length > 5 && !seen.has(bytes.toString("latin1")) && seen.add(bytes.toString("latin1")));
}

/** The data itself and whatever unpacks from it. */
function* layersOf(data, encoding = "") {
  yield ["", data];
  const unpackers = [
    ["gzip", gunzipSync, data[0] === 0x1f && data[1] === 0x8b],
    ["zlib", inflateSync, (data[0] & 0x0f) === 8],
    ["brotli", brotliDecompressSync, encoding === "br"],
    ["deflate", inflateRawSync, encoding === "deflate"],
  ];
  for (const [name, unpack, likely] of unpackers) {
    if (!likely) continue;
    try {
      yield [` in ${name}`, unpack(data, { maxOutputLength: 256 * 1024 * 1024 })];
    } catch {
      // It only looked packed.
    }
  }
}

/** Every file below a folder, as pieces of a channel. */
export async function filesBelow(folder) {
  const pieces = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const data = await readFile(path).catch((error) => {
      if (error.code === "ENOENT") return null; // gone since it was listed
      throw error;
    });
    if (data) pieces.push({ name: path, data });
  }
  return pieces;
}

/** Where things could leak to, by name: each channel is a list of `{ name, data, encoding }`. */
export async function channelsOf(server, extra = {}) {
  const files = await filesBelow(server.dataFolder);
  const is = (piece, pattern) => pattern.test(basename(piece.name));
  const log = { name: server.logFile, data: await readFile(server.logFile) };
  const output = { name: server.outputFile, data: await readFile(server.outputFile) };
  const bodies = server.recorder.exchanges;
  const headers = (list) => Buffer.from(list.join("\n"), "latin1");
  return {
    database: files.filter((p) => is(p, /\.(sqlite3?|db)$/)),
    "write-ahead log": files.filter((p) => is(p, /-(wal|shm|journal)$/)),
    blobs: files.filter((p) => !is(p, /\.(sqlite3?|db)(-wal|-shm|-journal)?$/)),
    log: [log, output],
    requests: bodies.flatMap((e) => [
      { name: `body of ${e.method} ${e.url}`, data: e.requestBody },
      { name: `head of ${e.method} ${e.url}`, data: Buffer.concat([Buffer.from(`${e.url}\n`), headers(e.requestHeaders)]) },
    ]),
    responses: bodies.flatMap((e) => [
      { name: `answer to ${e.method} ${e.url}`, data: e.responseBody, encoding: e.encoding },
      { name: `answer's head to ${e.method} ${e.url}`, data: headers(e.responseHeaders) },
    ]),
    ...extra,
  };
}

/** All finds, as sentences; empty is good. `canaries`: `{ name: text }`. */
export function scan(channels, canaries) {
  const looked = Object.entries(canaries).map(([name, text]) => [name, formsOf(text)]);
  const finds = [];
  for (const [channel, pieces] of Object.entries(channels)) {
    for (const piece of pieces) {
      for (const [layer, data] of layersOf(piece.data, piece.encoding)) {
        for (const [name, forms] of looked) {
          for (const [form, bytes] of forms) {
            if (data.includes(bytes)) finds.push(`${channel}: ${name} as ${form}${layer} in ${piece.name}`);
          }
        }
      }
    }
  }
  return finds;
}

/** Copies of the channels with one form of a text planted in the last piece of one of them. */
export function plant(channels, channel, bytes) {
  const pieces = channels[channel];
  const last = pieces.at(-1);
  const data = Buffer.concat([last.data, Buffer.from([0]), bytes, Buffer.from([0])]);
  return { ...channels, [channel]: [...pieces.slice(0, -1), { ...last, data, encoding: "" }] };
}
