// Messages and signatures cross between Hedgerow and its peers, both ways.
import { test } from "node:test";

import { matrix } from "./matrix.mjs";

const { cells } = await matrix(process.env.HEDGEROW_SOP);
for (const { operation, writer, reader, error } of cells) {
  test(`${operation}: ${writer} to ${reader}`, () => {
    if (error) throw error;
  });
}
