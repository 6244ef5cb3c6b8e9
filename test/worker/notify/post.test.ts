import type { ServerResponse } from "node:http";
import { Agent } from "undici";
import { afterAll, afterEach, describe, expect, it, test } from "vitest";
import { checkedLookup, isForbiddenAddress, receiverAddress } from "../../../src/worker/notify/address.ts";
import { post } from "../../../src/worker/notify/post.ts";
import { receiver, says } from "./receiver.ts";

const dispatcher = new Agent({ connect: { lookup: checkedLookup } });
afterAll(() => dispatcher.destroy());

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

async function posted(answer: Parameters<typeof receiver>[0], deadlineMs = 2_000) {
  const server = await receiver(answer);
  close = server.close;
  const began = performance.now();
  const signal = new AbortController().signal;
  const result = await post({
    url: new URL(`${server.address}/hook/T0P-SECRET`),
    body: '{"a":1}',
    contentType: "application/json",
    headers: { authorization: "Bearer T0KEN" },
    dispatcher,
    signal,
    deadlineMs,
  });
  return { result, tookMs: performance.now() - began, got: server.got };
}

describe("one attempt", () => {
  it("that is taken", async () => {
    const { result, got } = await posted(says(202));
    expect(result).toEqual({ kind: "delivered" });
    expect(got).toMatchObject([
      { path: "/hook/T0P-SECRET", body: '{"a":1}', headers: { "content-type": "application/json", authorization: "Bearer T0KEN" } },
    ]);
  });

  test.each([
    [500, "again", /HTTP 500$/],
    [503, "again", /HTTP 503$/],
    [404, "again", /HTTP 404: there is no receiver under this address/],
    [403, "again", /HTTP 403: it does not take the address or the credentials in the Secret/],
    [429, "again", /HTTP 429: it is told too much/],
    [302, "again", /HTTP 302: redirects aren't followed/],
    [400, "refused", /HTTP 400$/],
    [422, "refused", /HTTP 422$/],
  ])("that is answered HTTP %i", async (status, kind, message) => {
    const { result, got } = await posted(says(status, { location: "http://127.0.0.1:1/", "retry-after": "7" }, "no: Bearer T0KEN"));
    expect(result).toMatchObject({ kind, message: expect.stringMatching(message) });
    expect(got).toHaveLength(1);
    // Neither what is secret in the address nor what the receiver repeats.
    expect(JSON.stringify(result)).not.toMatch(/SECRET|T0KEN/);
    if (kind === "again") expect(result).toMatchObject({ afterMs: 7_000 });
  });

  test("at a receiver that hangs, or drips, ends in time", async () => {
    expect(await posted(() => {}, 150)).toMatchObject({
      result: { kind: "again", message: expect.stringMatching(/did not answer within 0\.15s/) },
    });
    await close?.();
    const drip = (response: ServerResponse): void => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 10);
      response.on("close", () => clearInterval(timer));
    };
    const { result, tookMs } = await posted(drip, 150);
    expect(result).toMatchObject({ kind: "again" });
    // The drip has no end.
    expect(tookMs).toBeLessThan(5_000);
  });

  test("whose answer has no end is read no further than 64 KiB", async () => {
    let sent = 0;
    const flood = (response: ServerResponse): void => {
      const chunk = Buffer.alloc(16_384, 32);
      const pump = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on("drain", pump);
      pump();
    };
    expect((await posted(flood)).result).toEqual({ kind: "delivered" });
    expect(sent).toBeLessThan(10_000_000);
  });

  test("that nobody answers says why", async () => {
    const url = new URL("http://127.0.0.1:1/");
    const signal = new AbortController().signal;
    const result = await post({ url, body: "", contentType: "text/plain", dispatcher, signal, deadlineMs: 1_000 });
    expect(result).toEqual({ kind: "again", message: expect.stringMatching(/^127\.0\.0\.1:1 can't be reached: .*ECONNREFUSED/) });
  });
});

describe("an address", () => {
  test.each([
    "169.254.169.254",
    "169.254.1.1",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fd00:ec2::254",
    "::",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
  ])("%s is never connected to, by itself or by a name", (address) => {
    expect(isForbiddenAddress(address)).toBe(true);
    const host = address.includes(":") ? `[${address}]` : address;
    expect(receiverAddress(`http://${host}/latest`, "")).toMatchObject({ kind: "error" });
  });

  test("in whatever spelling", () => {
    for (const host of ["2852039166", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376"])
      expect(receiverAddress(`http://${host}/`, "")).toEqual({
        kind: "error",
        message: "169.254.169.254 is a link-local or metadata address, to which nothing is sent",
      });
  });

  test("of a pod, a Service or the Internet is fine, and keeps its path and query", () => {
    for (const address of ["10.0.0.7", "192.168.1.1", "127.0.0.1", "8.8.8.8", "fd12::1", "2001:db8::1"])
      expect(isForbiddenAddress(address)).toBe(false);
    expect(String(receiverAddress("https://hooks.slack.com/services/T/B/x", ""))).toBe("https://hooks.slack.com/services/T/B/x");
    expect(String(receiverAddress("http://am:9093/alerts/", "/api/v2/alerts"))).toBe("http://am:9093/alerts/api/v2/alerts");
    expect(String(receiverAddress("https://x/?token=t#f\n", ""))).toBe("https://x/?token=t");
  });

  test("that is none is refused without being quoted: it may be a secret", () => {
    for (const text of ["hooks.slack.com/SECRET", "ftp://x/SECRET", "https://user:SECRET@x/", undefined]) {
      const refused = receiverAddress(text, "");
      expect(refused).toMatchObject({ kind: "error" });
      expect(JSON.stringify(refused)).not.toContain("SECRET");
    }
  });

  test("names are looked at when they are resolved", async () => {
    const resolved = await new Promise((resolve) => checkedLookup("localhost", { all: true }, (error, found) => resolve(error ?? found)));
    expect(resolved).toEqual(expect.arrayContaining([expect.objectContaining({ address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) })]));
  });
});
