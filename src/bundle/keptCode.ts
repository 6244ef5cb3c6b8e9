import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { isAbsolute } from "node:path";

/*
 * What V8 made of the bundle, between two commands. It is code: what somebody else could have written is not run, and nothing of others is touched
 * (sudo with the home of another).
 */

/** The folder for it; of a relative XDG_CACHE_HOME nothing is believed, as its specification says: a checkout of somebody else's could hold a file for it. */
export function folderOf({ XDG_CACHE_HOME = "", HOME, LOCALAPPDATA }: NodeJS.ProcessEnv): string {
  const caches = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : `${HOME || LOCALAPPDATA || "/dev/null"}/.cache`;
  return `${caches}/kubectl-serin`;
}

/** undefined when there is none, or others could have written it. */
export function keptCode(folder: string, name: string): Buffer | undefined {
  try {
    if (!isOurs(lstatSync(folder))) return undefined;
    const opened = openSync(`${folder}/${name}`, "r");
    try {
      return isOurs(fstatSync(opened)) ? readFileSync(opened) : undefined;
    } finally {
      closeSync(opened);
    }
  } catch {
    return undefined;
  }
}

/** In place of what another version left. Nobody is told when it can't be kept: a read-only home only costs the time. */
export function keepCode(folder: string, name: string, code: () => Buffer): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOurs(lstatSync(folder))) return;
    for (const other of readdirSync(folder)) if (/^[0-9a-f]{16}-v/.test(other)) rmSync(`${folder}/${other}`);
    const draft = `${folder}/${name}.${process.pid}`;
    writeFileSync(draft, code(), { mode: 0o600 });
    renameSync(draft, `${folder}/${name}`);
  } catch {}
}

/** Nobody else could have written it; the mode of a link says that all could. Windows has neither users nor modes here: there it is the profile's. */
const isOurs = ({ uid, mode }: Stats): boolean => process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
