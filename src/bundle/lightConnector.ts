import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";

export type Connected = (error: Error | null, socket: TLSSocket | null) => void;
export type Connector = (options: { hostname: string; port: number; servername?: string }, callback: Connected) => void;

/** TLS alone: an API server by plain HTTP needs none. */
export function buildConnector(options: { timeout: number; servername?: string; [option: string]: unknown }): Connector {
  const { timeout, servername, allowH2: _, ...tls } = options;
  return ({ hostname, port }, callback) => {
    // Node says no name by itself, and whoever serves several clusters at one address (SNI) knows them by it.
    const name = servername ?? (isIP(hostname) ? undefined : hostname);
    const socket = connect({ ...tls, host: hostname, port, ALPNProtocols: ["http/1.1"], ...(name ? { servername: name } : {}) });
    const limit = setTimeout(
      () => socket.destroy(Object.assign(new Error("Connect Timeout Error"), { code: "UND_ERR_CONNECT_TIMEOUT" })),
      timeout,
    );
    const end = (error: Error | null) => {
      clearTimeout(limit);
      socket.off("error", end).off("secureConnect", made);
      callback(error, error === null ? socket : null);
    };
    const made = () => end(null);
    socket.on("error", end).on("secureConnect", made);
  };
}
