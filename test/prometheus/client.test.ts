import { describe, expect, test } from "vitest";
import { aClient, against, says } from "./against.ts";
import { vector } from "./hostileServer.ts";

describe("how it asks", () => {
  test("posts a form to the query API, below a path prefix too", async () => {
    const { client, asked, address } = await against(says(vector("1")));
    await client.query('sum(x{a="b"})', { address: `${address}/prometheus/` });
    expect(asked[0]).toMatchObject({ method: "POST", path: "/prometheus/api/v1/query", query: 'sum(x{a="b"})' });
  });

  test("asks about a past time, in seconds, and never gives one time's answer for another's", async () => {
    const { client, asked } = await against(says(vector("1")));
    const at = Date.parse("2026-01-01T12:00:00.250Z");
    await Promise.all([client.query("up"), client.query("up", { at }), client.query("up", { at: at + 1_000 })]);
    expect(asked.map(({ time }) => time).sort()).toEqual([String(at / 1_000), String(at / 1_000 + 1), undefined]);
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
    const client = aClient({ defaultAddress });
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

  test("a server that hangs delays nobody who asks another one", async () => {
    const hanging = await against(() => {});
    const { client, address } = await against(says(vector("1")), { concurrency: 2, timeoutMs: 5_000 });
    const leaving = new AbortController();
    const stuck = Array.from({ length: 20 }, (_, i) => client.query(`up${i}`, { address: hanging.address, signal: leaving.signal }));
    const before = performance.now();
    expect((await client.query("up", { address })).kind).toBe("values");
    expect(performance.now() - before).toBeLessThan(2_000);
    leaving.abort();
    await Promise.all(stuck);
  });

  test("starts queries a little apart, so that a hundred plans that begin at once are no burst", async () => {
    const { client } = await against(says(vector("1")), { paceMs: 30 });
    const before = performance.now();
    await Promise.all(Array.from({ length: 6 }, (_, i) => client.query(`up${i}`)));
    expect(performance.now() - before).toBeGreaterThanOrEqual(140);
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
