import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { Server as NetServer } from "node:net";
import { setImmediate as lastPhase } from "node:timers/promises";
import type { KeyPair } from "../tls/keyPair.ts";
import { type OpenConnections, openConnections, type Patience } from "./openConnections.ts";

/*
 * Every pod of the cluster can reach the port, and Node's own limits (60 s for headers, 300 s for a request) would let few of them block all.
 * kube-apiserver keeps its connections for 90 s, so ours live longer: the side that sends the next request must not meet a closing socket.
 */
export const timeLimits = { handshake: 3_000, headers: 3_000, body: 5_000, idle: 120_000, every: 1_000 } satisfies TimeLimits;
export interface TimeLimits extends Patience {
  handshake: number;
}

/** The kubelet and Prometheus open a connection when they have something to ask: who only keeps one leaves the place to them. */
const healthLimits: TimeLimits = { ...timeLimits, idle: 10_000 };

/** Node's own, which `openConnections.ts` takes the place of. */
const withoutLimits = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 };

const oldestTls = "TLSv1.2";
/** kube-apiserver's own headers are below 1 KiB. */
const maxHeaderSize = 8 * 1024;
/** The kubelet and Prometheus; a flood of the health port is turned away in the kernel's queue. */
const mostHealthConnections = 100;

export interface Address {
  /** Absent: every address, IPv6 too where there is any. */
  host?: string;
  port: number;
}

/** `127.0.0.1:9443`, `[::]:8443`, `:8443`. @throws Error that says what is meant */
export function parseAddress(text: string): Address {
  const found = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]*):(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (!found || port > 65_535) throw new Error(`"${text}" is no address: write it like 0.0.0.0:8443`);
  const host = (found[1] ?? "").replace(/^\[|\]$/g, "");
  return host === "" ? { port } : { host, port };
}

/** For health and metrics, in plain HTTP. */
export function httpServer(app: RequestListener): Server {
  const server = createHttpServer({ ...withoutLimits, maxHeaderSize }, app);
  server.maxConnections = mostHealthConnections;
  return watched(server, healthLimits);
}

/** Answers no handshake until it has a certificate. How many connections it bears, `crowd.ts` decides. */
export const httpsServer = (app: RequestListener, limits: TimeLimits = timeLimits): HttpsServer =>
  watched(createHttpsServer({ ...withoutLimits, handshakeTimeout: limits.handshake, maxHeaderSize, minVersion: oldestTls }, app), limits);

const open = new WeakMap<Server | HttpsServer, OpenConnections>();

function watched<T extends Server | HttpsServer>(server: T, limits: TimeLimits): T {
  open.set(server, openConnections(server, limits));
  return server;
}

/** From the next handshake on; open connections keep what they have. */
export function serve(server: HttpsServer, { cert, key }: KeyPair): void {
  server.setSecureContext({ cert, key, minVersion: oldestTls });
}

export function listen(server: Server | HttpsServer, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

export interface DrainTimes {
  /** So long new requests still come: kube-proxy and kube-apiserver hear late that we are leaving. */
  lingerMs: number;
  /** After that, a connection that has not been used for so long is closed: its client hardly begins to in that very moment. */
  quietMs: number;
  /** So long requests under way may take after that. */
  finishMs: number;
}

/**
 * Stops a server without failing a request: the readiness is gone already and answers say `Connection: close`. Only the listener is closed; Node's own
 * `server.close()` would also cut what is idle for no more than a moment. And that in the last phase of a turn of the event loop, after it has read what the
 * kernel held: a timer may fire before, and on a busy machine long after its time, when requests are here that nobody has read.
 */
export async function drain(server: Server | HttpsServer, { lingerMs, quietMs, finishMs }: DrainTimes): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, lingerMs));
  await whenNobodyWaits(server);
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  const sweep = setInterval(() => lastPhase().then(() => open.get(server)?.hangUp(quietMs)), 50);
  const giveUp = setTimeout(() => server.closeAllConnections(), finishMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(giveUp);
}

/** More callers than any queue of the kernel holds; who floods us must not keep us here. */
const mostWaiting = 5_000;

/** Resolves when the kernel holds no connection that is to be accepted: libuv accepts one in each turn of the event loop (libuv#3696). */
async function whenNobodyWaits(server: Server | HttpsServer): Promise<void> {
  let [came, before] = [0, -1];
  const count = () => {
    came += 1;
  };
  server.on("connection", count);
  while (came > before && came < mostWaiting) {
    before = came;
    await lastPhase();
  }
  server.off("connection", count);
}
