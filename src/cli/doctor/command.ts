import type { Command } from "commander";
import type { Commands } from "../commands.ts";
import type { DoctorOptions } from "./doctor.ts";

/** `kubectl serin doctor`. */
export function addDoctor(program: Command, { io, reaching, done }: Commands): void {
  reaching(
    program
      .command("doctor")
      .description(
        "Check Serin itself: kinds, webhook, certificates, worker, Istio, lost subsets, Prometheus, your rights, clocks; nothing is changed",
      )
      .option("-n, --namespace <name>", "namespace in which your rights are looked at (default: that of the context)")
      .option("-o, --output <format>", "json, yaml or jsonpath=TEMPLATE"),
  )
    .addHelpText("after", help)
    .action(async (options: DoctorOptions) => done(await (await import("./doctor.ts")).doctor(io, options)));
}

const help = `
A line for each check: ok, warning (it works, but not as it should), problem, unknown (you may not look), or skipped (it can't be seen from here);
then the code of the check, what was found, and below it what to do.
Exit code 0: no problem; 1: a problem, or an error; 2: no problem was found, but not all could be checked.`;
