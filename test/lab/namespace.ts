/**
 * The way into a lab's own world: a new network namespace, so that its fixed addresses are nobody else's, and a new process
 * namespace, so that the kernel itself ends every process of it when its first one ends. Neither has a name that could
 * be left behind. Root gets them directly, anyone else inside a user namespace.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { InsideTask } from "./inside.ts";
import { LabFault } from "./labFault.ts";
import { makeLabRoot, parentOf, removeLabRoot, removeStaleRoots } from "./labRoot.ts";

const NAMESPACES = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
const AS_USER = ["--user", "--map-root-user"];

/** `unshare` with a first process that only waits: orphans of the command are given to it, and it lays them to rest. Its fourth stream is the lifeline. */
export function spawnInside(task: InsideTask, stdio: "inherit" | number): ChildProcess {
  const asUser = process.getuid?.() === 0 ? [] : AS_USER;
  const inside = [process.execPath, join(import.meta.dirname, "inside.ts"), JSON.stringify(task)];
  return spawn("unshare", [...asUser, ...NAMESPACES, "bash", "-c", '"$@"; exit $?', "lab", ...inside], {
    stdio: stdio === "inherit" ? ["inherit", "inherit", "inherit", "pipe"] : ["ignore", stdio, stdio, "pipe"],
    detached: stdio !== "inherit",
  });
}

/**
 * Runs a task inside and gives its exit code. The pipe is its lifeline: it closes when we end it, and also when we are
 * killed, and either way the inside tidies up and goes. If the inside is killed instead, the tidying is ours.
 */
export async function runInside(task: Omit<InsideTask, "root">): Promise<number> {
  probeNamespaces();
  removeStaleRoots();
  const root = makeLabRoot();
  try {
    const child = spawnInside({ ...task, root }, "inherit");
    const lifeline = child.stdio[3];
    const end = () => void lifeline?.destroy();
    // Ctrl-C reaches the inside by itself: it belongs to the same terminal.
    process.on("SIGINT", () => undefined);
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, end);
    if (process.env["npm_lifecycle_event"]) whenNpmIsGone(end);
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return code ?? (signal === null ? 1 : 137);
  } finally {
    removeLabRoot(root);
  }
}

/** npm (our parent's parent, its shell lies between) can be killed without a chance to tell us. */
function whenNpmIsGone(end: () => void): void {
  const parents = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const born = parents();
  setInterval(() => parents() !== born && end(), 500).unref();
}

/** Says in plain words what else fails with "Operation not permitted". */
export function probeNamespaces(): void {
  const asUser = process.getuid?.() === 0 ? [] : AS_USER;
  const { status, stderr } = spawnSync("unshare", [...asUser, ...NAMESPACES, "true"], { encoding: "utf8" });
  if (status === 0) return;
  throw new LabFault(
    `this machine does not let us make namespaces: ${stderr.trim()}\n` +
      "Run the lab as root, or allow user namespaces (sudo sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0).",
  );
}
