import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "serin-lab-";
const OWNER = "owner";

/** A folder for all files of one lab, marked with the process that must remove it. */
export function makeLabRoot(): string {
  const root = mkdtempSync(join(tmpdir(), PREFIX));
  setOwner(root, process.pid);
  return root;
}

export function setOwner(root: string, pid: number): void {
  writeFileSync(join(root, OWNER), JSON.stringify({ pid, since: startOf(pid), pids: pidNamespace() }));
}

export function removeLabRoot(root: string): void {
  rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** Removes what labs left behind whose owner was killed beyond all tidying (SIGKILL of everything, a power cut). */
export function removeStaleRoots(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const root = join(tmpdir(), name);
    try {
      if (statSync(root).uid === process.getuid?.() && !ownerLives(root)) removeLabRoot(root);
    } catch {
      // Another lab's start removes it at this moment.
    }
  }
}

/** Whether the process that owns a lab's folder still runs; "yes" when it cannot be known. */
export function ownerLives(root: string): boolean {
  const owner = JSON.parse(readFileSync(join(root, OWNER), "utf8")) as { pid: number; since: string; pids: string };
  return owner.pids !== pidNamespace() || startOf(owner.pid) === owner.since;
}

/** Start time in clock ticks: a process id alone may have been given to another process since. */
function startOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** The parent of another process. */
export function parentOf(pid: number): string | undefined {
  return statOf(pid)?.[1];
}

/** The fields of /proc/<pid>/stat after the name, which may itself hold spaces. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Process ids mean something only within their own namespace. */
function pidNamespace(): string {
  return readlinkSync("/proc/self/ns/pid");
}
