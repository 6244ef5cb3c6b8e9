import type { Command } from "commander";
import { type Commands, verb } from "./commands.ts";
import { type EventsOptions, events } from "./events.ts";
import { type HistoryOptions, history } from "./history.ts";
import { type ListOptions, list } from "./list.ts";

const named = "deploy/NAME or NAME";

/** `kubectl serin list`, `history` and `events`. */
export function addListCommands(program: Command, { io, reaching, done }: Commands): void {
  reaching(
    program
      .command("list")
      .alias("ls")
      .description("List the Deployments that have a canary plan, each with its live or latest one")
      .option("-n, --namespace <name>", "namespace (default: that of the context)")
      .option("-A, --all-namespaces", "of all namespaces")
      .option("-l, --selector <labels>", "of Deployments with these labels: app=web,tier!=cache")
      .option("-w, --watch", "go on, and print again what has changed")
      .option("-o, --output <format>", "wide, json, yaml, name or jsonpath=TEMPLATE"),
  )
    .addHelpText("after", `\n-o json prints one CanaryViewList, with -w one CanaryView a line (NDJSON) for each change.${schema}`)
    .action(async (options: ListOptions) => done(await list(io, options)));
  reaching(
    verb(program, "history", "List the plans of a Deployment that are kept, the newest first", "deployment", named).option(
      "-o, --output <format>",
      "json, yaml, name or jsonpath=TEMPLATE",
    ),
  )
    .addHelpText("after", `\n-o json prints one CanaryHistory.${schema}\nExit code 0: there are some; 5: there is none; 1: an error.`)
    .action(async (words: string[], options: HistoryOptions) => done(await history(io, words, options)));
  reaching(
    verb(program, "events", "List what Serin said about a Deployment lately, the oldest first", "deployment", named).option(
      "-o, --output <format>",
      "json, yaml or jsonpath=TEMPLATE",
    ),
  )
    .addHelpText("after", `\n-o json prints one CanaryEvents.${schema}`)
    .action(async (words: string[], options: EventsOptions) => done(await events(io, words, options)));
}

const schema = "\nIts JSON Schema: src/cli/output/schema.json. Fields are only ever added.";
