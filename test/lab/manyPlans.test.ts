import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROMETHEUS } from "./addresses.ts";
import { type Story, steps, tell } from "./story.ts";
import { house, settleTown, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

const plans = process.env["SOAK"] ? 100 : 20;
const seconds = process.env["SOAK"] ? 60 : 20;
const metrics = [
  { name: "errors", builtin: { successRate: {} } },
  { name: "p99", builtin: { latency: { quantile: 0.99 } } },
];
/** What a twentieth of one query per metric, plan and interval of 5 s comes to for 100 plans in a minute. */
const mostPerMinute = 0.05 * metrics.length * 100 * (60 / 5);

describe(`${plans} plans at once, each with two built-ins`, () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    const names = Array.from({ length: plans }, (_, index) => `house-${index}`);
    const policy = townPolicy("plain", { steps: steps([50, "10m"]), analysis: { metrics } });
    await settleTown(
      story,
      [policy],
      names.flatMap((name) => house(name, { replicas: 1 })),
    );
  });
  afterAll(() => story?.stop());

  it(`ask Prometheus at most ${mostPerMinute} times a minute in all, whatever their number`, async () => {
    await story.kubectl("set", "image", "deployment", "--all", "nginx=nginx:2");
    await until("all canaries at weight 50, without data", async () => {
      const all = await story.plans();
      return (
        all.length === plans &&
        all.every(({ status }) => status?.weight?.desired === 50 && status.metrics?.every(({ noDataSince }) => noDataSince !== undefined))
      );
    });
    const before = await queriesAnswered();
    const from = performance.now();
    await delay(seconds * 1_000);
    const asked = (await queriesAnswered()) - before;
    const perMinute = (asked * 60_000) / (performance.now() - from);
    console.log(
      `${plans} plans, ${metrics.length} built-ins each: ${perMinute.toFixed(1)} queries a minute, ${(perMinute / plans).toFixed(2)} per plan`,
    );
    expect(asked).toBeGreaterThan(seconds / 2);
    expect(perMinute).toBeLessThanOrEqual(mostPerMinute);
    const said = (await story.plans()).flatMap(({ status }) => status?.metrics?.map(({ message }) => message) ?? []);
    expect(said).toHaveLength(plans * metrics.length);
    for (const message of said) expect(message).toMatch(/^(errors|p99): /);
  });
});

/** By Prometheus' own count. */
async function queriesAnswered(): Promise<number> {
  const text = await (await fetch(`http://${PROMETHEUS}/metrics`)).text();
  const counts = text.matchAll(/^prometheus_http_requests_total\{[^}]*handler="\/api\/v1\/query"[^}]*\} (\S+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}
