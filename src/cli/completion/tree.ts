import type { Command } from "commander";

/** A verb, as completion needs it. */
export interface Verb {
  name: string;
  description: string;
  options: Array<{ flags: string[]; description: string; takesValue: boolean }>;
  /** What stands behind it is the name of a Deployment. */
  namesDeployment: boolean;
  verbs: Verb[];
}

/** What the program knows, without what is hidden. */
export const verbsOf = (program: Command): Verb[] => program.commands.filter((each) => !each.name().startsWith("_")).map(verbOf);

function verbOf(command: Command): Verb {
  return {
    name: command.name(),
    description: command.description(),
    options: command.options.map((option) => ({
      flags: [option.long, option.short].filter((flag) => flag !== undefined && flag !== null),
      description: option.description,
      takesValue: option.required || option.optional,
    })),
    namesDeployment: command.registeredArguments.some((argument) => ["deployment", "target", "workload"].includes(argument.name())),
    verbs: command.commands.map(verbOf),
  };
}

/** Of an option's value; undefined: anything. `kubectl`: what kubectl itself completes, of this kind. */
export type Values = { choices: readonly string[] } | { kubectl: "namespaces" | "contexts" } | undefined;

export function valuesOf(flags: readonly string[], description: string): Values {
  if (flags.includes("--namespace")) return { kubectl: "namespaces" };
  if (flags.includes("--context")) return { kubectl: "contexts" };
  if (!flags.includes("--output")) return undefined;
  const known = ["json", "yaml", "wide", "name", "jsonpath=", "csv", "markdown"];
  return { choices: known.filter((format) => description.includes(format.replace("=", ""))) };
}

/** Whether an option's value is a file, as completion offers them. */
export const namesFile = (flags: readonly string[]): boolean =>
  ["--filename", "--kubeconfig", "--certificate-authority", "--apiserver-log"].some((flag) => flags.includes(flag));
