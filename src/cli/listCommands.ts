import type { Command } from "commander";
import { type Commands, verb } from "./commands.ts";
import type { EventsOptions } from "./events.ts";
import type { HistoryOptions } from "./history.ts";
import type { ListOptions } from "./list.ts";
import type { PlanOptions } from "./preview/plan.ts";

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
    .action(async (options: ListOptions) => done(await (await import("./list.ts")).list(io, options)));
  reaching(
    verb(program, "history", "List the plans of a Deployment that are kept, the newest first", "deployment", named).option(
      "-o, --output <format>",
      "json, yaml, name or jsonpath=TEMPLATE",
    ),
  )
    .addHelpText("after", `\n-o json prints one CanaryHistory.${schema}\nExit code 0: there are some; 5: there is none; 1: an error.`)
    .action(async (words: string[], options: HistoryOptions) => done(await (await import("./history.ts")).history(io, words, options)));
  reaching(
    verb(program, "events", "List what Serin said about a Deployment lately, the oldest first", "deployment", named).option(
      "-o, --output <format>",
      "json, yaml or jsonpath=TEMPLATE",
    ),
  )
    .addHelpText("after", `\n-o json prints one CanaryEvents.${schema}`)
    .action(async (words: string[], options: EventsOptions) => done(await (await import("./events.ts")).events(io, words, options)));
}

/** `kubectl serin plan -f policy.yaml`. */
export function addPreview(program: Command, { io, reaching, done }: Commands): void {
  reaching(
    program
      .command("plan")
      .description("Say which Deployments a policy would catch now, with which steps, and what is in the way; nothing is applied")
      .requiredOption("-f, --filename <file...>", "YAML files with CanaryPolicies; - is standard input")
      .option("-n, --namespace <name>", "namespace (default: that of the context)")
      .option("-A, --all-namespaces", "Deployments of all namespaces")
      .option("-l, --selector <labels>", "Deployments with these labels")
      .option("-o, --output <format>", "wide (with the steps), json, yaml or jsonpath=TEMPLATE"),
  )
    .addHelpText("after", planHelp)
    .action(async (options: PlanOptions) => done(await (await import("./preview/plan.ts")).plan(io, options)));
}

const planHelp = `
The policies of the files count beside those of the cluster, in place of the ones with the same name; so priorities are heeded. Admission's own functions
are asked about another image of each container. Exit code 0: nothing is in the way; 2: something is; 1: an error.
-o json prints one PolicyPreview. Its JSON Schema: src/cli/output/schema.json. Fields are only ever added.
You need to read deployments, services, canaryplans and canarypolicies (ClusterRole serin-policy-view).`;

const schema = "\nIts JSON Schema: src/cli/output/schema.json. Fields are only ever added.";
