import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addUp, inWords, type Outcome } from "./totals.ts";

/*
 * `make test`. Each stage runs even when an earlier one failed, so that one run tells everything; only the lab's tests need its parts.
 * The very last line is "N passed, N failed", summed over vitest's reports; a stage without a report counts as one.
 */

const reports = mkdtempSync(join(tmpdir(), "serin-test-"));
const lab = ["npm", "run", "--silent", "lab", "--"];

function run(title: string, command: readonly string[]): boolean {
  process.stdout.write(`\n── ${title}: ${command.join(" ")}\n`);
  const { status, error } = spawnSync(command[0] ?? "", command.slice(1), { stdio: ["ignore", "inherit", "inherit"] });
  if (error) process.stdout.write(`${error.message}\n`);
  return status === 0;
}

function plain(title: string, command: readonly string[]): Outcome {
  return { title, ok: run(title, command), report: undefined };
}

function vitest(title: string, project: string, around: readonly string[] = []): Outcome {
  const file = join(reports, `${project}.json`);
  const command = ["npx", "vitest", "run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const ok = run(title, [...around, ...command]);
  return { title, ok, report: read(file) };
}

function read(file: string): Outcome["report"] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Outcome["report"];
  } catch {
    return undefined;
  }
}

try {
  const build = plain("lab parts", [...lab, "build"]);
  const outcomes = [
    build,
    plain("check", ["npm", "run", "--silent", "check"]),
    vitest("unit tests", "unit"),
    vitest("simulation", "simulation"),
  ];
  if (build.ok) outcomes.push(vitest("lab tests", "lab", [...lab, "namespace", "--"]));
  const totals = addUp(outcomes);
  const line = inWords(totals);
  for (const { title } of outcomes.filter(({ ok }) => !ok)) process.stdout.write(`\nfailed: ${title}`);
  process.stdout.write(`\n${line}\n`);
  const copy = process.env["SERIN_TOTALS"];
  if (copy) writeFileSync(copy, `${line}\n`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}
