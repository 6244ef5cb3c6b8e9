import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { partFile } from "./parts/ensureParts.ts";

export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

/** kubectl of the lab's own version, in the lab's own environment; rejects with what it printed when it fails. */
export async function kubectlWith(env: NodeJS.ProcessEnv): Promise<Kubectl> {
  const command = await partFile("kubectl");
  return async (args, input) => {
    const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => undefined).end(input ?? "");
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr.trim() || `code ${code}`}`);
    return stdout;
  };
}

/** Objects as one List, the form in which `kubectl apply -f -` takes several. */
export function asList(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
