import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { aClient, against, errorOf, says } from "./against.ts";
import { vector } from "./hostileServer.ts";

// Row P1 of research/reliability.md: whatever the server does, the answer is a sentence, in time.

describe("P1: a server that misbehaves", () => {
  test("hangs before it answers", async () => {
    expect(await errorOf(() => {}, { timeoutMs: 100 })).toMatch(/did not answer within 0\.1s: check that it runs/);
  });

  test("drips one byte at a time", async () => {
    const drip = (response: ServerResponse): void => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 10);
      response.on("close", () => clearInterval(timer));
    };
    const before = performance.now();
    expect(await errorOf(drip, { timeoutMs: 150 })).toMatch(/did not answer within 0\.15s/);
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  test("sends a body without end: reading stops at the cap", async () => {
    let sent = 0;
    const flood = (response: ServerResponse): void => {
      const chunk = Buffer.alloc(65_536, 32);
      const pump = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on("drain", pump);
      pump();
    };
    expect(await errorOf(flood, { maxBytes: 1_048_576 })).toMatch(/answered more than 1048576 bytes: aggregate the query/);
    expect(sent).toBeLessThan(20_000_000);
  });

  test("sends a gzip bomb: compression is not asked for, and not unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    let encoding: string | undefined;
    const message = await errorOf((response, asked) => {
      encoding = asked.headers["accept-encoding"] as string | undefined;
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    });
    expect(encoding).toBe("identity");
    expect(message).toMatch(/compressed its answer/);
  });

  test("redirects: named without its query, not followed", async () => {
    const { client, asked } = await against(says("", 302, { location: "http://169.254.169.254/latest?token=secret" }));
    expect(await client.query("up")).toEqual({
      kind: "error",
      message: expect.stringMatching(/redirects to http:\/\/169\.254\.169\.254\/latest: redirects aren't followed/),
    });
    expect(asked).toHaveLength(1);
  });

  test.each([
    [401, {}, /HTTP 401: it wants credentials/],
    [403, {}, /HTTP 403: it wants credentials/],
    [404, {}, /HTTP 404: there is no query API under this address/],
    [429, { "retry-after": "7" }, /HTTP 429: too many queries, retry after 7/],
    [503, {}, /HTTP 503: it is overloaded or starting/],
  ])("answers HTTP %i", async (status, headers, message) => {
    expect(await errorOf(says("go away", status, headers))).toMatch(message);
  });

  test("is not there", async () => {
    const client = aClient({ defaultAddress: "http://127.0.0.1:1", timeoutMs: 1_000 });
    expect(await client.query("up")).toEqual({ kind: "error", message: expect.stringMatching(/can't be asked: .*ECONNREFUSED/) });
  });

  test("speaks TLS where HTTP is expected, or the reverse", async () => {
    const { address } = await against(says(vector("1")));
    const client = aClient({ defaultAddress: address.replace("http:", "https:"), timeoutMs: 1_000 });
    expect(await client.query("up")).toEqual({ kind: "error", message: expect.stringMatching(/can't be asked: .*TLS/) });
  });

  test("breaks off in the middle", async () => {
    const message = await errorOf((response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("{");
      setTimeout(() => response.destroy(), 10);
    });
    expect(message).toMatch(/can't be asked/);
  });

  test("a foreign text is quoted with at most 200 characters and nothing that draws on a terminal", async () => {
    const message = await errorOf(says(`\u001b[2J\u202e${"x".repeat(10_000)}`, 500));
    expect(message).toMatch(/\\u001b\[2J\\u202exxx/);
    expect(message.length).toBeLessThan(400);
  });
});

describe("an HTTP error", () => {
  test("is never overruled by a body that claims success", async () => {
    expect(await errorOf(says(vector("1"), 503))).toMatch(/answered HTTP 503/);
  });
});
