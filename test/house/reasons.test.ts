import { expect, test } from "vitest";
import { checkout, sourceFiles, textOf, trackedFiles } from "./sources.ts";

/*
 * A reason is what people grep for. Each `src/core/<part>/reasons.ts` exports one table, reason → sentence; no reason is told elsewhere with a
 * word of its own, none is listed twice with two meanings, and the reference in README or docs, when there is one, names all of them.
 */
const catalogues = sourceFiles().filter((file) => /^src\/core\/\w+\/reasons\.ts$/.test(file));

async function reasonsIn(file: string): Promise<Array<[reason: string, meaning: string]>> {
  const module = (await import(`${checkout}/${file}`)) as Record<string, unknown>;
  return Object.values(module).flatMap((table) =>
    table !== null && typeof table === "object" ? (Object.entries(table) as Array<[string, string]>) : [],
  );
}

test.skipIf(catalogues.length === 0)("every reason is one CamelCase word with a sentence", async () => {
  for (const file of catalogues) {
    const reasons = await reasonsIn(file);
    expect(reasons.length, file).toBeGreaterThan(0);
    expect(
      reasons.filter(([reason]) => !/^[A-Z][A-Za-z0-9]*$/.test(reason)),
      file,
    ).toEqual([]);
    expect(
      reasons.filter(([, meaning]) => typeof meaning !== "string" || !/^\S.*\.$/.test(meaning)),
      file,
    ).toEqual([]);
  }
});

test.skipIf(catalogues.length === 0)("every reason of a catalogue is used", async () => {
  const code = sourceFiles()
    .filter((file) => !catalogues.includes(file))
    .map(textOf)
    .join("\n");
  const unused = (await Promise.all(catalogues.map(reasonsIn))).flat().map(([reason]) => reason);
  expect(unused.filter((reason) => !code.includes(`"${reason}"`) && !code.includes(`.${reason}`))).toEqual([]);
});

const reference = trackedFiles().filter((file) => /^docs\/.*reasons.*\.md$/i.test(file));

test.skipIf(reference.length === 0)("the reference names every reason", async () => {
  const text = reference.map(textOf).join("\n");
  const reasons = (await Promise.all(catalogues.map(reasonsIn))).flat().map(([reason]) => reason);
  expect(reasons.filter((reason) => !text.includes(`\`${reason}\``))).toEqual([]);
});
