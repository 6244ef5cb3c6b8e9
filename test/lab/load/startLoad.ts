import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LoadTarget } from "./generateLoad.ts";
import type { LoadReport } from "./loadReport.ts";

export interface Load {
  /** Names this moment in the report. */
  mark(name: string): void;
  /** The report so far. */
  snapshot(): Promise<LoadReport>;
  /** Ends the load; waits for the answers still due, 15 s at most. */
  stop(): Promise<LoadReport>;
}

/** What the parent says to bin.ts, and what that answers with. */
export type LoadOrder = { do: "mark"; name: string; at: number } | { do: "snapshot"; id: number } | { do: "stop"; id: number };
export type LoadAnswer = { started: true } | { id: number; report: LoadReport };

/**
 * Load from a process of its own, so that a test that computes for a second neither delays a request nor the clock that
 * judges it. Resolves when the first request is out. The process ends with its parent, however that ends.
 */
export async function startLoad(target: LoadTarget): Promise<Load> {
  const flags = Object.entries(target).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  const child = fork(fileURLToPath(new URL("bin.ts", import.meta.url)), flags, {
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, { resolve: (report: LoadReport) => void; reject: (error: Error) => void }>();
  let lost: Error | undefined;
  child.once("exit", (code, signal) => {
    lost = new Error(`the load generator has ended (${signal ?? `code ${code}`})`);
    for (const one of waiting.values()) one.reject(lost);
  });
  await started(child);

  child.on("message", (answer: LoadAnswer) => {
    if (!("report" in answer)) return;
    waiting.get(answer.id)?.resolve(answer.report);
    waiting.delete(answer.id);
  });

  let id = 0;
  const ask = (what: "snapshot" | "stop"): Promise<LoadReport> =>
    new Promise((resolve, reject) => {
      if (lost !== undefined) return reject(lost);
      waiting.set(++id, { resolve, reject });
      child.send({ do: what, id } satisfies LoadOrder);
    });
  return {
    mark: (name) => void child.send({ do: "mark", name, at: Date.now() } satisfies LoadOrder),
    snapshot: () => ask("snapshot"),
    stop: () => ask("stop"),
  };
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("message", () => resolve());
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the load generator did not start (code ${code})`)));
  });
}
