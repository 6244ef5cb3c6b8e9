import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  method: string;
  path: string;
  query: string | null;
  /** Absent for the present. */
  time?: string;
  headers: IncomingMessage["headers"];
}

/** A Prometheus that answers as the test says; every request is remembered. */
export async function hostileServer(answer: (response: ServerResponse, asked: Asked) => void) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://stub");
      const form = request.method === "POST" ? new URLSearchParams(Buffer.concat(chunks).toString()) : url.searchParams;
      const time = form.get("time");
      const one = {
        method: request.method ?? "",
        path: url.pathname,
        query: form.get("query"),
        headers: request.headers,
        ...(time !== null && { time }),
      };
      asked.push(one);
      answer(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const success = (data: unknown, extra: object = {}): string => JSON.stringify({ status: "success", data, ...extra });

/** An instant vector of these values, spelled as Prometheus does. */
export const vector = (...values: unknown[]): string =>
  success({
    resultType: "vector",
    result: values.map((value, index) => ({ metric: { series: `${index}` }, value: [1_767_225_600.5, value] })),
  });
