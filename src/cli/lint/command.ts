import type { Command } from "commander";
import type { Io } from "../io.ts";
import type { LintOptions } from "./lint.ts";

/** `kubectl serin lint`. */
export const addLint = (program: Command, io: Io, done: (code: number) => void): Command =>
  program
    .command("lint")
    .description("Find what is wrong with policies and metric templates before they are applied; no cluster is asked")
    .requiredOption("-f, --filename <file...>", "YAML files; - is standard input")
    .option("--scrape-interval <duration>", "how often Prometheus scrapes: a rate needs a range of two", "15s")
    .option("-o, --output <format>", "wide (with the rules), json, yaml, name (objects with findings) or jsonpath=TEMPLATE")
    .addHelpText("after", help)
    .action(async (options: LintOptions) => done(await (await import("./lint.ts")).lint(io, options)));

const help = `
Each finding has its file, line and column. Fields and their limits are checked as the API server checks them; beyond that conditions (CEL) and
queries (PromQL) are parsed: syntax, missing ranges, ranges too short to hold two scrapes, placeholders, arguments of templates.
Exit code 0: nothing is wrong (there may be warnings); 1: something would not work as written.`;
