import type { Command } from "commander";
import { type Commands, verb } from "./commands.ts";
import type { ConnectOptions } from "./connected.ts";
import type { ExplainOptions } from "./explain/explain.ts";
import type { GetOptions } from "./get/get.ts";
import type { StatusOptions } from "./status.ts";

const named = "deploy/NAME or NAME";

const formats = "json, yaml, name or jsonpath=TEMPLATE";

/** `kubectl serin get`, `status`, `wait`, `explain` and `retry`: what is about the plan of one Deployment. */
export function addPlanCommands(program: Command, { io, reaching, done }: Commands): void {
  reaching(
    verb(program, "get", "Show a Deployment's canary: plan, steps, metrics, pods and routes", "deployment", named)
      .option("-w, --watch", "keep showing until the plan ends; exit code 0 promoted, 2 not promoted, 5 no plan")
      .option("--no-color", "no colours (also: NO_COLOR=1, TERM=dumb)")
      .option("--ascii", "only ASCII characters (also: LANG=C)")
      .option("-o, --output <format>", formats),
  )
    .addHelpText("after", getHelp)
    .action(async (words: string[], options: GetOptions) => done(await (await import("./get/get.ts")).get(io, words, options)));
  reaching(
    verb(
      program,
      "status",
      "Follow the canary of a Deployment until it ends or a person must decide; the exit code says which",
      "deployment",
      named,
    )
      .option("-w, --watch", "follow it, as kubectl rollout status does (this is the default)", true)
      .option("--no-watch", "say how it stands now, in one line (also: --watch=false)")
      .option("--timeout <duration>", "how long to follow it: 30s, 10m; 0 is for ever", "0")
      .option("-o, --output <format>", formats),
  )
    .addHelpText("after", statusHelp)
    .action(async (words: string[], options: StatusOptions, command: Command) => {
      const each = command.getOptionValueSource("watch") === "cli" && options.watch === true;
      done(await (await import("./status.ts")).status(io, words, { ...options, each }));
    });
  reaching(
    verb(program, "wait", "Wait until the canary of a Deployment has ended, gates and all; prints one line", "deployment", named)
      .option("--timeout <duration>", "how long to wait: 30s, 10m; 0 is for ever", "0")
      .option("-o, --output <format>", formats),
  )
    .addHelpText("after", waitHelp)
    .action(async (words: string[], options: StatusOptions) => done(await (await import("./status.ts")).wait(io, words, options)));
  reaching(
    verb(
      program,
      "explain",
      "Say which policy an image change of a Deployment would meet, and why not the others; nothing is changed",
      "deployment",
      named,
    )
      .option(
        "--image <container=image>",
        "explain this very change, repeatable (default: another image of any container)",
        (one: string, all: string[]) => [...all, one],
        [],
      )
      .option("-o, --output <format>", formats),
  )
    .addHelpText("after", explainHelp)
    .action(async (words: string[], options: ExplainOptions) =>
      done(await (await import("./explain/explain.ts")).explain(io, words, options)),
    );
  reaching(verb(program, "retry", "Give a template that failed and is held another canary", "target", "deploy/NAME, or plan NAME"))
    .addHelpText("after", retryHelp)
    .action(async (words: string[], options: ConnectOptions) => done(await (await import("./control/retry.ts")).retry(io, words, options)));
}

const codes = `Exit code 0: promoted; 1: wrong usage, or the API server refused; 2: not promoted (rolled back, aborted, held, cancelled, superseded); 3: still
running when the time was over; 4: a person must decide (a gate, an inconclusive analysis, a hold); 5: no plan (no change has met a policy, or it went
past Serin).`;

const getHelp = `
-o json prints one CanaryView, with -w one a line (NDJSON) for each change. Its JSON Schema: src/cli/output/schema.json. Fields are only ever added.`;

const statusHelp = `
Each decision is printed once, in the words of the plan's journal, like a log. It follows the plan that it finds first: when another change takes its
place, that plan is superseded (exit code 2). An image change that has no plan yet is waited for.
${codes}
With --no-watch a plan that is rolling back counts as rolled back, and every other one that is under way as still running.
-o json prints one CanaryView at the end; with a typed -w one a line (NDJSON) for each change, the last one as it ended.`;

const waitHelp = `
Like status, but it sits through gates, until a person has opened them, and prints only how it ended.
${codes}
3 and 4 only when the time is over.`;

const explainHelp = `
Exit code 0: a policy applies (it holds the change, or refuses it); 2: none applies, or the change would roll out as usual; 1: an error.
Whether a worker is alive is not looked at: that is a matter of the moment (whenWorkerIsDown).
You need to read deployments, services and canaryplans of the namespace, and canarypolicies, which have no namespace: the ClusterRole
serin-policy-view, in a ClusterRoleBinding.`;

const retryHelp = `
A template is held after it failed under onFailure: Hold, and when it is asked for again after it was rolled back (onRepeat: Hold).
Who may: whoever may patch canaryplans in that namespace. The ClusterRole serin-edit allows it, as a part of edit and admin.
Serin's webhook records who asked and when, in the plan's spec.control.retry and in the new plan's request. Exit code 0: asked; 1: not.`;
