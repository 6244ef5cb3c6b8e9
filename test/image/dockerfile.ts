import { textOf } from "../house/sources.ts";

export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** The Dockerfile's instructions by stage; lines that go on are one, runs of blanks too. */
export function stagesOf(text = textOf("Dockerfile")): Instruction[][] {
  const lines = text
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n/g, " ")
    .split("\n");
  const instructions = lines.flatMap((line): Instruction[] => {
    const [, word, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return word === undefined || rest === undefined ? [] : [{ word, rest: rest.replace(/\s+/g, " ").trim() }];
  });
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.word === "FROM") stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}

export const saying = (stage: readonly Instruction[], word: string): string[] =>
  stage.filter((instruction) => instruction.word === word).map(({ rest }) => rest);

/** `A="1" B="two words"` */
export const pairsIn = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/(\S+?)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]));
