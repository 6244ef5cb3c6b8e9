import { execFile } from "node:child_process";
import { partFile } from "./parts/ensureParts.ts";

/** What kstatus makes of an object, `InProgress: Updated: 0/2`: the library by which Flux waits, and Helm 4 for what isn't paused. */
export async function kstatus(object: unknown): Promise<string> {
  const command = await partFile("kstatus");
  return new Promise((resolve, reject) => {
    const child = execFile(command, (error, stdout) => (error === null ? resolve(stdout.trim()) : reject(error)));
    child.stdin?.end(JSON.stringify(object));
  });
}
