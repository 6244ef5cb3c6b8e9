import { createServer, type Server, type ServerResponse } from "node:http";
import { PROMETHEUS, PROMETHEUS_FRONT } from "./addresses.ts";

/** How a query is answered in Prometheus' place. */
export type Answer = (response: ServerResponse) => void;

/**
 * Stands between Serin and the lab's Prometheus (`startLab({ asks: front.address })`): passes every query through, except those that a test has an
 * answer for.
 */
export interface Front {
  readonly address: string;
  /** Answers by a text that is in the query. */
  readonly answers: Map<string, Answer>;
  /** Refuses connections, as where nobody listens. */
  refuse(): Promise<void>;
  listen(): Promise<void>;
}

const [host = "", port = ""] = PROMETHEUS_FRONT.split(":");

export async function frontPrometheus(): Promise<Front> {
  const answers = new Map<string, Answer>();
  let server: Server | undefined;
  const front: Front = {
    address: `http://${PROMETHEUS_FRONT}`,
    answers,
    listen: async () => {
      const next = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          const form = Buffer.concat(chunks).toString();
          const query = new URLSearchParams(form).get("query") ?? "";
          const answer = [...answers].find(([part]) => query.includes(part))?.[1];
          if (answer !== undefined) return answer(response);
          void passThrough(request.url ?? "/", form, response);
        });
      });
      await new Promise<void>((resolve) => next.listen(Number(port), host, resolve));
      server = next;
    },
    refuse: async () => {
      const ending = server;
      server = undefined;
      if (ending === undefined) return;
      ending.closeAllConnections();
      await new Promise((resolve) => ending.close(resolve));
    },
  };
  await front.listen();
  return front;
}

async function passThrough(path: string, form: string, response: ServerResponse): Promise<void> {
  try {
    const answer = await fetch(`http://${PROMETHEUS}${path}`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form,
    });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  } catch {
    response.destroy();
  }
}

/** An instant vector of these values at the present. */
export const values =
  (...texts: string[]): Answer =>
  (response) => {
    const result = texts.map((text, index) => ({ metric: { series: `${index}` }, value: [Date.now() / 1_000, text] }));
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  };

/** A body of 1 GB, as fast as it is read. */
export const gigabyte: Answer = (response) => {
  const chunk = Buffer.alloc(65_536, 32);
  let left = 1_000_000_000;
  const pump = (): void => {
    while (left > 0 && !response.destroyed && response.write(chunk)) left -= chunk.length;
    if (left <= 0) response.end();
  };
  response.writeHead(200, { "content-type": "application/json" });
  response.on("drain", pump);
  pump();
};
