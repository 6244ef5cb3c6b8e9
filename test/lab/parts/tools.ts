import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { LabFault } from "../labFault.ts";
import { say } from "../say.ts";
import type { Tool } from "./part.ts";

/** What every run of the lab needs, built or not. */
export const RUN_TOOLS: readonly Tool[] = [
  { command: "unshare", debian: "util-linux" },
  { command: "setpriv", debian: "util-linux" },
  { command: "flock", debian: "util-linux" },
  { command: "mount", debian: "mount" },
  { command: "ip", debian: "iproute2" },
  { command: "openssl", debian: "openssl" },
  { command: "bash", debian: "bash" },
];

/** The file a command name stands for, or nothing. */
export function onPath(command: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders
    .map((folder) => join(folder, command))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Sees to it that all tools are there before minutes of building begin. As root on Debian it installs them; anywhere
 * else one error names all of them with the command that does.
 */
export function ensureTools(tools: readonly Tool[]): void {
  let bad = faultsOf(tools);
  if (bad.length === 0) return;
  const packages = [...new Set(bad.map(({ tool }) => tool.debian))];
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version") && onPath("apt-get") !== undefined) {
    say(`installing ${packages.join(" ")}`);
    install(packages);
    bad = faultsOf(tools);
    if (bad.length === 0) return;
  }
  const list = bad.map(({ tool, fault }) => `  ${tool.command}: ${fault}`).join("\n");
  throw new LabFault(`the lab needs tools that this machine lacks:\n${list}\nOn Debian: sudo apt-get install ${packages.join(" ")}`);
}

function faultsOf(tools: readonly Tool[]) {
  return [...new Map(tools.map((tool) => [tool.command, tool])).values()].flatMap((tool) => {
    const fault = onPath(tool.command) === undefined ? "not found" : tool.wrong?.();
    return fault === undefined ? [] : [{ tool, fault }];
  });
}

function install(packages: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const aptGet = (...args: string[]) =>
    execFileSync("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], { env, stdio: ["ignore", "ignore", "pipe"] });
  try {
    aptGet("update");
    aptGet("install", "-y", "--no-install-recommends", ...packages);
  } catch (error) {
    say(`apt-get: ${(error as { stderr?: Buffer }).stderr?.toString().trim() ?? String(error)}`);
  }
}
