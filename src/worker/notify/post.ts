import { type Dispatcher, request } from "undici";
import { excerpt } from "../../prometheus/failure.ts";

/** One HTTP exchange with a receiver that may be unfriendly. */
export interface Posting {
  url: URL;
  body: string;
  contentType: string;
  headers?: Readonly<Record<string, string>>;
  dispatcher: Dispatcher;
  /** Ends it before its time. */
  signal: AbortSignal;
  /** For everything, to the last byte of the answer. */
  deadlineMs: number;
}

/** `again`: may go well later; `afterMs`: the receiver says when. `refused`: this letter will never be taken. */
export type Posted = { kind: "delivered" } | { kind: "again"; message: string; afterMs?: number } | { kind: "refused"; message: string };

/** Longest answer that is read, in bytes. Nobody looks at it; a connection is only used again when it was read to its end. */
const longestAnswer = 65_536;

/** These speak of the letter and not of the receiver: 400 Bad Request, 413 Content Too Large, 415 Unsupported Media Type, 422 Unprocessable Content. */
const aboutTheLetter: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** Never throws. Follows no redirect, and quotes nothing of the answer: a receiver may repeat the token that it was given. */
export async function post({ url, body, contentType, headers = {}, dispatcher, signal, deadlineMs }: Posting): Promise<Posted> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  try {
    const answer = await request(url, {
      method: "POST",
      headers: { ...headers, "content-type": contentType, "user-agent": "serin-worker", "accept-encoding": "identity" },
      body,
      dispatcher,
      signal: deadline,
    });
    await drain(answer.body);
    return judged(url.host, answer.statusCode, answer.headers["retry-after"]);
  } catch (error) {
    if (deadline.aborted) return { kind: "again", message: `${url.host} did not answer within ${deadlineMs / 1_000}s` };
    return { kind: "again", message: `${url.host} can't be reached: ${whyNot(error)}` };
  }
}

/** Beyond the limit the connection is closed; what the status says holds all the same. */
async function drain(body: Dispatcher.ResponseData["body"]): Promise<void> {
  let length = 0;
  for await (const chunk of body) {
    length += (chunk as Uint8Array).byteLength;
    if (length > longestAnswer) return;
  }
}

function judged(host: string, status: number, retryAfter: string | string[] | undefined): Posted {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const message = `${host} answered HTTP ${status}${adviceOf(status)}`;
  if (aboutTheLetter.has(status)) return { kind: "refused", message };
  const seconds = Number(retryAfter);
  return { kind: "again", message, ...(Number.isFinite(seconds) && seconds > 0 ? { afterMs: Math.min(seconds, 300) * 1_000 } : {}) };
}

function adviceOf(status: number): string {
  if (status >= 300 && status < 400) return ": redirects aren't followed, write the address that it points to";
  if (status === 401 || status === 403) return ": it does not take the address or the credentials in the Secret";
  if (status === 404 || status === 410) return ": there is no receiver under this address";
  if (status === 429) return ": it is told too much";
  return "";
}

function whyNot(error: unknown): string {
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  return cause instanceof Error && cause.message !== "" ? excerpt(cause.message) : "unknown error";
}
