import { once } from "node:events";
import { Worker } from "node:worker_threads";

/**
 * A client in a thread of its own, so that it can act while the server's thread is busy, as others do when a machine has too much to do. It connects
 * with TLS and asks once.
 */
const program = `
const { parentPort, workerData: { port, signals } } = require("node:worker_threads");
const { connect } = require("node:net");
const { connect: tlsConnect } = require("node:tls");
const say = (at) => { Atomics.store(signals, at, 1); Atomics.notify(signals, at); };
let [tcp, socket, text] = [undefined, undefined, ""];
const dial = () => {
  tcp = connect(port, "127.0.0.1");
  tcp.once("connect", () => {
    socket = tlsConnect({ socket: tcp, rejectUnauthorized: false });
    socket.setEncoding("utf8").on("data", (part) => { text += part; });
    socket.once("secureConnect", () => parentPort.postMessage("shaken"));
    socket.on("error", (error) => parentPort.postMessage({ answer: error.message }));
    socket.once("end", () => parentPort.postMessage({ answer: text }));
    say(0);
  });
  tcp.once("error", (error) => parentPort.postMessage({ answer: error.message }));
};
const ask = () => socket.write("GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n", () => say(1));
parentPort.on("message", (what) => (what === "dial" ? dial() : ask()));
`;

export interface LateCaller {
  /** Blocks this thread until it has connected: the kernel has accepted, the server has not. */
  dialsWhileBusy(forMs: number): void;
  /** Connects, and resolves after the handshake. */
  dials(): Promise<void>;
  /** Blocks this thread until its request is in the kernel's hands, and at least so long. */
  asksWhileBusy(forMs: number): void;
  asks(): void;
  /** What it has read until the end, or the error that it met. */
  answer(): Promise<string>;
  stop(): Promise<number>;
}

export async function lateCaller(port: number): Promise<LateCaller> {
  const signals = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(program, { eval: true, workerData: { port, signals } });
  await once(worker, "online");
  const answer = Promise.withResolvers<string>();
  const shaken = Promise.withResolvers<void>();
  worker.on("message", (said: string | { answer: string }) => {
    if (typeof said === "string") shaken.resolve();
    else answer.resolve(said.answer);
  });
  const busy = (signal: 0 | 1, forMs: number): void => {
    const until = performance.now() + forMs;
    Atomics.wait(signals, signal, 0, 10_000);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, until - performance.now()));
  };
  return {
    dialsWhileBusy(forMs) {
      worker.postMessage("dial");
      busy(0, forMs);
    },
    async dials() {
      worker.postMessage("dial");
      await shaken.promise;
    },
    asksWhileBusy(forMs) {
      worker.postMessage("ask");
      busy(1, forMs);
    },
    asks: () => worker.postMessage("ask"),
    answer: () => answer.promise,
    stop: () => worker.terminate(),
  };
}
