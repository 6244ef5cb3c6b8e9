import type { Server } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";

export interface QuietConnections {
  /** Hangs up on each connection on which nothing has happened for so long: no handshake ended, no request under way or answered. */
  hangUp(afterMs: number): void;
}

/**
 * When each connection of a server was last of use. Node closes whatever is idle at once, and kube-apiserver may be sending its next request on such a
 * connection just then.
 */
export function quietConnections(server: Server | HttpsServer): QuietConnections {
  const lastUse = new Map<Socket, number>();
  const used = (socket: Socket, at = performance.now()) => {
    if (!socket.destroyed) lastUse.set(socket, at);
  };
  server.on("setSecureContext" in server ? "secureConnection" : "connection", (socket: Socket) => {
    used(socket);
    socket.once("close", () => lastUse.delete(socket));
  });
  server.on("request", ({ socket }, response) => {
    used(socket, Number.POSITIVE_INFINITY);
    response.on("close", () => used(socket));
  });
  return {
    hangUp(afterMs) {
      for (const [socket, at] of lastUse) if (performance.now() - at >= afterMs) socket.end();
    },
  };
}
