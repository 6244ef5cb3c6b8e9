import type { Command } from "commander";
import type { Io } from "./io.ts";

/** What a file of commands needs to add its own to the program. */
export interface Commands {
  io: Io;
  /** Adds the options by which every verb finds its cluster. */
  reaching(command: Command): Command;
  /** Takes the exit code. */
  done(code: number): void;
}

/** A verb about one Deployment of one namespace. */
export const verb = (program: Command, name: string, description: string, target: string, names: string): Command =>
  program
    .command(name)
    .description(description)
    .argument(`<${target}...>`, names)
    .option("-n, --namespace <name>", "namespace of the Deployment (default: that of the context)");

/** The options by which every verb finds its cluster. */
export const reaching = (command: Command): Command =>
  command
    .option("--context <name>", "context of the kubeconfig")
    .option("--kubeconfig <path>", "kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)")
    .option("--request-timeout <duration>", "how long to wait for one answer of the API server: 1s, 2m, seconds; 0 is for ever", "5s");

/** `--watch=false`, as kubectl's users write it: commander's word for it is `--no-watch`. */
export const asCommander = (argv: readonly string[]): string[] =>
  argv.map((word) => {
    const [, name, value] = /^--(watch|wait|color)=(true|false)$/.exec(word) ?? [];
    return name === undefined ? word : value === "true" ? `--${name}` : `--no-${name}`;
  });
