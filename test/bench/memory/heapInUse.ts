import { until } from "../../lab/until.ts";

/** Node's own port; one process at a time. */
const inspector = "127.0.0.1:9229";

/**
 * Bytes on a process's heap after a full garbage collection: what is really held. Node opens its inspector on SIGUSR1, so the process needs no flag for
 * it, and runs as it would without; it is closed again before this returns.
 */
export async function heapInUse(pid: number): Promise<number> {
  process.kill(pid, "SIGUSR1");
  const [target] = await until("the inspector", async () => {
    const answer = await fetch(`http://${inspector}/json/list`);
    return (await answer.json()) as { webSocketDebuggerUrl: string }[];
  });
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? "");
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const answers = new Map<number, (result: unknown) => void>();
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: unknown };
    answers.get(id)?.(result);
  };
  let id = 0;
  const ask = (method: string, params = {}) =>
    new Promise<unknown>((resolve) => {
      id += 1;
      answers.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
  // Twice: what a finaliser lets go is gone after the second one.
  await ask("HeapProfiler.collectGarbage");
  await ask("HeapProfiler.collectGarbage");
  const { usedSize } = (await ask("Runtime.getHeapUsage")) as { usedSize: number };
  const closed = new Promise((resolve) => {
    socket.onclose = resolve;
  });
  await ask("Runtime.evaluate", { expression: "setImmediate(() => process.getBuiltinModule('node:inspector').close())" });
  socket.close();
  await closed;
  await until("the inspector to close", async () => (await fetch(`http://${inspector}/json/version`).catch(() => "closed")) === "closed");
  return usedSize;
}
