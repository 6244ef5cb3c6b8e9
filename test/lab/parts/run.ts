import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LabFault } from "../labFault.ts";

const exec = promisify(execFile);

/** Runs a build step to its end, or to ours; what it printed is only shown when it failed. */
export async function run(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<string> {
  try {
    const { stdout } = await exec("setpriv", ["--pdeathsig", "TERM", command, ...args], { ...options, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const tail = (stderr || message).trim().split("\n").slice(-15).join("\n");
    throw new LabFault(`${command} ${args.slice(0, 3).join(" ")} failed:\n${tail}`);
  }
}
