import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { createPrometheus, type PrometheusOptions } from "../../src/prometheus/client.ts";
import { type Asked, hostileServer, success, vector } from "./hostileServer.ts";

// Rows P1 and P2 of research/reliability.md: whatever Prometheus does, the answer is numbers or a sentence, in time.

const cleanups: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function against(answer: (response: ServerResponse, asked: Asked) => void, options: Partial<PrometheusOptions> = {}) {
  const server = await hostileServer(answer);
  const client = createPrometheus({ defaultAddress: server.address, timeoutMs: 2_000, ...options });
  cleanups.push(() => client.close(), server.close);
  return { ...server, client };
}

const says =
  (body: string, status = 200, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  };

async function errorOf(
  answer: (response: ServerResponse, asked: Asked) => void,
  options: Partial<PrometheusOptions> = {},
): Promise<string> {
  const { client } = await against(answer, options);
  const got = await client.query("up");
  return got.kind === "error" ? got.message : `no error but ${JSON.stringify(got)}`;
}

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
    [404, {}, /HTTP 404: there is no query API under this address/],
    [429, { "retry-after": "7" }, /HTTP 429: too many queries, retry after 7/],
    [503, {}, /HTTP 503: it is overloaded or starting/],
  ])("answers HTTP %i", async (status, headers, message) => {
    expect(await errorOf(says("go away", status, headers))).toMatch(message);
  });

  test("is not there", async () => {
    const client = createPrometheus({ defaultAddress: "http://127.0.0.1:1", timeoutMs: 1_000 });
    cleanups.push(client.close);
    expect(await client.query("up")).toEqual({ kind: "error", message: expect.stringMatching(/can't be asked: .*ECONNREFUSED/) });
  });

  test("speaks TLS where HTTP is expected, or the reverse", async () => {
    const { address } = await against(says(vector("1")));
    const client = createPrometheus({ defaultAddress: address.replace("http:", "https:"), timeoutMs: 1_000 });
    cleanups.push(client.close);
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

describe("P2: an answer that is not what was expected", () => {
  test.each([
    ["NaN", "NaN", Number.NaN],
    ["+Inf", "+Inf", Number.POSITIVE_INFINITY],
    ["-Inf", "-Inf", Number.NEGATIVE_INFINITY],
    ["-0", "-0", -0],
    ["an exponent", "1.5e-05", 0.000015],
  ])("%s is a value", async (_what, text, value) => {
    const { client } = await against(says(vector(text)));
    expect(await client.query("up")).toMatchObject({ kind: "values", values: [value], warnings: [] });
  });

  test("an empty vector is no error: nothing is there", async () => {
    const { client } = await against(says(vector()));
    expect(await client.query("up")).toMatchObject({ kind: "values", values: [] });
  });

  test("two series are two values with their labels", async () => {
    const { client } = await against(says(vector("1", "2")));
    expect(await client.query("up")).toMatchObject({
      values: [1, 2],
      series: [
        { labels: { series: "0" }, value: 1, at: 1_767_225_600_500 },
        { labels: { series: "1" }, value: 2 },
      ],
    });
  });

  test("a matrix gives the last value of each series", async () => {
    const { client } = await against(
      says(
        success({
          resultType: "matrix",
          result: [
            {
              metric: {},
              values: [
                [1, "1"],
                [2, "3"],
              ],
            },
            { metric: {}, values: [[1, "5"]] },
          ],
        }),
      ),
    );
    expect(await client.query("up")).toMatchObject({ values: [3, 5] });
  });

  test("a scalar is one value", async () => {
    const { client } = await against(says(success({ resultType: "scalar", result: [1, "0.5"] })));
    expect(await client.query("up")).toMatchObject({ values: [0.5] });
  });

  test("warnings are kept", async () => {
    const body = success({ resultType: "vector", result: [{ metric: {}, value: [1, "1"] }] }, { warnings: ["a store is down"] });
    const { client } = await against(says(body));
    expect(await client.query("up")).toMatchObject({ values: [1], warnings: ["a store is down"] });
  });

  test.each([
    ["a string", success({ resultType: "string", result: [1, "hello"] }), /a text, not numbers/],
    ["an unknown type", success({ resultType: "streams", result: [] }), /a result of type streams/],
    ["null as result", success({ resultType: "vector", result: null }), /without a list of series/],
    ["null as data", success(null), /neither success nor error/],
    ["null", "null", /did not answer JSON as its API does/],
    ["null as sample", success({ resultType: "vector", result: [null] }), /answered null where a sample was expected/],
    ["null as value", vector(null), /answered null where a sample was expected/],
    ["a number that is no text", vector(0.5), /answered 0\.5 where a sample was expected/],
    ["an empty value", vector(""), /where a sample was expected/],
    ["a hexadecimal value", vector("0x10"), /answered 0x10 where/],
    ["one bad value among good ones", vector("1", "many", "2"), /answered many where/],
    [
      "a native histogram",
      success({ resultType: "vector", result: [{ metric: {}, histogram: [1, {}] }] }),
      /native histograms, not numbers/,
    ],
    ["native histograms", success({ resultType: "matrix", result: [{ metric: {}, histograms: [] }] }), /native histograms, not numbers/],
    ["a series without values", success({ resultType: "matrix", result: [{ metric: {}, values: [] }] }), /answered nothing where/],
    ["no JSON", "<html>login</html>", /check the address \(<html>login<\/html>\)/],
    ["nothing", "", /did not answer JSON/],
    ["an array", "[]", /did not answer JSON as its API does/],
    [
      "an error in HTTP 200",
      '{"status":"error","errorType":"timeout","error":"query timed out"}',
      /refused the query: timeout: query timed out/,
    ],
    ["more than 1,000 series", vector(...Array<string>(1_001).fill("1")), /1001 series, more than 1000: aggregate it/],
  ])("%s is an error that says so", async (_what, body, message) => {
    expect(await errorOf(says(body))).toMatch(message);
  });

  test.each([400, 422, 503])("an API error with HTTP %i keeps Prometheus' own words", async (status) => {
    const body = '{"status":"error","errorType":"bad_data","error":"1:4: parse error: unclosed"}';
    expect(await errorOf(says(body, status))).toBe("Prometheus refused the query: bad_data: 1:4: parse error: unclosed");
  });
});

describe("an HTTP error", () => {
  test("is never overruled by a body that claims success", async () => {
    expect(await errorOf(says(vector("1"), 503))).toMatch(/answered HTTP 503/);
  });
});

describe("how it asks", () => {
  test("posts a form to the query API, below a path prefix too", async () => {
    const { client, asked, address } = await against(says(vector("1")));
    await client.query('sum(x{a="b"})', { address: `${address}/prometheus/` });
    expect(asked[0]).toMatchObject({ method: "POST", path: "/prometheus/api/v1/query", query: 'sum(x{a="b"})' });
  });

  test("falls back to GET where POST is not allowed", async () => {
    const { client, asked } = await against((response, { method }) => says(vector("1"), method === "POST" ? 405 : 200)(response));
    expect(await client.query("up{}")).toMatchObject({ values: [1] });
    expect(asked.map(({ method, query }) => [method, query])).toEqual([
      ["POST", "up{}"],
      ["GET", "up{}"],
    ]);
  });

  test.each([
    [undefined, /no Prometheus is known: write provider\.prometheus\.address/],
    ["prometheus:9090", /not an http or https URL/],
    ["http://user:secret@prometheus:9090", /^the Prometheus address http:\/\/prometheus:9090 carries a user or password/],
  ])("refuses the address %s", async (defaultAddress, message) => {
    const client = createPrometheus({ defaultAddress });
    cleanups.push(client.close);
    const got = await client.query("up");
    expect(got).toEqual({ kind: "error", message: expect.stringMatching(message) });
    expect(JSON.stringify(got)).not.toContain("secret");
  });

  test("asks eight at a time, the rest in order", async () => {
    let inside = 0;
    let most = 0;
    const { client, asked } = await against((response) => {
      inside += 1;
      most = Math.max(most, inside);
      setTimeout(() => {
        inside -= 1;
        says(vector("1"))(response);
      }, 20);
    });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => client.query(`up${index}`)));
    expect(answers.every(({ kind }) => kind === "values")).toBe(true);
    expect(most).toBeLessThanOrEqual(8);
    expect(asked).toHaveLength(30);
  });

  test("waiting in the queue is part of the deadline", async () => {
    const { client } = await against(() => {}, { concurrency: 1, timeoutMs: 150 });
    const [first, second] = await Promise.all([client.query("a"), client.query("b")]);
    expect(first).toMatchObject({ message: expect.stringMatching(/did not answer within/) });
    expect(second).toMatchObject({ message: expect.stringMatching(/waited 0\.15s behind 1 other queries|did not answer within/) });
  });

  test("asks identical queries that overlap once, later ones anew", async () => {
    const { client, asked } = await against((response) => void setTimeout(() => says(vector("1"))(response), 20));
    await Promise.all([client.query("up"), client.query("up"), client.query("up"), client.query("down")]);
    expect(asked.map(({ query }) => query).sort()).toEqual(["down", "up"]);
    await client.query("up");
    expect(asked).toHaveLength(3);
  });

  test("one caller that goes away takes nothing from the others", async () => {
    const { client, asked } = await against((response) => void setTimeout(() => says(vector("1"))(response), 50));
    const leaving = new AbortController();
    const [left, stayed] = [client.query("up", { signal: leaving.signal }), client.query("up")];
    leaving.abort();
    expect(await left).toMatchObject({ kind: "error", message: expect.stringMatching(/cancelled/) });
    expect(await stayed).toMatchObject({ values: [1] });
    expect(asked).toHaveLength(1);
  });

  test("when all callers have gone the request is torn down", async () => {
    let closed: () => void = () => {};
    const tornDown = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const arrived = Promise.withResolvers<void>();
    const { client } = await against((response) => {
      response.on("close", closed);
      arrived.resolve();
    });
    const leaving = new AbortController();
    const left = client.query("up", { signal: leaving.signal });
    await arrived.promise;
    leaving.abort();
    expect(await left).toMatchObject({ kind: "error" });
    await tornDown;
    expect(await client.query("up", { signal: AbortSignal.abort() })).toMatchObject({ kind: "error" });
  });
});
