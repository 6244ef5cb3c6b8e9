import { Command } from "commander";
import { addAudit } from "./audit/command.ts";
import { asCommander, type Commands, reaching } from "./commands.ts";
import { addCompletion } from "./completion/command.ts";
import { addControl } from "./control/command.ts";
import { addDiff } from "./diff/command.ts";
import { addDoctor } from "./doctor/command.ts";
import { addImport } from "./import/command.ts";
import type { Io } from "./io.ts";
import { addLint } from "./lint/command.ts";
import { addListCommands, addPreview } from "./listCommands.ts";
import { addNotify } from "./notify/command.ts";
import { addPlanCommands } from "./planCommands.ts";
import { addSidecars } from "./sidecars/sidecarCommands.ts";
import { addSimulate } from "./simulate/command.ts";
import { tell } from "./tell.ts";
import type { VersionOptions } from "./version.ts";

/** The CLI: arguments in, exit code out. `argv` is what stands behind `kubectl serin`. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const program = commands(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(asCommander(argv), { from: "user" });
    return code;
  } catch (error) {
    return tell(error, io);
  }
}

/** All that can be typed. */
export function commands(io: Io, done: (code: number) => void): Command {
  const program = new Command("kubectl serin")
    .description("Shows and explains the canaries that Serin makes of image changes, and which pods carry their sidecars.")
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .helpCommand(false)
    .showHelpAfterError("(kubectl serin --help lists what there is)");
  const parts: Commands = { io, reaching, done };
  addPlanCommands(program, parts);
  addListCommands(program, parts);
  addControl(program, parts);
  addPreview(program, parts);
  addDiff(program, parts);
  addDoctor(program, parts);
  addNotify(program, parts);
  addAudit(program, io, done);
  addLint(program, io, done);
  addImport(program, io, done);
  reaching(addSimulate(program, io, done));
  addSidecars(program, parts);
  addVersion(program, parts);
  addCompletion(program, parts);
  return program;
}

function addVersion(program: Command, { io, done }: Commands): void {
  reaching(
    program
      .command("version")
      .description("Print the version of this plugin, and of what runs in the cluster where it may be read")
      .option("--client", "of this plugin alone; no cluster is asked")
      .option("-o, --output <format>", "json, yaml or jsonpath=TEMPLATE"),
  ).action(async (options: VersionOptions) => done(await (await import("./version.ts")).version(io, options)));
}
