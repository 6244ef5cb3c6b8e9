import { type Command, CommanderError } from "commander";
import { type Commands, verb } from "../commands.ts";
import { codes } from "./codes.ts";
import type { DiffOptions } from "./diff.ts";

/** `kubectl serin diff`. */
export function addDiff(program: Command, { io, reaching, done }: Commands): void {
  reaching(
    verb(program, "diff", "Show what a canary changes: the pod template that serves against the one that was asked for", "target", named)
      .option("--no-color", "no colours (also: NO_COLOR=1, TERM=dumb)")
      .option("-o, --output <format>", "json, yaml or jsonpath=TEMPLATE"),
  )
    .addHelpText("after", help)
    // 1 would say that there is a difference.
    .exitOverride(({ exitCode, code, message }) => {
      throw new CommanderError(exitCode === 0 ? 0 : codes.trouble, code, message);
    })
    .action(async (words: string[], options: DiffOptions) => done(await (await import("./diff.ts")).diff(io, words, options)));
}

const named = "deploy/NAME, or plan NAME";

const help = `
Of a Deployment: its plan under way, or the change that holds it. Of a plan: also after its end, as long as both ReplicaSets are kept.
Exit code, as diff has it: 0: nothing differs, or no change is under way; 1: the templates differ; 2: an error.
-o json prints one TemplateDiff. Its JSON Schema: src/cli/output/schema.json. Fields are only ever added.`;
