import { execFileSync } from "node:child_process";
import type { Origin } from "./imageConfig.ts";

/**
 * The commit of a checkout and its time; `-dirty` when it holds anything else. Outside of a checkout nothing, and 1970.
 * @param epoch SOURCE_DATE_EPOCH: seconds since 1970 instead of the commit's time
 */
export function originOf(checkout: string, epoch: string | undefined): Origin {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: checkout, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const [revision = "", time] = git("log", "-1", "--format=%H %ct").split(" ");
    const dirty = git("status", "--porcelain") === "" ? "" : "-dirty";
    return { revision: revision + dirty, created: Number(epoch ?? time) };
  } catch {
    return { created: Number(epoch ?? 0) };
  }
}
