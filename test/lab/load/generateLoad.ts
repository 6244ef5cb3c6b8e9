import { performance } from "node:perf_hooks";
import { Pool } from "undici";
import type { LoadReport } from "./loadReport.ts";
import { type Tally, tally } from "./tally.ts";

export interface LoadTarget {
  /** Where to connect to, e.g. LAB_GATEWAY. */
  readonly url: string;
  /** The Host header, if not the url's. */
  readonly host?: string;
  readonly path?: string;
  /** Requests per second. */
  readonly rate: number;
  /** Connections at most; only as many are opened as are busy at once. */
  readonly connections?: number;
}

export interface RunningLoad {
  mark(name: string, at?: number): void;
  report(): LoadReport;
  /** Sends nothing more, waits for the answers that are due. */
  stop(): Promise<LoadReport>;
}

const TIMEOUT_MS = 15_000;
const CONNECTIONS = 256;

/**
 * Sends requests on a fixed schedule, whether or not earlier ones were answered (open loop), and counts from the time
 * each was due: a stall shows in every request that it hit, not only in the one that waited.
 */
export function generateLoad(target: LoadTarget): RunningLoad {
  const pool = new Pool(new URL(target.url).origin, {
    connections: target.connections ?? CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    connect: { timeout: TIMEOUT_MS },
  });
  const options = {
    method: "GET",
    path: target.path ?? "/",
    headers: target.host === undefined ? {} : { host: target.host },
  } as const;
  const startedAt = now();
  const counts: Tally = tally({ url: target.url + options.path, host: target.host, rate: target.rate }, startedAt);
  const underWay = new Set<Promise<void>>();
  let next = 0;
  let timer: NodeJS.Timeout | undefined;

  async function send(dueAt: number): Promise<void> {
    counts.sent();
    try {
      const answer = await pool.request(options);
      const body = answer.statusCode === 200 ? await answer.body.dump().then(() => "") : await answer.body.text();
      counts.ended({ dueAt, endedAt: now(), status: answer.statusCode, headers: answer.headers, body });
    } catch (error) {
      counts.ended({ dueAt, endedAt: now(), status: 0, headers: {}, body: describe(error) });
    }
  }

  function sendDue(): void {
    for (let dueAt = startedAt + (next * 1000) / target.rate; ; dueAt = startedAt + (next * 1000) / target.rate) {
      const wait = dueAt - now();
      if (wait > 0) {
        timer = setTimeout(sendDue, Math.ceil(wait));
        return;
      }
      next++;
      const sending = send(dueAt).finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
  }
  sendDue();

  return {
    mark: (name, at = now()) => counts.mark({ name, at }),
    report: () => counts.report(now()),
    async stop() {
      // A generator that fell behind owes what was due until now.
      clearTimeout(timer);
      sendDue();
      clearTimeout(timer);
      const endedAt = now();
      await Promise.all(underWay);
      await pool.destroy();
      return counts.report(endedAt);
    },
  };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: string }).code;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
