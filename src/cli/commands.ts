import { type Command, Option } from "commander";
import type { Io } from "./io.ts";

/** What a file of commands needs to add its own to the program. */
export interface Commands {
  io: Io;
  /** Adds the options by which every verb finds its cluster. */
  reaching(command: Command, without?: readonly string[]): Command;
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

/**
 * The options by which every verb finds its cluster: those that are typed often stand in each help, the others are kubectl's and known from there.
 * @param without kubectl's that the verb has another meaning for
 */
export function reaching(command: Command, without: readonly string[] = []): Command {
  command
    .option("--context <name>", "context of the kubeconfig")
    .option("--kubeconfig <path>", "kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)")
    .option("--request-timeout <duration>", "how long to wait for one answer of the API server: 1s, 2m, seconds; 0 is for ever", "5s");
  const others = kubectls().filter(({ long }) => !without.includes(long ?? ""));
  for (const option of others) command.addOption(option.hideHelp());
  const named = others.map(({ long }) => long).join(", ");
  return command.addHelpText("after", `\nAlso, as with kubectl: ${named.replace(" --tls-", "\n--tls-")}.`);
}

const kubectls = (): Option[] => [
  new Option("--as <user>", "act as this user"),
  new Option("--as-group <group>", "act as one of this group, repeatable").argParser((one: string, all?: string[]) => [
    ...(all ?? []),
    one,
  ]),
  new Option("--as-uid <uid>", "act as the user with this uid"),
  new Option("--cluster <name>", "cluster of the kubeconfig"),
  new Option("--user <name>", "user of the kubeconfig"),
  new Option("-s, --server <address>", "address of the API server"),
  new Option("--token <token>", "bearer token"),
  new Option("--certificate-authority <file>", "certificate authorities of the API server, PEM"),
  new Option("--tls-server-name <name>", "the name in the API server's certificate"),
  new Option("--insecure-skip-tls-verify", "don't check the API server's certificate"),
];

/** As kubectl's users write it: `--watch=false`, for which commander's word is `--no-watch`, and `-o=json`, whose value it takes for `=json`. */
export function asCommander(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  const options = argv.slice(0, end === -1 ? argv.length : end);
  return [...options.flatMap(inItsWords), ...argv.slice(options.length)];
}

function inItsWords(word: string): string[] {
  const [, name, value] = /^--(watch|wait|color)=(true|false)$/.exec(word) ?? [];
  if (name !== undefined) return [value === "true" ? `--${name}` : `--no-${name}`];
  const [, short, given] = /^(-[a-z])=(.*)$/s.exec(word) ?? [];
  return short === undefined ? [word] : [`${short}${given}`];
}
