import { spawnSync } from "node:child_process";
import { join } from "node:path";

/**
 * `npx vitest run test/lab/…` as typed: a lab lives in a network namespace of its own, and a process can't move into one. So vitest is started again
 * inside, with the same arguments, and its exit code is ours. Does nothing where no lab test is named, or when it is inside already.
 */
export function enterNamespace(args: readonly string[]): void {
  const asksForLab = args.some(
    (arg, i) => /(^|\/)test\/lab\//.test(arg) || (arg === "lab" && args[i - 1] === "--project") || arg === "--project=lab",
  );
  if (!asksForLab || process.env["LAB_NAMESPACED"] === "1") return;
  const inside = [join(import.meta.dirname, "bin.ts"), "namespace", "--", "npx", "vitest", ...args];
  const { status } = spawnSync(process.execPath, inside, { stdio: "inherit" });
  process.exit(status ?? 1);
}
