import { readFile } from "node:fs/promises";
import { until } from "../../lab/until.ts";

/** Bytes on a process's heap after a full garbage collection: what is really held. */
export interface Heap {
  all: number;
  /** Without what V8 makes of the program: bytecode, machine code, and what it needs to go back from that. It grows for as long as functions become hot. */
  data: number;
}

/** Names of the spaces that V8 has for that. */
const code = ["code_space", "code_large_object_space", "trusted_space", "trusted_large_object_space"];

/** Asked in the process itself; its answer is a number of bytes for each space. */
const spaces = `JSON.stringify(process.getBuiltinModule("v8").getHeapSpaceStatistics().map((one) => [one.space_name, one.space_used_size]))`;

/**
 * Node opens its inspector on SIGUSR1, so the process runs as it would without until it is first asked.
 * @param log the process's own, where Node says at which port; it must run with --inspect-port=0
 */
export async function heapInUse(pid: number, log: string): Promise<Heap> {
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
  const ask = (method: string, params = {}) =>
    new Promise<unknown>((resolve) => {
      id += 1;
      answers.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
  // Twice: what a finaliser lets go is gone after the second one.
  await ask("HeapProfiler.collectGarbage");
  await ask("HeapProfiler.collectGarbage");
  const { result } = (await ask("Runtime.evaluate", { expression: spaces })) as { result: { value: string } };
  socket.close();
  return heapOf(new Map(JSON.parse(result.value) as [space: string, bytes: number][]));
}

function heapOf(bytes: ReadonlyMap<string, number>): Heap {
  const all = [...bytes].reduce((sum, [, each]) => sum + each, 0);
  const missing = code.find((space) => !bytes.has(space));
  if (missing !== undefined) throw new Error(`this V8 has no ${missing}: what is code is to be said anew`);
  return { all, data: code.reduce((rest, space) => rest - (bytes.get(space) ?? 0), all) };
}

const opened = (socket: WebSocket): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error(`${socket.url} does not answer`));
  });
