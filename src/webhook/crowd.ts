import type { Server } from "node:https";
import type { Socket } from "node:net";

/** kube-apiserver keeps 25 idle connections for each of its own replicas; a TLS connection costs about 60 KiB here. */
const mostConnections = 1_100;

export interface Crowd {
  /** Connections open now. */
  size(): number;
}

interface Regular {
  accepted: Socket;
  /** When its last review came, on the monotonic clock. */
  lastAt: number;
}

/**
 * Keeps a place for kube-apiserver when others hold too many connections. One too many, and somebody has to go: the newcomer that has waited
 * longest without a review answered; when there are none, whose last review is longest ago. So those that bring reviews stay.
 */
export function limitCrowd(server: Server, dropped: () => void, most = mostConnections): Crowd {
  // By address, since the socket that a request comes from is TLS's and not the one that was accepted. In order of arrival.
  const newcomers = new Map<string, Socket>();
  const regulars = new Map<Socket, Regular>();

  server.on("connection", (accepted: Socket) => {
    const who = nameOf(accepted);
    newcomers.set(who, accepted);
    accepted.once("close", () => {
      if (newcomers.get(who) === accepted) newcomers.delete(who);
    });
    if (newcomers.size + regulars.size <= most) return;
    dropped();
    const leaves = newcomers.size > 1 ? newcomers.values().next().value : quietest();
    (leaves ?? accepted).destroy();
  });
  server.on("request", (request, response) => {
    const { socket } = request;
    const regular = regulars.get(socket);
    if (regular) regular.lastAt = performance.now();
    else response.once("finish", () => response.statusCode === 200 && welcome(socket));
  });

  function welcome(socket: Socket): void {
    const who = nameOf(socket);
    const accepted = newcomers.get(who);
    if (!accepted) return;
    newcomers.delete(who);
    regulars.set(socket, { accepted, lastAt: performance.now() });
    accepted.once("close", () => regulars.delete(socket));
  }
  function quietest(): Socket | undefined {
    const [first, ...others] = regulars.values();
    return others.reduce((a, b) => (b.lastAt < (a?.lastAt ?? 0) ? b : a), first)?.accepted;
  }
  return { size: () => newcomers.size + regulars.size };
}

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
