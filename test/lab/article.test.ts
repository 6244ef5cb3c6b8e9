import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { envoyWeight, whenDrained } from "./envoyWeight.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import { countsBetween } from "./load/loadReport.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, tell } from "./story.ts";

/**
 * The article's own policy, unchanged: interval 1m, failureLimit 1, 30 % 30 s, 60 % 30 s, 100 % 10 s. Argo Rollouts with the same settings promotes
 * a release that fails half of its requests (2,566 failed answers, research/peers-measured.md).
 */
describe("the article's policy, under 100 requests a second", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    await story.kubectl("apply", "-f", join(CHECKOUT, "manifests", "examples", "article.yaml"));
    await story.shop({ replicas: 4 });
  });
  afterAll(() => story?.stop());

  it("promotes a good release within 87 s", async () => {
    await story.record();
    await story.load(100);
    const askedAt = Date.now();
    await story.setImage("nginx:1.24.0");
    const plan = await story.ends("nginx:1.24.0");
    const seconds = (Date.parse(plan.status?.finishedAt ?? "") - askedAt) / 1_000;
    console.log(
      `a good release under the article's policy: ${plan.status?.phase} after ${seconds.toFixed(1)} s\n${journal(plan.status?.journal, askedAt)}`,
    );
    expect(plan.status?.phase).toBe("Promoted");
    expect((await story.stopLoad()).failures).toEqual([]);
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    expect(seconds).toBeLessThan(87);
  });

  it("never gives a release that fails half of its requests more than 30 %, and takes that away within 100 s", async () => {
    const [image, bad] = ["nginx:1.25.0-errors50", "nginx/1.25.0-errors50"];
    await story.record();
    await story.load(100);
    const askedAt = Date.now();
    await story.setImage(image);
    const { spec } = await story.plan(image);
    const highest = watchHighest(spec.canary.hash);
    const drainedAt = await whenDrained(spec.canary.hash);
    const plan = await story.ends(image);
    const report = await story.stopLoad();
    const seconds = (drainedAt - askedAt) / 1_000;
    const failed = report.byVersion[bad]?.byStatus["503"] ?? 0;
    console.log(
      `a bad release under the article's policy: weight 0 after ${seconds.toFixed(1)} s, ${plan.status?.phase}; ${failed} failed answers, ` +
        `highest weight in Envoy ${await highest()}\n${journal(plan.status?.journal, askedAt)}`,
    );
    expect(plan.status?.phase).toBe("RolledBack");
    expect(seconds).toBeLessThan(100);
    expect(await highest()).toBe(30);
    expect(report.non200).toBe(failed);
    expect(Object.values(countsBetween(report, drainedAt)).flatMap((byStatus) => Object.keys(byStatus))).toEqual(["200"]);
    expect(await story.image()).toBe("nginx:1.24.0");
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });
});

/** Asks Envoy four times a second; the returned function ends that and gives the highest weight that it saw. */
function watchHighest(hash: string): () => Promise<number> {
  let highest = 0;
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(async () => {
      highest = Math.max(highest, await envoyWeight(hash));
    });
  }, 250);
  return async () => {
    clearInterval(timer);
    await looking;
    return highest;
  };
}

const journal = (entries: ReadonlyArray<{ at: string; reason: string; message: string }> = [], from: number): string =>
  entries
    .map(({ at, reason, message }) => `${((Date.parse(at) - from) / 1_000).toFixed(1).padStart(6)} s  ${reason}: ${message}`)
    .join("\n");
