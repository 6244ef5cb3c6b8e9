/** One watch: opened, read to its end, torn down when it falls silent. */
import { ApiError, errorFromWatch } from "./apiError.ts";
import { lineCutter } from "./lineCutter.ts";
import type { KubeObject, Storable } from "./object.ts";
import type { Request, Transport } from "./transport.ts";
import { unanswered } from "./transport.ts";

export type WatchEvent<T extends Storable = KubeObject> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  /** Nothing changed; says how far the server's history goes. Only metadata.resourceVersion is filled. */
  | { type: "BOOKMARK"; object: T };

export interface WatchOptions {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Events after this one, without it. */
  resourceVersion: string;
  /** How long the server shall keep the watch open, seconds. */
  timeoutSeconds?: number | undefined;
  /** Without a byte for so long the connection counts as dead, milliseconds. */
  silenceLimitMs?: number | undefined;
  /** Called for each chunk that arrives. */
  onBytes?: (() => void) | undefined;
  /** Aborting ends the watch without an error. */
  signal: AbortSignal;
}

/**
 * kube-apiserver sends a bookmark about once a minute on each watch that asks for them. One and a half of that period
 * leaves room for a late one; a connection that lost its peer without a FIN (a cut cable, a load balancer's idle limit,
 * conntrack) is then found in 90 s instead of never (kubernetes-client/javascript #364, #596, #958). A server that
 * sends no bookmarks only costs us a new watch each 90 s.
 */
export const silenceLimit = 90_000;

/** Reads events until the server ends the watch. @throws ApiError for everything that is no regular end */
export async function readWatch<T extends Storable>(
  transport: Transport,
  request: Request,
  options: Pick<WatchOptions, "silenceLimitMs" | "onBytes" | "signal">,
  onEvent: (event: WatchEvent<T>) => void,
): Promise<void> {
  const limit = options.silenceLimitMs ?? silenceLimit;
  const silence = new AbortController();
  const timer = setTimeout(() => {
    const message = `no byte for ${limit / 1000} s, though bookmarks come once a minute`;
    silence.abort(new ApiError({ code: 0, reason: "Silent", doing: request.doing, message }));
  }, limit);
  const cut = lineCutter((line) => onEvent(parseEvent<T>(request.doing, line)));
  try {
    const response = await transport.open(request, AbortSignal.any([options.signal, silence.signal]));
    response.body.setEncoding("utf8");
    for await (const chunk of response.body as AsyncIterable<string>) {
      timer.refresh();
      options.onBytes?.();
      cut(chunk);
    }
  } catch (error) {
    if (!options.signal.aborted) {
      throw unanswered(request.doing, error, limit);
    }
  } finally {
    clearTimeout(timer);
  }
}

function parseEvent<T extends Storable>(doing: string, line: string): WatchEvent<T> {
  let event: { type?: string; object?: unknown };
  try {
    event = JSON.parse(line) as { type?: string; object?: unknown };
  } catch {
    throw new ApiError({ code: 0, reason: "BadAnswer", doing, message: `a line of ${line.length} characters is no JSON` });
  }
  switch (event?.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
    case "BOOKMARK":
      return event as WatchEvent<T>;
    case "ERROR":
      throw errorFromWatch(doing, event.object);
    default:
      throw new ApiError({ code: 0, reason: "BadAnswer", doing, message: "a line has no known event type" });
  }
}
