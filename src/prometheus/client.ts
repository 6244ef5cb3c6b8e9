import { Agent, type Dispatcher } from "undici";
import type { MetricAnswer } from "../core/analysis/answer.ts";
import { type Access, accesses, type CredentialsSource } from "./access.ts";
import { apiAddress } from "./address.ts";
import { ask } from "./ask.ts";
import { excerpt, type Failure, failure, isFailure } from "./failure.ts";
import { lanes } from "./lanes.ts";
import { pace } from "./pace.ts";
import { parseAnswer, type Series } from "./parseAnswer.ts";
import { sharedAnswers } from "./sharedAnswers.ts";

/** What Prometheus answered: the values in the order of the reply, and the series they belong to. */
export type PrometheusAnswer =
  | (Extract<MetricAnswer, { kind: "values" }> & { readonly series: readonly Series[]; readonly warnings: readonly string[] })
  | Failure;

export interface QueryOptions {
  /** URL of another server than the default one. */
  address?: string | undefined;
  /** Name of the Secret with the credentials for it; the default server's own when neither is given. */
  credentials?: string | undefined;
  /** Total time, waiting in the queue and the last byte included; at most 30 s. */
  timeoutMs?: number | undefined;
  /** Most series that the answer may have; the client's own bound when absent. */
  maxSeries?: number | undefined;
  /** Ends the wait of this caller. */
  signal?: AbortSignal | undefined;
  /** The time that is asked about, ms since epoch; the present when absent. */
  at?: number | undefined;
}

/** The seam that the rest of src/prometheus needs. */
export interface Prometheus {
  /** One instant query. Never throws. */
  query(promql: string, options?: QueryOptions): Promise<PrometheusAnswer>;
}

export interface PrometheusOptions {
  /** Asked where a metric names no address of its own. */
  defaultAddress?: string | undefined;
  /** Name of the Secret with the credentials for it. Without that Secret it is asked without. */
  defaultCredentials?: string | undefined;
  /** Looks credentials up; without it there are none. */
  credentials?: CredentialsSource;
  /** For tests, and for a CA of one's own. */
  dispatcher?: Dispatcher;
  timeoutMs?: number;
  /** Longest body that is read, in bytes. */
  maxBytes?: number;
  /** Most series that an answer may have. */
  maxSeries?: number;
  /** Queries under way at one server at the same time; more wait. */
  concurrency?: number;
  /** Milliseconds since the epoch; answers of more than five minutes before the time that is asked about are none. */
  now?: () => number;
  /** Milliseconds between the starts of two queries, all servers together. */
  paceMs?: number;
}

interface Question {
  url: URL;
  promql: string;
  at: number | undefined;
  deadlineMs: number;
  /** Most series. */
  most: number;
  access: Access;
}

const longestTimeout = 30_000;

/** As long as Prometheus itself takes a sample for the present (its lookback delta). */
const oldestMs = 300_000;

/**
 * A client that an unfriendly server can't hurt (research/reliability.md P1, P2): a deadline over everything, bodies and series capped while
 * they are read, no redirect followed, no compression asked for, every reply checked. Identical queries that overlap are asked once. Each server
 * has its own queue: one that is slow delays nobody who asks another. Credentials go to the server that they are named for and nowhere else.
 */
export function createPrometheus(options: PrometheusOptions): Prometheus & { close(): Promise<void> } {
  const {
    defaultAddress,
    defaultCredentials,
    timeoutMs = 5_000,
    maxBytes = 1_048_576,
    maxSeries = 1_000,
    concurrency = 8,
    paceMs = 20,
    now = Date.now,
  } = options;
  const dispatcher = options.dispatcher ?? new Agent({ connections: concurrency });
  const reach = accesses({ open: dispatcher, credentials: options.credentials ?? (async () => undefined), connections: concurrency });
  const queues = new Map<string, ReturnType<typeof lanes>>();
  const turn = pace(paceMs);
  const share = sharedAnswers<PrometheusAnswer>();

  const askOnce = async ({ url, promql, at, deadlineMs, most, access }: Question, abandoned: AbortSignal): Promise<PrometheusAnswer> => {
    const deadline = AbortSignal.any([abandoned, AbortSignal.timeout(deadlineMs)]);
    const leave = await queueOf(queues, url.origin, concurrency)(deadline);
    if (leave === undefined) return failure(`waited ${deadlineMs / 1_000}s behind ${concurrency} other queries: Prometheus is too slow`);
    try {
      await turn(deadline);
      const { dispatcher: through, authorization } = access;
      const body = await ask({ url, promql, at, signal: deadline, deadlineMs, maxBytes, dispatcher: through, authorization });
      if (isFailure(body)) return body;
      const parsed = parseAnswer(body, most, (at ?? now()) - oldestMs);
      return isFailure(parsed) ? parsed : { kind: "values", values: parsed.series.map(({ value }) => value), ...parsed };
    } catch (error) {
      return failure(`Serin could not read the answer, which is a bug of Serin's: ${excerpt(String(error))}`);
    } finally {
      leave();
    }
  };

  return {
    query: async (promql, { address, credentials, timeoutMs: asked = timeoutMs, maxSeries: most = maxSeries, signal, at } = {}) => {
      const url = apiAddress(address ?? defaultAddress);
      if (isFailure(url)) return url;
      const isDefault = address === undefined && credentials === undefined;
      const access = await reach.of(isDefault ? defaultCredentials : credentials, isDefault);
      if (isFailure(access)) return access;
      const deadlineMs = Math.max(1, Math.min(asked, longestTimeout));
      const key = `${at ?? ""} ${deadlineMs} ${most} ${access.key} ${url.href} ${promql}`;
      const answer = await share(key, signal, (abandoned) => askOnce({ url, promql, at, deadlineMs, most, access }, abandoned));
      return answer ?? failure("the query was cancelled: its plan has ended or this worker is stopping");
    },
    close: async () => {
      await reach.close();
      if (options.dispatcher === undefined) await dispatcher.destroy();
    },
  };
}

/** The queue of one server. There are as many as policies name servers. */
function queueOf(queues: Map<string, ReturnType<typeof lanes>>, origin: string, concurrency: number): ReturnType<typeof lanes> {
  const known = queues.get(origin);
  if (known !== undefined) return known;
  const fresh = lanes(concurrency);
  queues.set(origin, fresh);
  return fresh;
}
