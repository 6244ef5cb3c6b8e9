import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

// Every row of tables E, C, L, R and W of research/peers.md §4a has a test that carries its number.

const last = { E: 16, C: 7, L: 10, R: 8, W: 7 } as const;

test("each row has a named test", () => {
  const texts = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(import.meta.dirname, file), "utf8"));
  const named = new Set(texts.flatMap((text) => [...text.matchAll(/(?<!describe)\("([ECLRW]\d+): /g)].map(([, row]) => row)));
  const rows = Object.entries(last).flatMap(([table, count]) => Array.from({ length: count }, (_, i) => `${table}${i + 1}`));
  expect(rows.filter((row) => !named.has(row))).toEqual([]);
});
