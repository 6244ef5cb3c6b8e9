import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { CanaryPlan, PlanStatus } from "../../src/api/plan.ts";
import { workerHealth } from "./addresses.ts";
import { type AuditEvent, inWords, isAccepted, serinWrites, timeOf } from "./auditLog.ts";
import type { KubeObject } from "./kubelet/clusterClient.ts";
import { Lookout } from "./lookout.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import type { RecordedEvent } from "./recorder/recordedEvent.ts";
import { type Story, steps, successRate, tell } from "./story.ts";
import { shop } from "./storyShop.ts";
import { until } from "./until.ts";

const analysis = { metrics: [successRate({ interval: "2s" })] };
const soak = Boolean(process.env["SOAK"]);
/** Design: the Lease is free after 10 s without a renewal, and the standby looks every 2 s. */
const takeoverMs = 20_000;

/** A moment of a plan at which the leading worker is ended. */
interface Moment {
  name: string;
  /** What is done to the plan so that it gets there; by default it is a good release. */
  after?: "abort" | "take back";
  /** Its metric fails, and is forgiven, until then. */
  passesAfterMs?: number;
  is(status: PlanStatus): boolean;
  ends: PlanStatus["phase"];
}

const moments: Moment[] = [
  { name: "Preparing, the split just made", is: (now) => now.phase === "Preparing" && now.routes !== undefined, ends: "Promoted" },
  { name: "Progressing, the first weight just set", is: (now) => now.step?.index === 0 && now.weight?.desired === 50, ends: "Promoted" },
  { name: "Progressing, at a weight", is: (now) => now.step?.index === 1 && now.step.startedAt !== undefined, ends: "Promoted" },
  {
    name: "waiting for a pass",
    passesAfterMs: 30_000,
    is: (now) => now.step?.index === 1 && (now.metrics?.[0]?.failed ?? 0) > 2,
    ends: "Promoted",
  },
  { name: "Promoting, before the hand-over", is: (now) => now.phase === "Promoting", ends: "Promoted" },
  { name: "Promoting, after the hand-over", is: (now) => toldOf(now, "HandedOver"), ends: "Promoted" },
  { name: "RollingBack", after: "abort", is: (now) => now.phase === "RollingBack", ends: "RolledBack" },
  { name: "Cancelling", after: "take back", is: (now) => now.phase === "Cancelling", ends: "Cancelled" },
];

describe("the leading worker is killed, under 100 requests a second", () => {
  let story: Story;
  let lookout: Lookout;
  let version = 0;
  beforeAll(async () => {
    story = await tell();
    lookout = new Lookout(story.lab.env);
    await story.shop({ replicas: 4 });
    await story.record();
    await story.load(100);
  });
  afterAll(async () => {
    await lookout?.close();
    await story?.stop();
  });

  it("with three plans at once: at a weight, after the hand-over, rolling back; each goes on where it was", async () => {
    await apply("nginx", { steps: steps([50, "10m"], [100, "1s"]), analysis });
    await others();
    await story.setImage("nginx:1.9.0");
    await lookout.when(
      "canaryplans",
      "nginx at a weight",
      isPlan("nginx:1.9.0", (now) => now.step?.index === 1),
    );
    await Promise.all([setImage("late", "late:2.0"), setImage("bad", "bad:2.0")]);
    await lookout.when(
      "canaryplans",
      "bad at a weight",
      isPlan("bad:2.0", (now) => (now.step?.index ?? 0) > 0),
    );
    await lookout.when(
      "canaryplans",
      "late was handed over",
      isPlan("late:2.0", (now) => now.stage === "delay"),
    );
    await abort("bad:2.0");
    await lookout.when(
      "canaryplans",
      "bad rolls back",
      isPlan("bad:2.0", (now) => now.stage === "revertAfter"),
    );
    expect((await story.plans()).map(({ status }) => status?.phase).sort()).toEqual(["Progressing", "Promoting", "RollingBack"]);

    const killed = await killLeader();
    await takenOver(killed);
    await control("nginx:1.9.0", { promote: {} });
    expect((await story.ends("late:2.0")).status?.phase).toBe("Promoted");
    expect((await story.ends("bad:2.0")).status?.phase).toBe("RolledBack");
    expect((await story.ends("nginx:1.9.0")).status?.phase).toBe("Promoted");
    await standsBy(killed.worker);
    await apply("nginx", { steps: steps([50, "3s"], [100, "3s"]), analysis, revertAfter: "3s" });
  });

  it("frozen for 15 s in the middle of a plan and let go again, it writes nothing more", async () => {
    const image = nextImage();
    await story.setImage(image);
    await lookout.when(
      "canaryplans",
      "a weight",
      isPlan(image, (now) => now.step?.index === 1),
    );
    const worker = await leader();
    const at = Date.now();
    await story.lab.processes.kill(worker, "SIGSTOP");
    await delay(15_000);
    await story.lab.processes.kill(worker, "SIGCONT");
    expect((await story.ends(image)).status?.phase).toBe("Promoted");
    const writes = await workerWrites(at);
    const firstOfNew = writes.find((write) => !isBy(write, worker));
    expect(firstOfNew && timeOf(firstOfNew) - at).toBeLessThan(takeoverMs);
    const late = writes.filter((write) => isBy(write, worker) && timeOf(write) > timeOf(firstOfNew ?? write));
    expect(late.map(inWords)).toEqual([]);
    await standsBy(worker);
  });

  it.runIf(soak).each(moments)("$name", async (moment) => {
    const image = nextImage();
    const stable = await story.image();
    const metrics = moment.passesAfterMs === undefined ? analysis : { metrics: [passesAfter(moment.passesAfterMs)] };
    await apply("nginx", { steps: steps([50, "3s"], [100, "3s"]), analysis: metrics, revertAfter: "3s" });
    await story.setImage(image);
    if (moment.after !== undefined) {
      await lookout.when(
        "canaryplans",
        "a weight",
        isPlan(image, (now) => now.step?.index === 1),
      );
      if (moment.after === "take back") await story.setImage(stable);
      else await abort(image);
    }
    await lookout.when(
      "canaryplans",
      moment.name,
      isPlan(image, (now) => moment.is(now)),
    );
    const killed = await killLeader();
    await takenOver(killed);
    const ended = await story.ends(image);
    expect(ended.status?.phase).toBe(moment.ends);
    expect(await story.image()).toBe(moment.ends === "Promoted" ? image : stable);
    await standsBy(killed.worker);
  });

  it("no request was lost, no stored revision broke an invariant, and no weight rose without a pass", async () => {
    const report = await story.stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.non200).toBe(0);
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    expect(risesWithoutPass(events)).toEqual([]);
  });

  interface Killed {
    worker: string;
    at: number;
  }

  async function killLeader(): Promise<Killed> {
    const worker = await leader();
    const at = Date.now();
    await story.lab.processes.kill(worker, "SIGKILL");
    return { worker, at };
  }

  /** Another one holds the Lease and has written; then the killed one starts again. */
  async function takenOver({ worker, at }: Killed): Promise<void> {
    await until("another leader", async () => (await leader()) !== worker, 60);
    const first = await until("a write of the new leader", async () => (await workerWrites(at)).find((write) => !isBy(write, worker)), 60);
    process.stdout.write(`${worker} killed: ${inWords(first)} after ${timeOf(first) - at} ms\n`);
    expect(timeOf(first) - at).toBeLessThan(takeoverMs);
    await story.lab.processes.restart(worker);
  }

  /** What the workers have written since then, each of them told by its user agent. */
  const workerWrites = async (since: number): Promise<AuditEvent[]> =>
    (await serinWrites(story.lab, since)).filter((event) => isAccepted(event) && event.userAgent?.startsWith("serin-worker/"));

  /** It runs, knows the cluster, and does not lead. */
  async function standsBy(worker: string): Promise<void> {
    expect(await leader()).not.toBe(worker);
    const address = workerHealth(Number(worker.at(-1)));
    expect((await fetch(`http://${address}/readyz`)).status).toBe(200);
    expect(await (await fetch(`http://${address}/metrics`)).text()).toContain("serin_worker_leader 0");
  }

  /** Name of the process that holds the Lease. */
  async function leader(): Promise<string> {
    const lease = await lookout.client.get<{ spec: { holderIdentity: string } }>(
      "/apis/coordination.k8s.io/v1/namespaces/serin-system/leases/serin-worker",
    );
    return lease.spec.holderIdentity.split("_")[0] ?? "";
  }

  /** Two more applications without a route of their own: one whose promotion and one whose rollback takes its time. */
  async function others(): Promise<void> {
    for (const [name, slow] of [
      ["late", { canary: { scaleDownDelay: "20s" } }],
      ["bad", { revertAfter: "20s" }],
    ] as const) {
      await story.lab.apply(shop({ name, image: `${name}:1.0`, replicas: 1, route: false }));
      await apply(name, { steps: steps([50, name === "bad" ? "10m" : "1s"]), ...slow });
      await story.kubectl("rollout", "status", `deploy/${name}`, "--timeout=60s");
    }
  }

  /** A policy for the images of one application. */
  async function apply(name: string, spec: Record<string, unknown>): Promise<void> {
    const policy = {
      apiVersion: "serin.dev/v1alpha1",
      kind: "CanaryPolicy",
      metadata: { name },
      spec: { match: { images: [`${name}:*`] }, ...spec },
    };
    await story.lab.apply(stringify(policy));
  }

  async function control(image: string, asked: Record<string, unknown>): Promise<void> {
    const { metadata } = await story.plan(image);
    await story.kubectl("patch", "plan", metadata.name, "--type=merge", "-p", JSON.stringify({ spec: { control: asked } }));
  }

  const abort = (image: string) => control(image, { abort: {} });
  const setImage = (name: string, image: string) => story.kubectl("set", "image", `deploy/${name}`, `nginx=${image}`);
  const nextImage = () => `nginx:2.0.${version++}`;
});

const toldOf = (status: PlanStatus, reason: string): boolean => (status.journal ?? []).some((entry) => entry.reason === reason);
const isBy = ({ userAgent }: AuditEvent, worker: string): boolean => userAgent?.includes(`(${worker})`) === true;

const isPlan =
  (image: string, is: (status: PlanStatus) => boolean) =>
  (object: KubeObject): boolean => {
    const { spec, status } = object as unknown as CanaryPlan;
    return spec.canary.images.includes(image) && status !== undefined && is(status);
  };

/** A metric that fails, and is forgiven, until a time that Prometheus' own clock tells. */
const passesAfter = (ms: number) => ({
  name: "the-time-has-come",
  interval: "2s",
  failureLimit: 1_000,
  successCondition: "result[0] == 1.0",
  provider: { prometheus: { query: `vector(time()) >= bool ${Math.ceil((Date.now() + ms) / 1_000)}` } },
});

/** I6: where a metric is in force, the canary's weight leaves a value above 0 upwards only with a pass under it, at most 10 s old. */
function risesWithoutPass(events: readonly RecordedEvent[]): string[] {
  const before = new Map<string, PlanStatus>();
  const found: string[] = [];
  for (const event of events.filter(
    ({ kind, type, object }) => kind === "CanaryPlan" && type !== "DELETED" && object.status !== undefined,
  )) {
    const plan = event.object as unknown as CanaryPlan & { status: PlanStatus };
    const last = before.get(plan.metadata.uid ?? "")?.weight?.desired ?? 0;
    const now = plan.status.weight?.desired ?? 0;
    before.set(plan.metadata.uid ?? "", plan.status);
    if (now <= last || last === 0 || plan.spec.policy?.spec.analysis === undefined) continue;
    const changedAt = Date.parse(plan.status.weight?.changedAt ?? "");
    const passed = (plan.status.metrics ?? []).some(({ measurements }) => {
      const latest = measurements.at(-1);
      const age = changedAt - Date.parse(latest?.finishedAt ?? "");
      return latest?.verdict === "pass" && latest.weight === last && age >= 0 && age <= 10_000;
    });
    if (!passed) found.push(`${event.name}: ${last} → ${now} without a fresh pass under ${last}`);
  }
  return found;
}
