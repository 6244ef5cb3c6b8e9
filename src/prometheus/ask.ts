import { type Dispatcher, request } from "undici";
import { excerpt, type Failure, failure, tooLarge } from "./failure.ts";
import { isErrorReply } from "./parseAnswer.ts";

/** One HTTP exchange with a Prometheus server: out goes PromQL, back comes the text of the body or what went wrong. */

export interface Asking {
  url: URL;
  promql: string;
  /** The time that is asked about, ms since epoch. */
  at?: number | undefined;
  /** Aborts at the deadline, or when nobody waits any more. */
  signal: AbortSignal;
  /** The deadline in ms, for the message. */
  deadlineMs: number;
  maxBytes: number;
  dispatcher: Dispatcher;
  /** The header of that name. */
  authorization?: string | undefined;
}

/** POST, because a query may be longer than a URL; GET where a proxy in between allows only that. */
export async function ask(asking: Asking): Promise<string | Failure> {
  try {
    const posted = await send(asking, "POST");
    const response = posted.statusCode === 405 ? await again(asking, posted) : posted;
    return await read(asking, response);
  } catch (error) {
    return failure(whyNot(asking, error));
  }
}

async function again(asking: Asking, refused: Dispatcher.ResponseData): Promise<Dispatcher.ResponseData> {
  discard(refused);
  return send(asking, "GET");
}

/** Reads no further. undici reports the destroyed body as an error, which must not be thrown at nobody. */
function discard({ body }: Dispatcher.ResponseData): void {
  body.on("error", () => {});
  body.destroy();
}

function send(
  { url, promql, at, signal, deadlineMs, dispatcher, authorization }: Asking,
  method: "POST" | "GET",
): Promise<Dispatcher.ResponseData> {
  const form = new URLSearchParams({
    query: promql,
    timeout: `${deadlineMs}ms`,
    ...(at !== undefined && { time: String(at / 1_000) }),
  }).toString();
  const target = new URL(url);
  if (method === "GET") target.search = form;
  return request(target, {
    method,
    signal,
    // identity: a compressed megabyte may be a gigabyte of text.
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      ...(authorization !== undefined && { authorization }),
      ...(method === "POST" && { "content-type": "application/x-www-form-urlencoded" }),
    },
    ...(method === "POST" && { body: form }),
    dispatcher,
  });
}

async function read(asking: Asking, response: Dispatcher.ResponseData): Promise<string | Failure> {
  const { statusCode, headers, body } = response;
  if (statusCode >= 300 && statusCode < 400) {
    discard(response);
    const target = locationOf(headers["location"], asking.url);
    return failure(`${whereOf(asking)} redirects to ${target}: redirects aren't followed, write that address`);
  }
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    discard(response);
    return failure(`${whereOf(asking)} compressed its answer though it was asked not to: turn that off in the proxy in front of it`);
  }
  const text = await readAtMost(body, asking.maxBytes);
  if (text === undefined)
    return tooLarge(`${whereOf(asking)} answered more than ${asking.maxBytes} bytes: aggregate the query, for example with sum()`);
  // Prometheus explains a query it can't run in a JSON body, with 400, 422 or 503; parseAnswer reads that.
  if (statusCode === 200 || isErrorReply(text)) return text;
  return failure(
    `${whereOf(asking)} answered HTTP ${statusCode}${adviceOf(statusCode, headers["retry-after"], asking.authorization !== undefined)}${quoted(text)}`,
  );
}

async function readAtMost(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    // Leaving the loop destroys the body, and with it the connection.
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const whereOf = ({ url }: Asking): string => `Prometheus at ${url.origin}`;

/** Without the query part, where others put tokens. */
function locationOf(location: string | string[] | undefined, base: URL): string {
  const target = typeof location === "string" ? URL.parse(location, base.href) : null;
  return target === null ? "nowhere" : excerpt(`${target.origin}${target.pathname}`);
}

function adviceOf(statusCode: number, retryAfter: string | string[] | undefined, hadCredentials: boolean): string {
  if (statusCode === 401 || statusCode === 403)
    return hadCredentials
      ? ": it refuses the credentials in the Secret; renew them"
      : ": it wants credentials; name their Secret in `credentials`";
  if (statusCode === 404) return ": there is no query API under this address; check its path";
  if (statusCode === 429) return `: too many queries${typeof retryAfter === "string" ? `, retry after ${excerpt(retryAfter)}` : ""}`;
  return statusCode >= 500 ? ": it is overloaded or starting" : "";
}

const quoted = (text: string): string => (text.trim() === "" ? "" : ` (${excerpt(text.trim())})`);

function whyNot(asking: Asking, error: unknown): string {
  if (asking.signal.aborted)
    return `${whereOf(asking)} did not answer within ${asking.deadlineMs / 1_000}s: check that it runs, or raise the metric's timeout`;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  const reason = error instanceof Error && error.message !== "" ? error.message : "unknown error";
  return `${whereOf(asking)} can't be asked: ${excerpt(reason)}${code}; check its address, Service and TLS`;
}
