import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { inLanes } from "./inLanes.ts";
import { addUp, failuresInWords, inWords, type Outcome } from "./totals.ts";

/*
 * `make test`. Each stage runs even when an earlier one failed, so that one run tells everything; only the lab's tests need its parts.
 * The very last line is "N passed, N failed", summed over vitest's reports; a stage without a report counts as one.
 *
 * A lab test mostly waits for pauses and settling meshes: a lab alone keeps a third of two cores busy. Three labs run side by side, each file in a
 * network namespace of its own. What measures times comes after them, alone.
 */
const labs = 3;
/** Begun first, so that none of them is the last one alone. */
const longest = [
  "interrupted",
  "article",
  "builtins",
  "uninstallOrders",
  "admission",
  "importArgo",
  "examples",
  "scale",
  "gates",
  "leader",
  "rotation",
  "helmRelease",
  "prometheusReplies",
  "prometheusFaults",
  "badInput",
  "badRelease",
];

const measuring = ["commandTimes", "webhookCost", "webhookFlood"];

const reports = mkdtempSync(join(tmpdir(), "serin-test-"));
const lab = ["npm", "run", "--silent", "lab", "--"];

/** @param shown at once, or only when it has ended, so that two at a time can be read */
function run(title: string, command: readonly string[], shown: "at once" | "at the end"): Promise<boolean> {
  const live = shown === "at once";
  const head = `\n── ${title}: ${command.join(" ")}\n`;
  if (live) process.stdout.write(head);
  return new Promise((resolve) => {
    const child = spawn(command[0] ?? "", command.slice(1), { stdio: ["ignore", live ? "inherit" : "pipe", live ? "inherit" : "pipe"] });
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text: Buffer) => said.push(text));
    child.on("error", (error) => said.push(Buffer.from(`${error.message}\n`)));
    child.on("close", (code) => {
      process.stdout.write(Buffer.concat(live ? said : [Buffer.from(head), ...said]));
      resolve(code === 0);
    });
  });
}

async function plain(title: string, command: readonly string[]): Promise<Outcome> {
  return { title, ok: await run(title, command, "at once"), report: undefined };
}

async function vitest(title: string, project: string): Promise<Outcome> {
  const file = join(reports, `${project}.json`);
  return { title, ok: await run(title, vitestCommand(project, file), "at once"), report: read(file) };
}

async function labTest(path: string): Promise<Outcome> {
  const title = `lab: ${path}`;
  const file = join(reports, `${path.replaceAll("/", "-")}.json`);
  return {
    title,
    ok: await run(title, [...lab, "namespace", "--", ...vitestCommand("lab", file), path], "at the end"),
    report: read(file),
  };
}

const vitestCommand = (project: string, report: string): string[] => [
  ...["npx", "vitest", "run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
];

const isMeasuring = (path: string): boolean => measuring.includes(basename(path, ".test.ts"));

function labFiles(): string[] {
  const rank = (path: string) => {
    const place = longest.indexOf(basename(path, ".test.ts"));
    return place < 0 ? longest.length : place;
  };
  return globSync("test/lab/**/*.test.ts").sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function read(file: string): Outcome["report"] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Outcome["report"];
  } catch {
    return undefined;
  }
}

try {
  const build = await plain("lab parts", [...lab, "build"]);
  const check = await plain("check", ["npm", "run", "--silent", "check"]);
  const outcomes = [build, check, await vitest("unit tests", "unit"), await vitest("simulation", "simulation")];
  if (build.ok) {
    const files = labFiles();
    outcomes.push(
      ...(await inLanes(
        files.filter((path) => !isMeasuring(path)),
        labs,
        labTest,
      )),
    );
    outcomes.push(...(await inLanes(files.filter(isMeasuring), 1, labTest)));
  }
  const totals = addUp(outcomes);
  const line = inWords(totals);
  process.stdout.write(`\n${[...failuresInWords(outcomes), line].join("\n")}\n`);
  const copy = process.env["SERIN_TOTALS"];
  if (copy) writeFileSync(copy, `${line}\n`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}
