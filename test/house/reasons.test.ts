import { expect, test } from "vitest";
import { commands } from "../../src/cli/main.ts";
import { checkout, sourceFiles, textOf } from "./sources.ts";

/*
 * A reason is what people grep for. Each `src/core/<part>/reasons.ts` exports one table, reason → sentence; no reason is told elsewhere with a
 * word of its own, none is listed twice with two meanings, and `manifests/reasons.md` has all of them, with what to do.
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

test("manifests/reasons.md has each reason with its sentence, and no other", async () => {
  const rows = [...textOf("manifests/reasons.md").matchAll(/^\| `(\w+)` \| (.*?) \| .*\|$/gm)].map(
    ([, reason, meaning]) => `${reason}: ${meaning}`,
  );
  const known = (await Promise.all(catalogues.map(reasonsIn))).flat().map(([reason, meaning]) => `${reason}: ${meaning}`);
  expect(rows.sort()).toEqual(known.sort());
});

test("every command of kubectl serin in manifests/reasons.md is one", () => {
  const io = { out: () => undefined, err: () => undefined } as never;
  const verbs = new Set(commands(io, () => undefined).commands.map((command) => command.name()));
  const typed = [...textOf("manifests/reasons.md").matchAll(/kubectl serin ([a-z]+)/g)].map(([, verb = ""]) => verb);
  expect(typed.filter((verb) => !verbs.has(verb))).toEqual([]);
});
