import { describe, expect, test } from "vitest";
import { ApiError } from "../../src/kube/apiError.ts";
import type { Client } from "../../src/kube/client.ts";
import { prometheusSecrets } from "../../src/worker/measure/prometheusSecrets.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

function source(answer: () => unknown) {
  const asked: string[] = [];
  let time = 0;
  const get = async (_resource: unknown, name: string, namespace: string) => {
    asked.push(`${namespace}/${name}`);
    return answer();
  };
  const read = prometheusSecrets({ get } as unknown as Pick<Client, "get">, "serin-system", () => time);
  return { asked, read, later: (ms: number) => (time += ms) };
}

describe("credentials from a Secret of Serin's own namespace", () => {
  test("one GET of the named one, kept for 30 s; a new version is a new one", async () => {
    let version = 1;
    const secret = () => ({ metadata: { uid: "u", resourceVersion: String(version) }, data: { token: base64(`t${version}`) } });
    const { read, asked, later } = source(secret);
    expect(await read("serin-prometheus")).toEqual({ version: "u 1", authorization: "Bearer t1" });
    version = 2;
    later(29_999);
    expect(await read("serin-prometheus")).toMatchObject({ version: "u 1" });
    later(1);
    expect(await read("serin-prometheus")).toMatchObject({ version: "u 2", authorization: "Bearer t2" });
    expect(asked).toEqual(["serin-system/serin-prometheus", "serin-system/serin-prometheus"]);
  });

  test("one that does not exist is none, and is looked for again after 5 s", async () => {
    const { read, asked, later } = source(() => undefined);
    expect(await read("x")).toBeUndefined();
    later(5_000);
    expect(await read("x")).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  test("one that may not be read says what to do", async () => {
    const { read } = source(() => {
      throw new ApiError({ code: 403, reason: "Forbidden", doing: "get secret", message: "no" });
    });
    expect(await read("x")).toEqual({
      kind: "error",
      message: "Secret serin-system/x may not be read: add its name to resourceNames of Role serin-worker in serin-system",
    });
  });

  test("one that makes no sense says so", async () => {
    const { read } = source(() => ({ metadata: {}, data: { password: base64("p") } }));
    expect(await read("x")).toMatchObject({ kind: "error", message: expect.stringContaining("username and password belong together") });
  });
});
