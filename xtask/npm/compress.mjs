// node compress.mjs QUALITY [FROM TO]...: writes TO as the brotli form of FROM.
// Node's zlib, because it is on every machine that builds and fast even at quality 11.
import { readFile, rename, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";

const compress = promisify(brotliCompress);
const [quality, ...paths] = process.argv.slice(2);

async function one(from, to) {
  const bytes = await readFile(from);
  const packed = await compress(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: Number(quality),
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  // Renamed into place: a build that was stopped leaves no half file in the cache.
  await writeFile(`${to}.part`, packed);
  await rename(`${to}.part`, to);
}

const work = [];
for (let i = 0; i + 1 < paths.length; i += 2) {
  work.push(one(paths[i], paths[i + 1]));
}
await Promise.all(work);
