import type { IncomingMessage, Server } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";

/** Milliseconds. */
export interface Patience {
  /** From the first byte of a request to the end of its headers. */
  headers: number;
  /** From there to the end of its body. */
  body: number;
  /** Without any byte: after a request, and before the first one. */
  idle: number;
  /** How often it is looked. */
  every: number;
}

export interface OpenConnections {
  /**
   * Hangs up on each connection on which nothing has happened for so long: no handshake ended, no request under way or answered, no byte of one read.
   * To be called when what has come meanwhile was read: in a turn's last phase.
   */
  hangUp(afterMs: number): void;
}

interface Use {
  /** When something last happened on it: the handshake, the headers of a request, the end of an answer. On the monotonic clock. */
  since: number;
  /** The request under way. */
  request: IncomingMessage | undefined;
  /** Bytes read up to then; more of them without a request are headers that come. */
  read: number;
  /** When they were first seen to come. */
  begun: number | undefined;
}

/**
 * The open connections of a server, and how long each may keep us waiting. In place of Node's own limits, which count the headers of a first request
 * from the handshake: kube-apiserver dials ahead and may send seconds later, and the 408 that Node then writes is taken for the answer to its review
 * (2 of 90,000 reviews failed so while certificates rotated, which makes many connections). And Node closes whatever is idle at once, when a server
 * closes, while kube-apiserver may be sending its next request.
 */
export function openConnections(server: Server | HttpsServer, patience: Patience): OpenConnections {
  const uses = new Map<Socket, Use>();
  const idle = (socket: Socket): Use => ({ since: performance.now(), request: undefined, read: socket.bytesRead, begun: undefined });

  server.on("setSecureContext" in server ? "secureConnection" : "connection", (socket: Socket) => {
    uses.set(socket, idle(socket));
    socket.once("close", () => uses.delete(socket));
  });
  server.on("request", (request, response) => {
    const { socket } = request;
    uses.set(socket, { since: performance.now(), request, read: 0, begun: undefined });
    response.on("close", () => {
      if (!socket.destroyed) uses.set(socket, idle(socket));
    });
  });

  const sweep = setInterval(() => {
    const now = performance.now();
    for (const [socket, use] of uses) if (isTooSlow(socket, use, now, patience)) socket.destroy();
  }, patience.every).unref();
  server.on("close", () => clearInterval(sweep));

  return {
    hangUp(afterMs) {
      for (const [socket, { request, since, read }] of uses)
        if (!request && socket.bytesRead === read && performance.now() - since >= afterMs) socket.end();
    },
  };
}

function isTooSlow(socket: Socket, use: Use, now: number, { headers, body, idle }: Patience): boolean {
  if (use.request) return !use.request.complete && now - use.since >= body;
  if (socket.bytesRead === use.read) return now - use.since >= idle;
  use.begun ??= now;
  return now - use.begun >= headers;
}
