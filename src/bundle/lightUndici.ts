import { Agent as HttpAgent, type IncomingMessage, request as plain } from "node:http";
import { Agent as HttpsAgent, request as secure } from "node:https";
import type { Connected, Connector } from "./lightConnector.ts";

export { buildConnector } from "./lightConnector.ts";

/*
 * What `src/kube` uses of undici, over Node's own client, for the bundle of `kubectl serin`: undici and its WebAssembly take 40 of the 180 ms of a `get`.
 * Servers of Serin keep undici, whose pools bear a fleet; a command sends a handful of requests.
 */
interface Asked {
  path: string;
  method: string;
  headers: Record<string, string | string[]>;
  body?: string | null;
  signal?: AbortSignal;
}

interface PoolOptions {
  connect: Connector;
  connections: number | null;
  keepAliveTimeout: number;
}

/** Keep-alive connections to one origin. */
export class Pool {
  readonly stats = { connected: 0 };
  readonly #place: { hostname: string; port: number };
  readonly #agent: HttpAgent;
  readonly #send: typeof plain;

  /** @param options `keepAliveTimeout`: how long an idle connection is kept, milliseconds; what lies between may forget one that waits for a person's answer */
  constructor(origin: string, { connect, connections, keepAliveTimeout }: PoolOptions) {
    const { protocol, hostname, port } = new URL(origin);
    const isTls = protocol === "https:";
    this.#place = { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || (isTls ? 443 : 80)) };
    const kept = { keepAlive: true, timeout: keepAliveTimeout, maxSockets: connections ?? Number.POSITIVE_INFINITY };
    this.#agent = new (isTls ? HttpsAgent : HttpAgent)(kept);
    this.#send = isTls ? secure : plain;
    if (isTls) Object.assign(this.#agent, { createConnection: (_: unknown, made: Connected) => void connect(this.#place, made) });
  }

  request({ path, method, headers, body, signal }: Asked): Promise<unknown> {
    // Said by ourselves: Node sends the body of a DELETE without it, and then a server takes it for the next request.
    const length = body ? { "content-length": Buffer.byteLength(body) } : {};
    return new Promise((resolve, reject) => {
      const asked = this.#send({ ...this.#place, agent: this.#agent, path, method, headers: { ...headers, ...length } }, (answer) =>
        resolve({ statusCode: answer.statusCode, headers: answer.headers, body: bodyOf(answer) }),
      );
      const abort = () => asked.destroy(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
      asked.on("error", reject).once("close", () => signal?.removeEventListener("abort", abort));
      signal?.addEventListener("abort", abort);
      if (signal?.aborted) abort();
      // Bytes, not text: Node would write the headers in the encoding of a text, which is not theirs.
      asked.end(body ? Buffer.from(body) : undefined);
    });
  }

  destroy = async (): Promise<void> => this.#agent.destroy();
}

function bodyOf(answer: IncomingMessage) {
  const text = async () => (await answer.setEncoding("utf8").toArray()).join("");
  return Object.assign(answer, { text, json: async () => JSON.parse(await text()) as unknown });
}
