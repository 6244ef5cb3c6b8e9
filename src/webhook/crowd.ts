import type { Server } from "node:https";
import type { Socket } from "node:net";

/** kube-apiserver keeps 25 idle connections for each of its own replicas; a TLS connection costs about 60 KiB here. */
const mostConnections = 1_100;

export interface Crowd {
  /** Connections open now. */
  size(): number;
}

/**
 * Keeps a place for kube-apiserver when others hold too many connections. One too many, and somebody has to go: the newcomer that has waited
 * longest without a review answered; when there are none, whose last review is longest ago. So those that bring reviews stay.
 */
export function limitCrowd(server: Server, dropped: () => void, most = mostConnections): Crowd {
  // In order of arrival, and of the last review. By address, since the socket that TLS hands out is not the one that was accepted.
  const newcomers = new Map<string, Socket>();
  const regulars = new Map<string, Socket>();

  server.on("connection", (socket: Socket) => {
    const who = nameOf(socket);
    newcomers.set(who, socket);
    socket.once("close", () => {
      if (newcomers.get(who) === socket) newcomers.delete(who);
      if (regulars.get(who) === socket) regulars.delete(who);
    });
    if (newcomers.size + regulars.size <= most) return;
    const [leaves] = newcomers.size > 1 || regulars.size === 0 ? newcomers.values() : regulars.values();
    leaves?.destroy();
    dropped();
  });
  server.on("request", (request, response) => {
    response.once("finish", () => {
      if (response.statusCode !== 200) return;
      const who = nameOf(request.socket);
      const socket = newcomers.get(who) ?? regulars.get(who);
      if (!socket) return;
      newcomers.delete(who);
      regulars.delete(who);
      regulars.set(who, socket);
    });
  });
  return { size: () => newcomers.size + regulars.size };
}

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
