import type { Command } from "commander";
import type { Commands } from "../commands.ts";
import type { ConnectOptions } from "../connected.ts";

/** `kubectl serin notify test`. */
export function addNotify(program: Command, { io, reaching, done }: Commands): void {
  const notify = program.command("notify").helpCommand(false).description("Those whom a CanaryPolicy tells of its plans");
  reaching(
    notify
      .command("test")
      .description("Let the worker send each receiver of a policy a test, and say who takes it")
      .argument("<policy>", "NAME"),
  )
    .addHelpText("after", help)
    .action(async (name: string, options: ConnectOptions) => done(await (await import("./test.ts")).notifyTest(io, name, options)));
}

const help = `
The worker sends it, as it would the real ones: from its own pod, with the Secrets that it may read. One attempt each. Slack gets a line of text, an HTTP
endpoint an event of type dev.serin.canarypolicy.Test, Alertmanager the alert SerinNotificationTest for one minute, with the policy's labels.
Who may patch canarypolicies may do this. Exit code 0: all took it; 1: one did not, or an error.`;
