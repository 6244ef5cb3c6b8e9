import type { ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import { createPrometheus, type PrometheusOptions } from "../../src/prometheus/client.ts";
import { type Asked, hostileServer } from "./hostileServer.ts";

/** When the samples of `vector()` were taken, ms since epoch. */
export const sampledAt = 1_767_225_600_500;

type Answer = (response: ServerResponse, asked: Asked) => void;

/** A client of one's own, closed with the test. */
export function aClient(options: PrometheusOptions) {
  const client = createPrometheus({ now: () => sampledAt, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A client against a server that answers so; both end with the test. */
export async function against(answer: Answer, options: Partial<PrometheusOptions> = {}) {
  const server = await hostileServer(answer);
  onTestFinished(server.close);
  return { ...server, client: aClient({ defaultAddress: server.address, timeoutMs: 2_000, ...options }) };
}

/** A reply of one piece. */
export const says =
  (body: string, status = 200, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  };

/** What the client says about a server that answers so. */
export async function errorOf(answer: Answer, options: Partial<PrometheusOptions> = {}): Promise<string> {
  const { client } = await against(answer, options);
  const got = await client.query("up");
  return got.kind === "error" ? got.message : `no error but ${JSON.stringify(got)}`;
}
