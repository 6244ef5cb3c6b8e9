import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { access, chmod, mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { hasSuite } from "../../image/suite.ts";
import { LabFault } from "../labFault.ts";
import { say } from "../say.ts";
import { envoy } from "./envoy.ts";
import { goParts } from "./goParts.ts";
import { imageRuntime } from "./imageRuntime.ts";
import { injector } from "./injector.ts";
import type { Part } from "./part.ts";
import { prometheusParts } from "./prometheus.ts";
import { ensureTools, RUN_TOOLS } from "./tools.ts";
import { cacheFolder } from "./versions.ts";

const PARTS: readonly Part[] = [...goParts, injector, envoy, ...prometheusParts, ...(hasSuite ? [imageRuntime] : [])];
const UNFINISHED = ".unfinished-";

/**
 * Every part is in the cache when this returns; the answer is its folder. Labs that start at once build once: the second
 * waits for the first at a file lock, which the kernel lets go of whatever happens to its holder.
 */
export async function ensureParts(): Promise<string> {
  ensureTools(RUN_TOOLS);
  const folder = cacheFolder();
  if (missing(folder).length > 0) {
    await mkdir(folder, { recursive: true });
    await underLock(join(folder, ".lock"));
  }
  return folder;
}

/** The part of `ensureParts` that runs while the lock is held, in a process of its own. */
export async function buildMissingParts(): Promise<void> {
  const folder = cacheFolder();
  for (const left of await readdir(folder)) if (left.startsWith(UNFINISHED)) await rm(join(folder, left), { force: true });
  const toMake: Part[] = [];
  for (const part of missing(folder)) {
    const found = await part.found?.();
    if (found === undefined) toMake.push(part);
    else await place(folder, part.name, (target) => symlink(found, target));
  }
  ensureTools(toMake.flatMap((part) => part.needs));
  for (const part of toMake) {
    say(`${part.doing} …`);
    const started = Date.now();
    await place(folder, part.name, async (target) => {
      await part.make(target);
      await chmod(target, 0o755);
    });
    say(`  ${part.name}: ${Math.round((Date.now() - started) / 1000)} s`);
  }
}

async function place(folder: string, name: string, make: (target: string) => Promise<void>): Promise<void> {
  const target = join(folder, UNFINISHED + name);
  await make(target);
  await rename(target, join(folder, name));
}

function missing(folder: string): Part[] {
  return PARTS.filter((part) => !existsSync(join(folder, part.name)));
}

async function underLock(lock: string): Promise<void> {
  const builder = [process.execPath, join(import.meta.dirname, "build.ts")];
  const atOnce = await ended(["flock", "--no-fork", "--nonblock", "--conflict-exit-code", "75", lock, ...builder]);
  if (atOnce === 0) return;
  if (atOnce !== 75) throw new LabFault("the lab's parts could not be built");
  say("another lab is building the parts; waiting for it …");
  if ((await ended(["flock", "--no-fork", lock, ...builder])) !== 0) throw new LabFault("the lab's parts could not be built");
}

async function ended(command: string[]): Promise<number> {
  const child = spawn("setpriv", ["--pdeathsig", "TERM", ...command], { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

/** A part's file in the cache. */
export async function partFile(name: string): Promise<string> {
  const file = join(cacheFolder(), name);
  await access(file).catch(() => {
    throw new LabFault(`${name} is not built yet: npm run --silent lab -- build`);
  });
  return file;
}
