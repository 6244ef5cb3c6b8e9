/** What went wrong on the way to the API server or there, told apart by what a caller can do about it. */

/** The fields of a `Status` object that we read. */
interface Status {
  kind?: string;
  reason?: string;
  message?: string;
  code?: number;
  details?: { causes?: { reason?: string; message?: string; field?: string }[]; retryAfterSeconds?: number };
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status; 0 when no answer came, and then a write may or may not have happened. */
  readonly code: number;
  /** Kubernetes' own reason (`Conflict`, `NotFound`…), or ours, see README.md. */
  readonly reason: string;
  /** What was being done: verb, resource, namespace and name. */
  readonly doing: string;
  /** How long the server asks us to stay away, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(fields: { code: number; reason: string; doing: string; message: string; retryAfterMs?: number; cause?: unknown }) {
    super(`${fields.doing}: ${fields.code === 0 ? "" : `${fields.code} `}${fields.reason}: ${fields.message}`, { cause: fields.cause });
    this.code = fields.code;
    this.reason = fields.reason;
    this.doing = fields.doing;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

/**
 * The error for an answer that is no success. The body is only believed, and only quoted, when it is a Status of the
 * API server: a proxy's HTML page tells nobody anything, and a body may hold a Secret.
 */
export function errorFromAnswer(doing: string, code: number, body: string, retryAfter?: string): ApiError {
  const status = parseStatus(body);
  const seconds = retryAfterSeconds(retryAfter) ?? status?.details?.retryAfterSeconds;
  return new ApiError({
    code,
    reason: status?.reason || reasonOfCode(code),
    doing,
    message: status?.message ?? "the answer was not a Status of kube-apiserver; something in between may have given it",
    ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1000 }),
  });
}

/** An ERROR event inside a watch carries a Status instead of an object. */
export function errorFromWatch(doing: string, object: unknown): ApiError {
  const code = (object as Status | undefined)?.code ?? 500;
  return errorFromAnswer(doing, code, JSON.stringify(object ?? {}));
}

function parseStatus(body: string): Status | undefined {
  try {
    const parsed = JSON.parse(body) as Status | null;
    return parsed?.kind === "Status" ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** kube-apiserver always sends whole seconds; the date form of RFC 9110 would need a wall clock that we don't trust. */
function retryAfterSeconds(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}

const reasons: Record<number, string> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  503: "ServiceUnavailable",
  504: "Timeout",
};
const reasonOfCode = (code: number): string => reasons[code] ?? "Unknown";

const hasCode = (error: unknown, code: number): error is ApiError => error instanceof ApiError && error.code === code;

/** Somebody else wrote the object since we read it: read again and decide again. */
export const isConflict = (error: unknown): error is ApiError => hasCode(error, 409) && error.reason !== "AlreadyExists";
export const isAlreadyExists = (error: unknown): error is ApiError => hasCode(error, 409) && error.reason === "AlreadyExists";
export const isNotFound = (error: unknown): error is ApiError => hasCode(error, 404);
export const isForbidden = (error: unknown): error is ApiError => hasCode(error, 403);
/** The object breaks a rule of the schema or of admission by validation; repeating it can't help. */
export const isInvalid = (error: unknown): error is ApiError => hasCode(error, 422);
/** The history that was asked for is no longer kept (`Expired`, `Gone`). */
export const isGone = (error: unknown): error is ApiError => hasCode(error, 410);
/** The CRD is absent: a list of an existing kind never answers 404, not even in a namespace that does not exist. */
export const isKindNotInstalled = (error: unknown): error is ApiError => hasCode(error, 404) && error.reason === "KindNotInstalled";
/** No answer came: a write may or may not have happened, so read before trying again. */
export const isUnanswered = (error: unknown): error is ApiError => hasCode(error, 0);
