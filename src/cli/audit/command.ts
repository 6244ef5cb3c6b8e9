import type { Command } from "commander";
import { reaching } from "../commands.ts";
import type { Io } from "../io.ts";
import type { ListOptions } from "./list.ts";
import type { AuditOptions } from "./source.ts";
import type { VerifyOptions } from "./verify.ts";

/** `kubectl serin audit`, with its verbs show, verify and export. */
export function addAudit(program: Command, io: Io, done: (code: number) => void): void {
  const audit = from(program.command("audit"))
    .description("Say who changed which image, under which policy, with which outcome, and who decided what on the way")
    .option("--since <time>", "from then on: 2h, 7d, or 2026-11-24T10:00:00Z")
    .option("--until <time>", "up to then")
    .option("--user <name>", "who asked or decided; * stands for any characters")
    .option("--image <text>", "a part of an image before or after, or a pattern with *")
    .option("--deployment <name>", "the Deployment; * stands for any characters")
    .option("--policy <name>", "the policy; * stands for any characters")
    .option("--phase <phases>", "the outcome: Promoted, RolledBack, Held, Cancelled, Superseded, Bypassed, Denied …; several with commas")
    .option("--bypassed", "only changes that reached the cluster without a canary")
    .option("--apiserver-log <file>", "kube-apiserver's audit log: adds refusals, and who made the changes that came without a canary")
    .option("-o, --output <format>", "json, yaml, jsonpath=TEMPLATE, csv or markdown")
    .addHelpText("after", help)
    .action(async (_: unknown, command: Command) =>
      done(await (await import("./list.ts")).list(io, command.optsWithGlobals<ListOptions>())),
    );
  from(audit.command("show"))
    .description("Tell the story of one plan, with every number")
    .argument("<plan...>", "NAME, or plan NAME")
    .action(async (words: string[], _: unknown, command: Command) =>
      done(await (await import("./show.ts")).show(io, words, command.optsWithGlobals<AuditOptions>())),
    );
  from(audit.command("verify"))
    .description("Check the whole record against its seals: say exactly what was changed, cut or is missing, and what could not be checked")
    .option("--root <key>", "id of the first public key that you trust (default: the oldest one that is published)")
    .option("--apiserver-log <file>", "compare with kube-apiserver's audit log, too")
    .option(
      "--accept-break <time...>",
      "a break of the chain (HeadsLost) that you have looked into, by its time: it is noted, and no finding any more",
    )
    .option("-o, --output <format>", "json, yaml or jsonpath=TEMPLATE")
    .addHelpText("after", verifyHelp)
    .action(async (_: unknown, command: Command) =>
      done(await (await import("./verify.ts")).verify(io, command.optsWithGlobals<VerifyOptions>())),
    );
  from(audit.command("export"))
    .description("Print the whole record as JSON Lines: the heads and public keys first, then one plan a line")
    .action(async (_: unknown, command: Command) =>
      done(await (await import("./exportAudit.ts")).exportAudit(io, command.optsWithGlobals<AuditOptions>())),
    );
}

/** Where the record comes from; the same for each verb. */
const from = (command: Command): Command =>
  reaching(
    command
      .option("-n, --namespace <name>", "namespace (default: that of the context; verify and export: all)")
      .option("-A, --all-namespaces", "all namespaces")
      .option("-f, --filename <file>", "an export instead of the cluster; - is standard input"),
    // Who asked or decided, here.
    ["--user"],
  );

const help = `
The ClusterRole serin-auditor may read all of it and change nothing.
Finished plans are removed by their policy's history (keep, for): export them before.`;

const verifyHelp = `
Exit code 0: the record is whole and as it was sealed; 1: it is not; 2: something could not be checked.
The worker never forgets that it found the heads gone, nor can anybody make it: accepting is yours, in your own command line, and hides nothing from others.
Who can change the private key's Secret could sign a record of his own making: compare the root key, and keep exports, elsewhere.`;
