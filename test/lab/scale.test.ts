import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { annotations, labels } from "../../src/api/names.ts";
import type { CanaryPlan } from "../../src/api/plan.ts";
import type { KubeObject } from "./kubelet/clusterClient.ts";
import { Lookout } from "./lookout.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, steps, tell } from "./story.ts";
import { until } from "./until.ts";

/** A moment of a plan at which somebody scales. */
interface Moment {
  name: string;
  comes(lookout: Lookout, plan: CanaryPlan): Promise<unknown>;
}

const ownerOf = (object: KubeObject): string | undefined => object.metadata.ownerReferences?.find(({ controller }) => controller)?.kind;
const hashOf = (object: KubeObject): string | undefined => object.metadata.labels?.["pod-template-hash"];
const samePlan = (plan: CanaryPlan) => (object: KubeObject) => object.metadata.uid === plan.metadata.uid;

const promoting: Moment = {
  name: "the plan's phase becomes Promoting",
  comes: (lookout, plan) =>
    lookout.when("canaryplans", "Promoting", (now) => samePlan(plan)(now) && (now.status as CanaryPlan["status"])?.phase === "Promoting"),
};
const custody: Moment = {
  name: "the stable ReplicaSet goes into custody",
  comes: (lookout, plan) =>
    lookout.when("replicasets", "custody", (set) => hashOf(set) === plan.spec.stable.hash && ownerOf(set) === "CanaryPlan"),
};
const handOver: Moment = {
  name: "the canary ReplicaSet is handed over",
  comes: (lookout, plan) =>
    lookout.when(
      "replicasets",
      "the hand-over",
      (set) => set.metadata.labels?.[labels.plan] === plan.metadata.name && ownerOf(set) === "Deployment",
    ),
};
const unhold: Moment = {
  name: "the hold ends",
  comes: (lookout, plan) =>
    lookout.when<KubeObject>("deployments", "the unhold", ({ metadata, spec }) => {
      const { paused, template } = spec as { paused?: boolean; template: { spec: { containers: Array<{ image: string }> } } };
      const isNew = template.spec.containers.some(({ image }) => plan.spec.canary.images.includes(image));
      return metadata.name === "nginx" && isNew && paused !== true && metadata.annotations?.[annotations.intent] === undefined;
    }),
};
const after = (ms: number): Moment => ({ name: `${ms} ms after the plan was made`, comes: () => delay(ms) });

const chosen = [promoting, custody, handOver, unhold];
/** Two at each chosen moment, down and up, then two at moments that nobody chose; the seed makes them the same in each run. */
const long = Array.from(
  { length: 20 },
  (_, i) => (i % 4 < 2 ? chosen[Math.floor(i / 4) % 4] : after(Math.floor(random(i) * 20_000))) ?? promoting,
);
const rounds = process.env["SOAK"] ? long : chosen;

describe("scaled in the middle of a promotion, under 100 requests a second", () => {
  let story: Story;
  let lookout: Lookout;
  let version = 0;
  beforeAll(async () => {
    story = await tell({ scrape: "1s" });
    lookout = new Lookout(story.lab.env);
    await story.shop({ replicas: 8 });
    await story.policy({ steps: steps([50, "1s"], [100, "1s"]) });
    await story.record();
    await story.load(100);
  });
  afterAll(async () => {
    await lookout?.close();
    await story?.stop();
  });

  it.each(rounds.map((moment, i) => ({ moment, from: i % 2 === 0 ? 8 : 4, to: i % 2 === 0 ? 4 : 8 })))(
    "from $from to $to pods when $moment.name",
    async ({ moment, to }) => {
      const image = `nginx:2.0.${version++}`;
      await story.setImage(image);
      await moment.comes(lookout, await story.plan(image));
      await lookout.scale("nginx", to);
      expect(await ended(image)).toEqual({ phase: "Promoted", pods: to });
    },
  );

  it("by an autoscaler that writes another number every second, from the request to the end", async () => {
    const image = `nginx:2.0.${version++}`;
    await story.setImage(image);
    let over = false;
    const end = story.ends(image).finally(() => {
      over = true;
    });
    const seen: number[] = [];
    while (!over) {
      // Up and down between 4 and 8, with some seconds at each end.
      const wanted = 6 + Math.round(2 * Math.sin(seen.length / 4));
      await lookout.scale("nginx", wanted);
      seen.push(wanted);
      await Promise.race([delay(1_000), end]);
    }
    await end;
    expect(await ended(image)).toEqual({ phase: "Promoted", pods: seen.at(-1) });
  });

  it("no request was lost, and no stored revision broke an invariant", async () => {
    const report = await story.stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.non200).toBe(0);
    expect(report.answered).toBeGreaterThan(1_000);
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });

  /** How the plan ended, and how many pods of its image are left once the cluster is quiet. */
  async function ended(image: string): Promise<{ phase: string | undefined; pods: number }> {
    const plan = await story.ends(image);
    const { spec } = await story.get<{ spec: { replicas: number } }>("deploy", "nginx");
    const pods = await until("as many pods as were asked for, and no others", async () => {
      const now = await story.pods();
      const all = now.every((pod) => pod.includes(plan.spec.canary.hash));
      return all && now.length === spec.replicas ? now.length : undefined;
    });
    return { phase: plan.status?.phase, pods };
  }
});

/** A number of 0..1 that is the same in each run. */
function random(seed: number): number {
  const x = Math.sin(seed + 1) * 10_000;
  return x - Math.floor(x);
}
