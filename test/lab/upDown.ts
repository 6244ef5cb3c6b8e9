import { once } from "node:events";
import { existsSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LabFault } from "./labFault.ts";
import { makeLabRoot, ownerLives, removeLabRoot, removeStaleRoots, setOwner } from "./labRoot.ts";
import { probeNamespaces, spawnInside } from "./namespace.ts";
import type { LabOptions } from "./options.ts";
import { say } from "./say.ts";
import { until } from "./until.ts";

const KEPT = "up.json";

interface Kept {
  /** The process whose end ends everything in the lab's namespaces. */
  readonly unshare: number;
  readonly first: number;
}

/** Starts a lab that stays, and says how to enter it. */
export async function up(options: LabOptions): Promise<void> {
  probeNamespaces();
  removeStaleRoots();
  const running = keptRoots()[0];
  if (running !== undefined) throw new LabFault(`a lab is up already; enter it with: ${join(running, "enter")}`);
  const root = makeLabRoot();
  const log = join(root, "lab.log");
  const child = spawnInside({ root, lab: options }, openSync(log, "a"));
  const unshare = child.pid ?? 0;
  setOwner(root, unshare);
  const exited = once(child, "exit").then(() => "exited" as const);
  const ready = until("the lab to be ready", async () => existsSync(join(root, "ready.json")), 120);
  const how = await Promise.race([ready, exited]).catch(() => "exited" as const);
  if (how === "exited") {
    const output = existsSync(log) ? readFileSync(log, "utf8") : "see above";
    if (child.exitCode === null) child.kill("SIGKILL");
    removeLabRoot(root);
    throw new LabFault(`the lab did not start:\n${output}`);
  }
  process.stderr.write(readFileSync(log));
  const first = Number(readFileSync(`/proc/${unshare}/task/${unshare}/children`, "utf8").trim());
  writeFileSync(join(root, KEPT), JSON.stringify({ unshare, first } satisfies Kept));
  const enter = writeEnter(root, first);
  say("the lab is up. Enter it with:");
  process.stdout.write(`${enter}\n`);
  child.stdio[3]?.destroy();
  child.unref();
}

/** Ends every lab that `up` left running for this user. */
export async function down(): Promise<void> {
  const roots = keptRoots();
  if (roots.length === 0) say("no lab is up");
  for (const root of roots) {
    const { unshare, first } = JSON.parse(readFileSync(join(root, KEPT), "utf8")) as Kept;
    if (ownerLives(root)) process.kill(unshare, "SIGKILL");
    await until("the lab's processes to end", async () => !existsSync(`/proc/${first}`), 20);
    removeLabRoot(root);
    say(`${root} is gone`);
  }
}

function keptRoots(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith("serin-lab-"))
    .map((name) => join(tmpdir(), name))
    .filter((root) => existsSync(join(root, KEPT)));
}

/** A script that runs its arguments, or a shell, inside the lab with the lab's environment. */
function writeEnter(root: string, first: number): string {
  const env = JSON.parse(readFileSync(join(root, "ready.json"), "utf8")) as NodeJS.ProcessEnv;
  const names = ["PATH", "KUBECONFIG", "KUBECACHEDIR", "LAB_DIR", "LAB_GATEWAY", "LAB_PROMETHEUS", "LAB_NAMESPACED", "LAB_ROOT"];
  const settings = names.filter((name) => env[name] !== undefined).map((name) => `'${name}=${env[name]}'`);
  const asUser = process.getuid?.() === 0 ? "" : "--user --preserve-credentials ";
  const enter = join(root, "enter");
  const nsenter = `nsenter --target ${first} ${asUser}--net --pid --mount --wdns="$PWD"`;
  writeFileSync(enter, `#!/bin/sh\nexec ${nsenter} env ${settings.join(" ")} "\${@:-bash}"\n`, { mode: 0o755 });
  return enter;
}
