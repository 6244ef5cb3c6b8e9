/** The lab's process inside its namespaces; started by namespace.ts with an InsideTask as its argument. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { join } from "node:path";
import { HOSTS, POD_RANGE, SERVICE_RANGE } from "./addresses.ts";
import { type Lab, startLab } from "./lab.ts";
import { LabFault } from "./labFault.ts";
import { removeLabRoot } from "./labRoot.ts";
import type { LabOptions } from "./options.ts";
import { onPath } from "./parts/tools.ts";
import { say } from "./say.ts";

export interface InsideTask {
  readonly root: string;
  /** The lab to start first; none for `namespace`, whose command starts its own. */
  readonly lab?: LabOptions;
  /** Without a command the lab, once it is ready, runs until it is killed (`up`). */
  readonly command?: readonly string[];
}

const GRACE_MS = 5_000;

/** Every address of the pod and Service ranges can be bound by a local process, and names of Services are known. */
function prepareNetwork(root: string): void {
  const ip = onPath("ip") ?? "ip";
  execFileSync(ip, ["link", "set", "lo", "up"]);
  for (const range of [POD_RANGE, SERVICE_RANGE]) execFileSync(ip, ["route", "add", "local", range, "dev", "lo"]);
  const hosts = join(root, "hosts");
  writeFileSync(hosts, readFileSync("/etc/hosts"));
  for (const [address, names] of Object.entries(HOSTS)) appendFileSync(hosts, `${address} ${names}\n`);
  execFileSync("mount", ["--bind", hosts, "/etc/hosts"]);
}

/** Runs the command to its end, and gives it some seconds to come to one when it is asked to. */
async function runCommand([command = "", ...args]: readonly string[], env: NodeJS.ProcessEnv, ended: AbortSignal): Promise<number> {
  const child = spawn(command, args, { stdio: "inherit", env });
  const end = () => {
    child.kill(ended.reason === "SIGINT" ? 0 : "SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
  };
  ended.addEventListener("abort", end);
  if (ended.aborted) end();
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal ?? "SIGKILL"];
  } catch (error) {
    say(`${command}: ${(error as Error).message}`);
    return 127;
  }
}

async function carryOut(task: InsideTask, ended: AbortSignal): Promise<number> {
  process.env["LAB_NAMESPACED"] = "1";
  process.env["LAB_ROOT"] = task.root;
  prepareNetwork(task.root);
  const never = once(ended, "abort").then(() => undefined);
  let lab: Lab | undefined;
  if (task.lab !== undefined) {
    const starting = startLab(task.lab);
    lab = await Promise.race([starting, never]);
    // Ended while starting: what runs by now ends with this process, which is the first of its namespace.
    if (lab === undefined) {
      starting.catch(() => undefined);
      return endedCode(ended);
    }
  }
  const env = lab?.env ?? process.env;
  if (task.command !== undefined) {
    const code = await runCommand(task.command, env, ended);
    await lab?.stop();
    return ended.aborted ? endedCode(ended) : code;
  }
  lifeline.removeAllListeners("close");
  writeFileSync(join(task.root, "ready.json"), JSON.stringify(env));
  await never;
  return 0;
}

function endedCode(ended: AbortSignal): number {
  return 128 + (constants.signals[ended.reason as NodeJS.Signals] ?? constants.signals.SIGTERM);
}

const task = JSON.parse(process.argv[2] ?? "") as InsideTask;
const ended = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => ended.abort(signal));
const lifeline = new Socket({ fd: 3 });
lifeline.on("close", () => ended.abort("SIGTERM")).on("error", () => undefined);
lifeline.resume();
lifeline.unref();
let code = 1;
try {
  code = await carryOut(task, ended.signal);
} catch (error) {
  say(error instanceof LabFault ? error.message : String(error instanceof Error ? error.stack : error));
} finally {
  removeLabRoot(task.root);
}
process.exit(code);
