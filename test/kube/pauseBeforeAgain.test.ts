import { expect, test } from "vitest";
import { ApiError } from "../../src/kube/apiError.ts";
import { pauseBeforeAgain } from "../../src/kube/transport.ts";

const error = (code: number, retryAfterMs?: number, reason = ""): ApiError =>
  new ApiError({ code, reason, doing: "", message: "", ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
const always = (): number => 0;

test.each<[string, ApiError, boolean, number, number | undefined]>([
  ["a read without an answer", error(0), true, 1, 100],
  ["its second time", error(0), true, 2, 200],
  ["its third time", error(0), true, 3, undefined],
  ["a read after 500", error(500), true, 1, 100],
  ["a read after 502", error(502), true, 1, 100],
  ["a read after 503 with Retry-After", error(503, 1000), true, 1, 1000],
  ["a read after 504", error(504), true, 1, 100],
  ["a read that must wait longer than a caller would", error(503, 60_000), true, 1, undefined],
  ["a read after garbage", error(0, undefined, "BadAnswer"), true, 1, undefined],
  ["a read of a server with another's certificate", error(0, undefined, "Untrusted"), true, 1, undefined],
  ["a read after 403", error(403), true, 1, undefined],
  ["a read after 404", error(404), true, 1, undefined],
  ["a read after 410", error(410), true, 1, undefined],
  ["a read after 429", error(429, 1000), true, 1, 1000],
  ["a write after 429", error(429, 1000), false, 1, 1000],
  ["a write after 401: perhaps the token has just been rotated", error(401), false, 1, 0],
  ["a write after the second 401", error(401), false, 2, undefined],
  ["a write without an answer", error(0), false, 1, undefined],
  ["a write after 500", error(500), false, 1, undefined],
  ["a write after 503 with Retry-After", error(503, 1000), false, 1, undefined],
  ["a write after 504", error(504), false, 1, undefined],
])("%s", (_, failure, isRead, attempt, pause) => {
  expect(pauseBeforeAgain(failure, isRead, attempt, always)).toBe(pause);
});

test("the pause is spread by half of it", () => {
  expect(pauseBeforeAgain(error(503), true, 1, () => 0.5)).toBe(125);
  expect(pauseBeforeAgain(new Error("our own bug"), true, 1)).toBeUndefined();
});
