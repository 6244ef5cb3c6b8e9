import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { whenDrained } from "./envoyWeight.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, tell } from "./story.ts";

/**
 * The article's own manifests for Argo Rollouts, imported by a person's own words: a good release, then a bad one. At a third of their times, the
 * query's window at half (less would be below two scrapes of 15 s). What the import gives at their own times equals manifests/examples/article.yaml
 * (test/cli/import), which article.test.ts tells.
 */
describe("the article's Rollout and AnalysisTemplate, imported", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    await story.shop({ replicas: 4 });
    // What takes the Rollout's place has its labels, by which the policy finds it.
    await story.kubectl("label", "deploy/nginx", "app=nginx");
    const article = await readFile(join(CHECKOUT, "test", "scenes", "import", "article.yaml"), "utf8");
    const [rollout, policy] = ["rollout.yaml", "policy.yaml"].map((name) => join(story.lab.env["LAB_DIR"] ?? "", name)) as [string, string];
    const quicker = article
      .replaceAll("duration: 30s", "duration: 10s")
      .replace("interval: 1m", "interval: 20s")
      .replaceAll("[1m]", "[30s]");
    await writeFile(rollout, quicker.replace("http://prometheus.istio-system:9090", story.lab.env["LAB_PROMETHEUS"] ?? ""));
    const imported = await story.type("kubectl", "serin", "import", "argo", "-f", rollout);
    expect(imported).toMatchObject({ code: 0, stderr: expect.stringContaining("1 object written; 3 notes, 0 that matter\n") });
    await writeFile(policy, imported.stdout);
    expect(await story.type("kubectl", "serin", "lint", "-f", policy, "--scrape-interval", "2s")).toMatchObject({ code: 0 });
    await story.kubectl("apply", "-f", policy);
    await story.kubectl("wait", "canarypolicy/nginx", "--for=condition=Accepted", "--timeout=20s");
    // The webhook reads policies by a watch of its own.
    await delay(300);
  });
  afterAll(() => story?.stop());

  it("promote a good release", async () => {
    await story.record();
    await story.load(100);
    await story.setImage("nginx:1.24.0");
    expect((await story.ends("nginx:1.24.0")).status?.phase).toBe("Promoted");
    expect((await story.stopLoad()).failures).toEqual([]);
  });

  it("take a release that fails half of its requests back, and simulate says the same of it afterwards", async () => {
    const image = "nginx:1.25.0-errors50";
    await story.load(100);
    await story.setImage(image);
    const { spec } = await story.plan(image);
    await whenDrained(spec.canary.hash);
    const plan = await story.ends(image);
    expect(plan.status?.phase).toBe("RolledBack");
    expect(plan.status?.message).toMatch(/success-rate: failed \(2\) > failureLimit \(1\)/);
    expect(await story.image()).toBe("nginx:1.24.0");
    await story.stopLoad();
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    await replayed(plan);
  });

  /** The same release again, from what Prometheus remembers of it: the same end, and what it cost. */
  async function replayed({ status }: CanaryPlan): Promise<void> {
    const shifted = status?.journal?.find(({ reason }) => reason === "TrafficWeightUpdated")?.at;
    const words = `--policy nginx --deployment deploy/nginx --from ${shifted} --to ${status?.finishedAt}`;
    const { code, stdout } = await story.type("kubectl", "serin", "simulate", ...words.split(" "));
    console.log(stdout);
    expect(code).toBe(2);
    expect(stdout).toMatch(/Outcome: +would have been rolled back after .*: success-rate: failed \(2\) > failureLimit \(1\)/);
    expect(stdout).toMatch(/Cost: +[1-9]\d* of \d+ requests to the canary failed until then/);
  }
});
