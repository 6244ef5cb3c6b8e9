import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type ApiError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isKindNotInstalled,
  isUnanswered,
} from "../../src/kube/apiError.ts";
import { type Client, type ClientOptions, createClient, type Patch } from "../../src/kube/client.ts";
import { type Connection, connectWith } from "../../src/kube/connection.ts";
import { resources } from "../../src/kube/resources.ts";
import { accessTo } from "./accessTo.ts";
import { ApiServerDouble, type Fault, status } from "./apiServerDouble.ts";

const { deployments, canarypolicies, virtualservices } = resources;
const collection = "/apis/apps/v1/deployments";
const nginx = "/apis/apps/v1/namespaces/shop/deployments/nginx";

let server: ApiServerDouble;
let connection: Connection;
let client: Client;

function clientWith(options: ClientOptions): Client {
  return createClient(connection, options);
}
beforeEach(async () => {
  server = await new ApiServerDouble().start();
  connection = connectWith(accessTo(server.url), { userAgent: "serin-test/1", requestConnections: 4 });
  client = createClient(connection);
});
afterEach(async () => {
  await connection.close();
  await server.stop();
});

/** Answers the first requests with these, then as usual. */
function first(...answers: ReturnType<Fault>[]): void {
  server.fault = () => answers.shift();
}
const failed = async (promise: Promise<unknown>): Promise<ApiError> => {
  try {
    await promise;
  } catch (error) {
    return error as ApiError;
  }
  throw new Error("it succeeded");
};

describe("reads", () => {
  test("get gives the object, undefined when there is none", async () => {
    server.put(collection, "nginx", { spec: { paused: true } });
    expect(await client.get(deployments, "nginx", "shop")).toMatchObject({ spec: { paused: true } });
    expect(await client.get(deployments, "other", "shop")).toBeUndefined();
    expect(server.seen[0]).toMatchObject({ method: "GET", path: nginx, headers: { "user-agent": "serin-test/1" } });
  });

  test("list reads page by page and keeps the order and the resourceVersion", async () => {
    for (let i = 0; i < 25; i++) {
      server.put(collection, `d${i}`);
    }
    const { items, resourceVersion } = await client.list(deployments, { limit: 10, labelSelector: "a=b" });
    expect(items.map((item) => item.metadata.name)).toEqual(Array.from({ length: 25 }, (_, i) => `d${i}`));
    expect(resourceVersion).toBe("125");
    expect(server.seen.map(({ query }) => [query.get("limit"), query.get("continue"), query.get("labelSelector")])).toEqual([
      ["10", null, "a=b"],
      ["10", "10", "a=b"],
      ["10", "20", "a=b"],
    ]);
  });

  test("a list that is overtaken by compaction starts again, once", async () => {
    for (let i = 0; i < 3; i++) {
      server.put(collection, `d${i}`);
    }
    first(undefined, status(410, "Expired", "the provided continue parameter is too old"));
    expect((await client.list(deployments, { limit: 2 })).items).toHaveLength(3);
  });

  test("a missing CRD is told apart from an empty list", async () => {
    server.installed = new Set([collection]);
    expect((await client.list(deployments)).items).toEqual([]);
    const error = await failed(client.list(virtualservices));
    expect(isKindNotInstalled(error)).toBe(true);
    expect(error.message).toContain("does not know virtualservices.networking.istio.io in version v1");
    expect(await client.get(virtualservices, "nginx", "shop")).toBeUndefined();
  });

  test("a read is repeated after a busy answer or a cut connection", async () => {
    server.put(collection, "nginx");
    first(status(503, "ServiceUnavailable", "busy"), "cut");
    expect(await client.get(deployments, "nginx", "shop")).toBeDefined();
    expect(server.seen).toHaveLength(3);
  });

  test("an error says what was being done and what the server said", async () => {
    first(status(403, "Forbidden", "you may not"));
    expect((await failed(client.get(deployments, "nginx", "shop"))).message).toBe(
      "get deployments.apps shop/nginx: 403 Forbidden: you may not",
    );
  });

  test("an answer that is no JSON is not quoted and not repeated", async () => {
    first({ code: 200, body: "<html>password</html>" });
    const error = await failed(client.get(deployments, "nginx", "shop"));
    expect(error.message).toBe("get deployments.apps shop/nginx: BadAnswer: status 200, but a body of 21 characters that is no JSON");
    first({ code: 403, body: "<html>password</html>" });
    expect((await failed(client.get(deployments, "nginx", "shop"))).message).not.toContain("password");
  });
});

describe("writes", () => {
  test("create, replace with compare-and-swap, and remove", async () => {
    const made = await client.create(deployments, { metadata: { name: "nginx", namespace: "shop" }, spec: {} }, { fieldManager: "serin" });
    expect(made.metadata).toMatchObject({ uid: "uid-101", resourceVersion: "101" });
    const changed = await client.replace(deployments, { ...made, spec: { paused: true } });
    expect(changed.metadata).toMatchObject({ resourceVersion: "102" });
    expect(isConflict(await failed(client.replace(deployments, made)))).toBe(true);
    await client.remove(deployments, "nginx", "shop", { uid: "uid-101", propagationPolicy: "Foreground" });
    await client.remove(deployments, "nginx", "shop");
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /apis/apps/v1/namespaces/shop/deployments",
      `PUT ${nginx}`,
      `PUT ${nginx}`,
      `DELETE ${nginx}`,
      `DELETE ${nginx}`,
    ]);
    expect(server.seen[0]?.query.get("fieldManager")).toBe("serin");
    expect(server.seen[3]?.body).toMatchObject({ preconditions: { uid: "uid-101" }, propagationPolicy: "Foreground" });
  });

  test.each<[Patch, string, unknown, string | null]>([
    [{ type: "json", operations: [{ op: "remove", path: "/x" }] }, "application/json-patch+json", [{ op: "remove", path: "/x" }], null],
    [{ type: "merge", body: { spec: { paused: null } } }, "application/merge-patch+json", { spec: { paused: null } }, null],
    [{ type: "apply", body: { metadata: {} }, force: true }, "application/apply-patch+yaml", { metadata: {} }, "true"],
  ])("patch $type", async (patch, contentType, body, force) => {
    server.fault = () => ({ code: 200, body: {} });
    await client.patch(deployments, "nginx", "shop", patch, { fieldManager: "serin", subresource: "status", dryRun: true });
    expect(server.seen[0]).toMatchObject({ method: "PATCH", path: `${nginx}/status`, headers: { "content-type": contentType }, body });
    const { query } = server.seen[0] ?? { query: new URLSearchParams() };
    expect([query.get("fieldManager"), query.get("dryRun"), query.get("force")]).toEqual(["serin", "All", force]);
  });

  test.each<[string, ReturnType<Fault>, (error: unknown) => boolean]>([
    ["a reset connection", "cut", isUnanswered],
    ["a 500", status(500, "InternalError", "etcdserver: request timed out"), (error) => (error as ApiError).code === 500],
    ["a 503 with Retry-After", status(503, "", "", { "retry-after": "0" }), (error) => (error as ApiError).code === 503],
    ["a 409", status(409, "Conflict", "modified"), isConflict],
    ["a 409 of create", status(409, "AlreadyExists", "exists"), isAlreadyExists],
    ["a 403", status(403, "Forbidden", "no"), isForbidden],
    ["a 422", status(422, "Invalid", "no"), isInvalid],
  ])("a write is not repeated after %s", async (_, answer, predicate) => {
    first(answer);
    expect(predicate(await failed(client.create(deployments, { metadata: { name: "nginx", namespace: "shop" } })))).toBe(true);
    expect(server.seen).toHaveLength(1);
  });

  test("a write is sent again after 429, since the server did not look at it", async () => {
    first(status(429, "TooManyRequests", "slow down", { "retry-after": "0" }));
    await client.create(deployments, { metadata: { name: "nginx", namespace: "shop" } });
    expect(server.seen).toHaveLength(2);
  });

  test("a write with all its waiting ends within its limit, and the server is told the limit", async () => {
    const quick = clientWith({ timeoutMs: 80 });
    first(status(429, "TooManyRequests", "slow down", { "retry-after": "1" }));
    const refused = await failed(quick.create(deployments, { metadata: { name: "nginx", namespace: "shop" } }));
    expect([refused.code, refused.retryAfterMs]).toEqual([429, 1000]);
    first("hang");
    const hung = await failed(quick.create(deployments, { metadata: { name: "nginx", namespace: "shop" } }));
    expect(hung.message).toMatch(/^create deployments\.apps shop\/nginx: Timeout: no answer within (79|80) ms$/);
    expect(isUnanswered(hung)).toBe(true);
    expect(server.seen[0]?.query.get("timeout")).toBe("80ms");
  });

  test("an object without a place is our bug, not a request", async () => {
    await expect(async () => client.create(deployments, { metadata: { name: "nginx" } })).rejects.toThrow("without a namespace");
    await expect(async () => client.get(deployments, "nginx")).rejects.toThrow("without a namespace");
    await expect(async () => client.get(deployments, "", "shop")).rejects.toThrow("without a name");
    await expect(async () => client.get(canarypolicies, "nginx", "shop")).rejects.toThrow("cluster-wide");
    expect(server.seen).toEqual([]);
  });

  test("a name can't reach outside its place in the path", async () => {
    await client.get(deployments, "../../secrets/x?y", "shop");
    expect(server.seen[0]?.path).toBe("/apis/apps/v1/namespaces/shop/deployments/..%2F..%2Fsecrets%2Fx%3Fy");
  });
});

test("200 requests at once use at most the allowed connections, and again the same ones", async () => {
  server.put(collection, "nginx");
  const stop = new AbortController();
  const watching = client.watch(deployments, { resourceVersion: "101", signal: stop.signal }, () => {});
  await server.until(() => server.watches.length === 1);
  for (let round = 0; round < 2; round++) {
    await Promise.all(Array.from({ length: 200 }, () => client.get(deployments, "nginx", "shop")));
  }
  expect(server.connections).toBeLessThanOrEqual(5);
  expect(connection.openConnections()).toBeLessThanOrEqual(5);
  stop.abort();
  await watching;
});
