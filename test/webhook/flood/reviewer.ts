import { Agent, request } from "node:https";
import type { Started } from "./process.ts";

export interface Answered {
  status: number;
  text: string;
  milliseconds: number;
}

export interface Reviewer {
  post(body: string | Buffer): Promise<Answered>;
  close(): void;
}

/** Posts reviews as kube-apiserver does: over connections that it keeps. */
export function reviewer({ port, ca }: Started, connections = 25): Reviewer {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca, servername: "serin-webhook.serin-system.svc" });
  return {
    post: (body) =>
      new Promise((resolve, reject) => {
        const began = performance.now();
        const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
        const asked = request({ agent, port, host: "127.0.0.1", method: "POST", path: "/mutate?timeout=3s", headers }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text, milliseconds: performance.now() - began }));
          response.on("error", reject);
        });
        asked.on("error", reject).end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** Of latencies in milliseconds, say: the value that this share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
