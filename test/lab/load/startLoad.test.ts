import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { countsBetween, type LoadReport } from "./loadReport.ts";
import { printReport } from "./printReport.ts";
import { startLoad } from "./startLoad.ts";

async function underLoad(
  rate: number,
  answer: (n: number) => { status: number; version: string },
  run: (load: Awaited<ReturnType<typeof startLoad>>) => Promise<LoadReport>,
) {
  let n = 0;
  const server = createServer((_, response) => {
    const { status, version } = answer(n++);
    response
      .writeHead(status, { server: "istio-envoy", "x-image": `registry:5000/${version.replace("/", ":")}`, "x-pod": "p" })
      .end("body");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await run(
      await startLoad({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, host: "shop.example.com", rate }),
    );
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

it("counts by version and status, and keeps the schedule while its parent is busy", async () => {
  let version = "nginx/1";
  const report = await underLoad(
    200,
    (n) => ({ version, status: n % 10 === 9 ? 503 : 200 }),
    async (load) => {
      await delay(300);
      load.mark("second version");
      version = "nginx/2";
      await delay(300);
      const sent = (await load.snapshot()).sent;
      for (const end = Date.now() + 500; Date.now() < end; );
      expect((await load.snapshot()).sent - sent).toBeGreaterThan(90);
      return load.stop();
    },
  );
  const seconds = (report.endedAt - report.startedAt) / 1000;
  expect(Math.abs(report.sent - seconds * 200)).toBeLessThan(5);
  expect(report).toMatchObject({ failed: 0, pending: 0, answered: report.sent });
  expect(Math.abs(report.non200 - report.sent / 10)).toBeLessThanOrEqual(1);
  expect(Object.keys(report.byVersion)).toEqual(["nginx/1", "nginx/2"]);
  expect(Object.keys(countsBetween(report, report.marks[0]?.at ?? 0)).sort()).toContain("nginx/2");
  expect(report.failures[0]).toMatchObject({ status: 503, body: "body", headers: { "x-pod": "p" } });
  expect(printReport(report)).toMatch(/^nginx\/1 +\d+ +\d+/m);
});

it("counts a refused connection as failed, with its message", async () => {
  const load = await startLoad({ url: "http://127.0.0.1:1", rate: 50 });
  await delay(200);
  const report = await load.stop();
  expect(report.failed).toBe(report.sent);
  expect(report.errors).toEqual({ "connect ECONNREFUSED 127.0.0.1:1": report.sent });
});
