// `cargo xtask interop`: every program writes to every other, and the other must read. Prints the matrix;
// as a test it needs each cell in which Hedgerow takes part to be right.
import { gnupg, openpgpjs, sequoia, sop } from "./peers.mjs";

const content = Buffer.from("Grüße über die Hecke\n- dash\n  spaces   \n\nПривет, 🌳\n");
/** The cleartext framework does not cover white space at the ends of lines, nor the kind and last of line ends. */
const asText = (bytes) => bytes.toString("utf8").replace(/[ \t\r]+$/gm, "").replace(/\n+$/, "");
const same = (a, b) => {
  if (!Buffer.from(a).equals(b)) throw new Error("another content came out");
};

const operations = {
  "encrypt+sign": async (writer, key, reader, own) =>
    same(await reader.decrypt(own, key.cert, await writer.encrypt(key, own.cert, content)), content),
  detached: async (writer, key, reader) =>
    reader.verify(key.cert, await writer.detached(key, content), content),
  cleartext: async (writer, key, reader) => {
    const out = await reader.verifyCleartext(key.cert, await writer.cleartext(key, content));
    if (asText(out) !== asText(content)) throw new Error("another content came out");
  },
  "tampered is refused": async (writer, key, reader) => {
    const signature = await writer.detached(key, content);
    let accepted = true;
    try {
      await reader.verify(key.cert, signature, Buffer.concat([content, Buffer.from("x")]));
    } catch {
      accepted = false;
    }
    if (accepted) throw new Error("a changed content was accepted");
  },
};

/** Every cell: `{ operation, writer, reader, error }`, Hedgerow on at least one side. */
export async function matrix(program) {
  const peers = [
    sop(program, "compatible"),
    sop(program, "modern"),
    gnupg("rsa3072"),
    gnupg("ed25519"),
    sequoia(),
    await openpgpjs(4),
    await openpgpjs(6),
  ].filter(Boolean);
  for (const peer of peers) peer.key = await peer.makeKey(`${peer.name} <peer@example.org>`);
  const cells = [];
  for (const writer of peers) {
    for (const reader of peers) {
      const ours = [writer, reader].filter((peer) => peer.name.startsWith("hedgerow"));
      if (ours.length === 0) continue;
      // GnuPG 2.2 and sq 0.27 know no version 6.
      const old = (peer) => peer.name.startsWith("gpg") || peer.name === "sq";
      if ((old(writer) && reader.format === 6) || (old(reader) && writer.format === 6)) continue;
      for (const [operation, perform] of Object.entries(operations)) {
        let error;
        try {
          await perform(writer, writer.key, reader, reader.key);
        } catch (fault) {
          error = fault;
        }
        cells.push({ operation, writer: writer.name, reader: reader.name, error });
      }
    }
  }
  return { cells, peers: peers.map((peer) => peer.name) };
}

if (process.argv[1] && import.meta.url.endsWith(process.argv[1].split("/").pop())) {
  const { cells, peers } = await matrix(process.env.HEDGEROW_SOP);
  for (const operation of Object.keys(operations)) {
    console.log(`\n${operation} (rows write, columns read)`);
    console.log("".padEnd(26) + peers.map((name) => name.slice(-18).padStart(20)).join(""));
    for (const writer of peers) {
      const row = peers.map((reader) => {
        const cell = cells.find((one) => one.operation === operation && one.writer === writer && one.reader === reader);
        return (cell ? (cell.error ? "WRONG" : "ok") : "-").padStart(20);
      });
      console.log(writer.padEnd(26) + row.join(""));
    }
  }
  const wrong = cells.filter((cell) => cell.error);
  for (const { operation, writer, reader, error } of wrong) {
    console.log(`\n${operation}: ${writer} → ${reader}: ${error.message}`);
  }
  console.log(`\n${cells.length - wrong.length} of ${cells.length} are right`);
  process.exitCode = wrong.length ? 1 : 0;
}
