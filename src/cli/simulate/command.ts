import type { Command } from "commander";
import type { Io } from "../io.ts";
import type { SimulateOptions } from "./simulate.ts";

/** `kubectl serin simulate`. */
export const addSimulate = (program: Command, io: Io, done: (code: number) => void): Command =>
  program
    .command("simulate")
    .description("Say what a policy would have made of a past release, by what Prometheus holds of it; nothing is changed")
    .requiredOption("--policy <name>", "the CanaryPolicy: of the files where they have it, else of the cluster")
    .requiredOption("--deployment <name>", "deploy/NAME or NAME")
    .requiredOption("--from <time>", "when the canary begins: 2026-01-01T12:00:00Z, or how long ago, such as 2h")
    .option("--to <time>", "when to stop looking (default: now)")
    .option("-f, --filename <file...>", "YAML files with the policy and its templates, before they are applied")
    .option("--prometheus <url>", "the server to ask, whatever the policy names; it is asked without credentials")
    .option("--canary <hash>", "pod-template-hash of the canary (default: of the last plan of then, else the newest ReplicaSet of then)")
    .option("--stable <hash>", "pod-template-hash of stable")
    .option("-o, --output <format>", "json, yaml or jsonpath=TEMPLATE")
    .option("-n, --namespace <name>", "namespace of the Deployment (default: that of the context)")
    .addHelpText("after", help)
    .action(async (options: SimulateOptions) => done(await (await import("./simulate.ts")).simulate(io, options)));

const help = `
The steps go by the policy alone: pods are ready at once and gates are taken as approved. What is judged is what was measured then, so the canary
had whatever traffic it had. Name both revisions with --canary and --stable when no plan of that time is left.
Exit code 0: promoted, or still under way at --to; 2: rolled back, or paused for a person; 1: an error.`;
