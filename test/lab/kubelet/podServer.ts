import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { errorShare } from "./errorShare.ts";
import type { ImageBehaviour } from "./imageBehaviour.ts";

export interface PodServer {
  /** From here on every answer asks the caller to close its connection. */
  leave(): void;
  /** Refuses new connections, finishes open requests; resolves when the last connection is gone. */
  drain(): Promise<void>;
  /** Cuts everything off, as SIGKILL does. */
  kill(): void;
}

export interface PodServerOptions {
  readonly pod: string;
  readonly address: string;
  readonly ports: readonly number[];
  readonly image: string;
  readonly behaviour: ImageBehaviour;
  /** The how-manyth pod of this image, see errorShare. */
  readonly nth: number;
  /** Seconds since the pod became ready; 0 before. */
  readonly secondsReady: () => number;
}

/** The pod's containers as far as a caller can tell: one small HTTP server on each port of the pod's own address. */
export async function servePod(options: PodServerOptions): Promise<PodServer> {
  const { behaviour, pod, image } = options;
  const isError = errorShare(options.nth);
  const body = (status: number) => Buffer.from(`${JSON.stringify({ status, version: behaviour.version, image, pod })}\n`);
  const bodies = { 200: body(200), 503: body(503) };
  const headers = { server: behaviour.version, "x-pod": pod, "x-image": image, "content-type": "application/json" };
  let leaving = false;

  function errorPercent(): number {
    const late = behaviour.lateErrors;
    return late !== undefined && options.secondsReady() >= late.afterSeconds ? late.percent : behaviour.errorPercent;
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const status = isError(errorPercent()) ? 503 : 200;
    const send = () => {
      if (leaving) response.shouldKeepAlive = false;
      response.writeHead(status, { ...headers, "content-length": bodies[status].length });
      response.end(request.method === "HEAD" ? undefined : bodies[status]);
    };
    if (behaviour.delayMs > 0) setTimeout(send, behaviour.delayMs);
    else send();
  }

  const servers: Server[] = [];
  const kill = () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  };
  try {
    for (const port of options.ports) {
      // No time-outs: an idle connection that the pod closes by itself races with the proxy's next request on it, and a
      // 503 of that kind would be the lab's and not the product's.
      const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, answer);
      servers.push(server);
      await listening(server, port, options.address);
    }
  } catch (error) {
    kill();
    throw error;
  }

  return {
    leave: () => {
      leaving = true;
    },
    // close() also ends idle connections; those with a request under way end after its answer.
    drain: async () => {
      leaving = true;
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    },
    kill,
  };
}

function listening(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
