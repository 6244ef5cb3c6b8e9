import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bodies, type Unread } from "../../src/webhook/bodies.ts";
import { refuse } from "../../src/webhook/refuse.ts";

/** A server that reads bodies of at most 100 bytes, 250 together, and answers with their length. */
let server: ReturnType<typeof createServer>;
let results: Array<number | Buffer>;
let reader: ReturnType<typeof bodies>;
/** Requests that have come. */
let begun: number;
beforeEach(async () => {
  results = [];
  begun = 0;
  reader = bodies({ longest: 100, most: 250 });
  server = createServer((request, response) => {
    begun += 1;
    reader.read(request, (body: Buffer | Unread) => {
      results.push(body);
      if (typeof body === "number") refuse(request, response, body, "no");
      else response.end(String(body.length));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => server.close().closeAllConnections());

function sending(length?: number) {
  const { port } = server.address() as AddressInfo;
  const headers = length === undefined ? {} : { "content-length": length };
  const sent = httpRequest({ port, host: "127.0.0.1", method: "POST", headers });
  sent.flushHeaders();
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    sent.on("error", reject).on("response", async (response: IncomingMessage) => {
      let text = "";
      for await (const part of response) text += part;
      resolve({ status: response.statusCode ?? 0, text });
    });
  });
  return { sent, answered };
}

describe("a body", () => {
  it("is read whole, in however many pieces it comes", async () => {
    for (const pieces of [["x".repeat(100)], ["a", "b".repeat(98), "c"], [""]]) {
      const { sent, answered } = sending();
      for (const piece of pieces) sent.write(piece);
      sent.end();
      expect(await answered).toEqual({ status: 200, text: String(pieces.join("").length) });
      expect(results.at(-1)?.toString()).toBe(pieces.join(""));
    }
  });

  it("that says it is too long is refused before a byte of it has come", async () => {
    const { sent, answered } = sending(101);
    expect(await answered).toMatchObject({ status: 413 });
    sent.destroy();
  });

  it("that says it is long keeps its room, and finds none before a byte of it has come", async () => {
    reader = bodies({ longest: 100, most: 250, long: 80 });
    const first = [sending(90), sending(90)];
    for (const { sent } of first) sent.write("x");
    await vi.waitFor(() => expect(begun).toBe(2));
    const third = sending(90);
    expect(await third.answered).toMatchObject({ status: 503 });
    third.sent.destroy();
    for (const { sent } of first) sent.end("x".repeat(89));
    expect(await Promise.all(first.map(({ answered }) => answered))).toEqual([
      { status: 200, text: "90" },
      { status: 200, text: "90" },
    ]);
    const fourth = sending(90);
    fourth.sent.end("x".repeat(90));
    expect(await fourth.answered).toMatchObject({ status: 200 });
  });

  it("that turns out too long is refused at the first byte too many", async () => {
    const { sent, answered } = sending();
    sent.write("x".repeat(101));
    expect(await answered).toMatchObject({ status: 413 });
    sent.destroy();
  });

  it("whose client hangs up leaves its room to others", async () => {
    for (let i = 0; i < 10; i++) {
      const { sent, answered } = sending();
      answered.catch(() => undefined);
      sent.write("x".repeat(90));
      await once(server, "connection");
      sent.destroy();
    }
    const { sent, answered } = sending();
    sent.end("x".repeat(100));
    expect(await answered).toMatchObject({ status: 200 });
  });
});

it("when all come to too much, the longest pays: short ones are never refused", async () => {
  const long = [90, 91, 92].map((length) => {
    const one = sending();
    one.sent.write("x".repeat(length));
    return one;
  });
  await vi.waitFor(() => expect(results).toEqual([503]));
  expect(await Promise.race(long.map(({ answered }, i) => answered.then(({ status }) => ({ i, status }))))).toEqual({ i: 2, status: 503 });
  const short = sending();
  short.sent.end("x".repeat(60));
  expect(await short.answered).toMatchObject({ status: 200 });
  for (const { sent } of long.slice(0, 2)) sent.end();
  expect(await Promise.all(long.slice(0, 2).map(({ answered }) => answered))).toMatchObject([{ status: 200 }, { status: 200 }]);
});
