import type { Command } from "commander";
import { type Commands, verb } from "../commands.ts";
import type { ConnectOptions } from "../connected.ts";
import type { PromoteOptions } from "./actions.ts";
import type { UndoOptions } from "./undo.ts";

const named = "deploy/NAME, or plan NAME";

const simple = {
  approve: "Open the gate that a canary waits at; also after an inconclusive analysis, which starts anew",
  hold: "Keep a canary at its weight until resume; its metrics are still judged",
  resume: "Let a canary that is on hold go on",
  abort: "Send all requests back to stable now, and roll back",
} as const;

/** What a person may ask of a plan under way, and `undo`. */
export function addControl(program: Command, { io, reaching, done }: Commands): void {
  for (const [name, description] of Object.entries(simple) as Array<[keyof typeof simple, string]>)
    reaching(verb(program, name, description, "target", named))
      .addHelpText("after", who)
      .action(async (words: string[], options: ConnectOptions) => done(await (await import("./actions.ts"))[name](io, words, options)));
  reaching(
    verb(
      program,
      "promote",
      "End the pause that a canary is in; with --full skip all steps that are left, and their analysis",
      "target",
      named,
    )
      .option("--full", "promote now: for the fix of a broken stable")
      .option("-y, --yes", "don't ask before --full (it asks only on a terminal)"),
  )
    .addHelpText("after", who)
    .action(async (words: string[], options: PromoteOptions) => done(await (await import("./actions.ts")).promote(io, words, options)));
  reaching(
    verb(
      program,
      "undo",
      "Take the last change of a Deployment back, whether its canary is under way, held or promoted",
      "target",
      named,
    ).option("--to-revision <number>", "the revision to go back to, of kubectl rollout history (default: the one before)"),
  )
    .addHelpText("after", undoHelp)
    .action(async (words: string[], options: UndoOptions) => done(await (await import("./undo.ts")).undo(io, words, options)));
}

const who = `
Who may: whoever may patch canaryplans in that namespace. The ClusterRole serin-edit allows it, as a part of edit and admin.
Serin's webhook records who asked and when, in the plan's spec.control. Exit code 0: asked, or asked before; 1: not.`;

const undoHelp = `
A canary under way is aborted. A Deployment that is held gets the template of its stable pods again, which ends the hold. Otherwise it gets the template
of the revision before, as kubectl rollout undo does: that is a change like any other, so a policy may make a canary of it (rollbackWindow: at once to
100%). kubectl rollout undo itself refuses a Deployment that is held.
Who may: whoever may patch canaryplans (a canary under way) or deployments (otherwise) in that namespace. Exit code 0: done or asked; 1: not.`;
