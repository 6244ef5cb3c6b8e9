import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export interface Started {
  port: number;
  ca: string;
}

/** Since the last time they were asked for. */
export interface Figures {
  cpuMicroseconds: number;
  /** Bytes. */
  peakRss: number;
}

export interface ServerProcess extends Started {
  readonly child: ChildProcess;
  figures(): Promise<Figures>;
  stop(): void;
}

/** A webhook, or the bare server beside it, in a process of its own. */
export async function startServer(which: "serin" | "bare", execArgv: readonly string[] = []): Promise<ServerProcess> {
  const child = fork(join(import.meta.dirname, "server.ts"), [which], { execArgv: [...execArgv] });
  const [started] = (await once(child, "message")) as [Started];
  return {
    ...started,
    child,
    async figures() {
      child.send("figures");
      const [figures] = (await once(child, "message")) as [Figures];
      return figures;
    },
    stop: () => child.disconnect(),
  };
}
