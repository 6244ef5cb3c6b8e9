import type { Io } from "../io.ts";
import { planNamed } from "../target.ts";
import { UserError } from "../userError.ts";
import { readable } from "./list.ts";
import { type AuditOptions, readSource } from "./source.ts";
import { storyOf } from "./storyOf.ts";

/** `kubectl serin audit show PLAN`. Exit code 0 when there is one. */
export async function show(io: Io, words: readonly string[], options: AuditOptions): Promise<number> {
  const name = words.length === 1 && !words[0]?.includes("/") ? words[0] : planNamed(words);
  if (name === undefined)
    throw new UserError({
      what: `can't show ${words.join(" ")}`,
      why: "that is not one plan",
      todo: "write it like: kubectl serin audit show web-x7k2m",
    });
  const plans = readable((await readSource(io, options, false)).plans).filter(({ metadata }) => metadata.name === name);
  if (plans.length === 0)
    throw new UserError({
      what: `can't show plan ${name}`,
      why: "there is no such plan",
      todo: "name the namespace with -n, or look with: kubectl serin audit -A",
    });
  io.out(`${plans.map((plan) => storyOf(plan).join("\n")).join("\n\n")}\n`);
  return 0;
}
