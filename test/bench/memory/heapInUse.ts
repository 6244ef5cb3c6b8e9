import { readFile } from "node:fs/promises";
import { until } from "../../lab/until.ts";

/**
 * Bytes on a process's heap after a full garbage collection: what is really held. Node opens its inspector on SIGUSR1, so the process runs as it would
 * without until it is first asked. @param log the process's own, where Node says at which port; it must run with --inspect-port=0
 */
export async function heapInUse(pid: number, log: string): Promise<number> {
  process.kill(pid, "SIGUSR1");
  // Until it answers: the log may end with the port of an earlier process of that name.
  const socket = await until("the inspector", async () => {
    const address = /Debugger listening on (ws:\S+)(?![\s\S]*Debugger listening)/.exec(await readFile(log, "utf8"))?.[1];
    return address === undefined ? undefined : opened(new WebSocket(address));
  });
  const answers = new Map<number, (result: unknown) => void>();
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: unknown };
    answers.get(id)?.(result);
  };
  let id = 0;
  const ask = (method: string) =>
    new Promise<unknown>((resolve) => {
      id += 1;
      answers.set(id, resolve);
      socket.send(JSON.stringify({ id, method }));
    });
  // Twice: what a finaliser lets go is gone after the second one.
  await ask("HeapProfiler.collectGarbage");
  await ask("HeapProfiler.collectGarbage");
  const { usedSize } = (await ask("Runtime.getHeapUsage")) as { usedSize: number };
  socket.close();
  return usedSize;
}

const opened = (socket: WebSocket): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error(`${socket.url} does not answer`));
  });
