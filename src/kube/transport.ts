/** One request to the API server: limits, errors, and the few cases in which it is sent again. */
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { ApiError, errorFromAnswer } from "./apiError.ts";
import type { Connection } from "./connection.ts";

export interface Request {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  contentType?: string;
  /** See `PatchOptions`. */
  bodyAfterMs?: number | undefined;
  /** For error messages: `patch deployments.apps shop/nginx`. */
  doing: string;
}

export interface Transport {
  /** @returns the parsed answer @throws ApiError */
  send(request: Request): Promise<unknown>;
  /** Opens a watch. @throws ApiError */
  open(request: Request, signal: AbortSignal): Promise<Dispatcher.ResponseData>;
}

export interface TransportOptions {
  /** Milliseconds for one read, or for a write with all its waiting. */
  timeoutMs: number;
  /** Never wait for a free connection. */
  urgent: boolean;
}

/** A read is sent at most so often; so is a write that the server refused without looking at it. */
const attempts = 3;
/** The pause before the second attempt, milliseconds; it doubles. The server's Retry-After comes on top when it is longer. */
const firstPause = 100;
/** What is no better a moment later. */
const hopeless = new Set(["BadAnswer", "Untrusted"]);
/** Nobody waits longer than this inside one call, milliseconds: the caller's queue is the better place to wait. */
const longestPause = 5_000;

export function transportOver(connection: Connection, { timeoutMs, urgent }: TransportOptions): Transport {
  const prefix = new URL(connection.server).pathname.replace(/\/$/, "");

  const dispatch = async (pool: Dispatcher, request: Request, signal: AbortSignal, limitMs?: number): Promise<Dispatcher.ResponseData> => {
    const headers = await abortable(connection.headers(), signal);
    const query = queryString({ ...request.query, timeout: limitMs === undefined ? undefined : `${Math.ceil(limitMs)}ms` });
    return pool.request({
      path: `${prefix}${request.path}${query}`,
      method: request.method,
      headers: request.body === undefined ? headers : { ...headers, "content-type": request.contentType ?? "application/json" },
      body: bodyOf(request),
      signal,
    });
  };

  /**
   * The server gets the same limit as a query parameter: it gives up the work then, so a write that we no longer wait
   * for can't take effect much later (design I9).
   */
  const once = async (request: Request, limitMs: number): Promise<unknown> => {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(limitMs)));
    try {
      const response = await dispatch(urgent ? connection.standing : connection.requests, request, signal, limitMs);
      return answerOf(request.doing, response, await response.body.text());
    } catch (error) {
      throw unanswered(request.doing, error, limitMs);
    }
  };

  return {
    async send(request) {
      const isRead = request.method === "GET";
      const deadline = performance.now() + timeoutMs;
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(request, isRead ? timeoutMs : deadline - performance.now());
        } catch (error) {
          if (error instanceof ApiError && error.code === 401) {
            connection.unauthorized();
          }
          const pause = pauseBeforeAgain(error, isRead, attempt);
          if (pause === undefined || (!isRead && performance.now() + pause >= deadline)) {
            throw error;
          }
          await sleep(pause);
        }
      }
    },
    async open(request, signal) {
      const headLimit = new AbortController();
      const timer = setTimeout(() => headLimit.abort(new DOMException("no answer", "TimeoutError")), timeoutMs);
      try {
        const response = await dispatch(connection.standing, request, AbortSignal.any([signal, headLimit.signal]));
        if (response.statusCode !== 200) {
          const error = errorFromAnswer(request.doing, response.statusCode, await response.body.text(), retryAfter(response));
          if (error.code === 401) {
            connection.unauthorized();
          }
          throw error;
        }
        return response;
      } catch (error) {
        throw unanswered(request.doing, error, timeoutMs);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/**
 * Whether, and after how many milliseconds, the same request is sent again. A write only if the server surely did not
 * look at it: 429 is given before the request is handled, 401 before it is even authorised.
 */
export function pauseBeforeAgain(error: unknown, isRead: boolean, attempt: number, random: () => number = Math.random): number | undefined {
  if (!(error instanceof ApiError) || attempt >= attempts) {
    return undefined;
  }
  if (error.code === 401) {
    return attempt === 1 ? 0 : undefined;
  }
  const untouched = error.code === 429;
  const readAgain = isRead && [0, 500, 502, 503, 504].includes(error.code) && !hopeless.has(error.reason);
  if (!untouched && !readAgain) {
    return undefined;
  }
  const pause = Math.max(firstPause * 2 ** (attempt - 1), error.retryAfterMs ?? 0) * (1 + random() / 2);
  return pause <= longestPause ? pause : undefined;
}

function bodyOf({ body, bodyAfterMs }: Request): string | Readable | null {
  if (body === undefined) return null;
  const text = JSON.stringify(body);
  return bodyAfterMs === undefined ? text : Readable.from(inTwo(text, bodyAfterMs), { objectMode: false });
}

/** The headers leave with the first byte. */
async function* inTwo(text: string, milliseconds: number): AsyncGenerator<string> {
  yield text.slice(0, 1);
  await sleep(milliseconds);
  yield text.slice(1);
}

function answerOf(doing: string, response: Dispatcher.ResponseData, body: string): unknown {
  if (response.statusCode < 200 || response.statusCode > 299) {
    throw errorFromAnswer(doing, response.statusCode, body, retryAfter(response));
  }
  try {
    return JSON.parse(body);
  } catch {
    throw new ApiError({
      code: 0,
      reason: "BadAnswer",
      doing,
      message: `status ${response.statusCode}, but a body of ${body.length} characters that is no JSON`,
    });
  }
}

function retryAfter(response: Dispatcher.ResponseData): string | undefined {
  const header = response.headers["retry-after"];
  return typeof header === "string" ? header : undefined;
}

/** Whatever is no answer of the server becomes an ApiError with code 0. */
export function unanswered(doing: string, error: unknown, limitMs: number): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  if (error instanceof Error && error.name === "TimeoutError") {
    return new ApiError({ code: 0, reason: "Timeout", doing, message: `no answer within ${Math.round(limitMs)} ms`, cause: error });
  }
  const reason = untrusted.test((error as NodeJS.ErrnoException).code ?? "") ? "Untrusted" : "Unreachable";
  return new ApiError({ code: 0, reason, doing, message: reasonOf(error), cause: error });
}

/** Node's codes for a certificate that fails verification: the wrong authority, the wrong name, out of date. */
const untrusted = /^(ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(reasonOf).join("; ");
  }
  return error instanceof Error ? error.message || error.name : String(error);
}

function queryString(query: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : ([[key, String(value)]] as [string, string][]),
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = (): void => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
