import type { Command } from "commander";
import type { Io } from "../io.ts";
import { kinds, type Project } from "./projects.ts";

/** `kubectl serin import argo` and `… flagger`. */
export function addImport(program: Command, io: Io, done: (code: number) => void): void {
  const verb = program.command("import").description("Make policies of other projects' manifests; no cluster is asked").helpCommand(false);
  const names: Record<Project, string> = { argo: "Argo Rollouts", flagger: "Flagger" };
  for (const project of Object.keys(kinds) as Project[])
    verb
      .command(project)
      .description(`From ${names[project]}: ${kinds[project]}`)
      .requiredOption("-f, --filename <file...>", "YAML files; - is standard input. Name those of the Deployment and its Services too")
      .addHelpText("after", help)
      .action(async ({ filename }: { filename: string[] }) => done(await (await import("./import.ts")).importFrom(io, project, filename)));
}

const help = `
The policies go to standard output, ready to apply; what did not map goes to standard error, each with its place in the source and what to do instead.
Exit code 0: everything that judges or shifts traffic is there (there may be notes); 1: something that matters is missing or differs.`;
