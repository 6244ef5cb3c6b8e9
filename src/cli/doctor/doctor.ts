import { apiVersion } from "../../api/names.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import { formatOf, isForPeople, printObject, structured } from "../output/format.ts";
import type { DoctorReport } from "../output/reportSchemas.ts";
import { exitCodes } from "../userError.ts";
import { type Finding, findingsOf, type Level } from "./checks.ts";
import { lookForDoctor } from "./look.ts";

export interface DoctorOptions extends ConnectOptions {
  output?: string;
}

/** `kubectl serin doctor`. Exit code 1 when something is wrong, 2 when nothing is but not all could be checked. */
export async function doctor(io: Io, options: DoctorOptions): Promise<number> {
  const format = formatOf(options.output, structured);
  const cluster = connected(io, options);
  try {
    const findings = findingsOf(await lookForDoctor(io, cluster, cluster.namespace));
    if (isForPeople(format)) io.out(findings.map(line).join(""));
    else printObject(io, format, { apiVersion, kind: "DoctorReport", findings } satisfies DoctorReport, []);
    return codeOf(findings);
  } finally {
    await cluster.close();
  }
}

function codeOf(findings: readonly Finding[]): number {
  const has = (level: Level) => findings.some((each) => each.level === level);
  if (has("problem")) return exitCodes.usage;
  return has("unknown") ? exitCodes.unchecked : 0;
}

const line = ({ code, level, finding, fix }: Finding): string =>
  `${level.padEnd(8)} ${code.padEnd(12)} ${printable(finding)}\n${fix === undefined ? "" : `${" ".repeat(22)}fix: ${printable(fix)}\n`}`;
