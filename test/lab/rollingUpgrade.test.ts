import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { webhookAddress, webhookHealth, workerHealth } from "./addresses.ts";
import { answersOk } from "./httpAnswers.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type ReviewLoad, startReviewLoad } from "./reviewLoad.ts";
import { type Story, tell } from "./story.ts";
import { until } from "./until.ts";

/** Reviews a second beside 100 requests a second; a machine that tests other things as well may be slower. */
const reviews = 50;
const replicas = 2;
const roles = ["webhook", "worker"] as const;

/**
 * What `kubectl apply -k manifests/` of another version does to both Deployments: maxSurge 1, maxUnavailable 0, so each new pod is ready before an old
 * one is asked to end. failurePolicy Fail: a review that nobody answers is a change that fails.
 */
describe("both Deployments are upgraded in the middle of a plan, under 100 requests a second and reviews that must not fail", () => {
  let story: Story;
  let load: ReviewLoad;
  beforeAll(async () => {
    story = await tell({ without: ["prometheus"], webhooks: replicas, workers: replicas });
    await story.shop({ replicas: 2 });
    await story.kubectl("create", "deployment", "reviewed", "--image=reviewed:1", "--replicas=0");
    await story.policy({
      steps: [{ setWeight: 50 }, { pause: {} }, { setWeight: 100 }, { pause: { duration: "1s" } }],
      traffic: { settle: "500ms" },
    });
    const policies = [0, 1, 2].map((i) => ({ op: "replace", path: `/webhooks/${i}/failurePolicy`, value: "Fail" }));
    await story.kubectl("patch", "mutatingwebhookconfiguration", "canary-serin", "--type=json", "-p", JSON.stringify(policies));
    await story.record();
    await story.load(100);
    load = startReviewLoad(story.lab.env["KUBECONFIG"] ?? "", "reviewed", reviews);
    await until("reviews to be answered", async () => load.answered() > 100);
  });
  afterAll(async () => {
    await load?.stop();
    await story?.stop();
  });

  it("the plan is at its gate before and after, by the same decisions; a person who approves is believed by the new ones", async () => {
    await story.setImage("nginx:1.24.0");
    const before = await story.planWhen("nginx:1.24.0", "at its gate", ({ status }) => status?.phase === "Paused");
    const pods = await story.pods();
    const from = Date.now();
    await Promise.all(roles.map(upgrade));
    await until("one of the new workers to lead", async () => (await holders()).some((name) => name.startsWith("serin-worker-new")), 60);
    process.stdout.write(`${2 * roles.length} processes replaced in ${((Date.now() - from) / 1_000).toFixed(0)} s\n`);
    const after = await story.plan("nginx:1.24.0");
    expect(after.status?.journal).toEqual(before.status?.journal);
    expect([after.status?.phase, after.status?.step, await story.pods()]).toEqual(["Paused", before.status?.step, pods]);

    await story.kubectl("rollout", "resume", "deploy/nginx");
    const ended = await story.ends("nginx:1.24.0");
    expect(ended.status?.phase).toBe("Promoted");
    expect((await story.plans()).length).toBe(1);
    const told = (ended.status?.journal ?? []).map(({ reason }) => reason);
    for (const once of ["PlanCreated", "CanaryCreated", "Approved", "HandedOver", "Promoted"])
      expect(told.filter((reason) => reason === once)).toEqual([once]);
    expect(await story.type("kubectl", "serin", "audit", "verify", "-A")).toMatchObject({ code: 0 });
  });

  it("a change after that meets the new ones alone, and so does who takes it back", async () => {
    expect(await story.setImage("nginx:1.25.0")).toContain("image updated");
    await story.planWhen("nginx:1.25.0", "at its gate", ({ status }) => status?.phase === "Paused");
    await story.setImage("nginx:1.24.0");
    expect((await story.ends("nginx:1.25.0")).status?.phase).toBe("Cancelled");
  });

  it("not one review failed, not one request was lost, and no stored revision broke an invariant", async () => {
    await load.stop();
    expect(load.failures()).toEqual([]);
    const report = await story.stopLoad();
    expect(report.failures).toEqual([]);
    expect([report.non200, report.answered > 1_000]).toEqual([0, true]);
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });

  /** The first new one in a place of its own, each further one in the place of the old one that has just gone. */
  async function upgrade(role: (typeof roles)[number]): Promise<void> {
    const { processes } = story.lab;
    for (let i = 0; i < replicas; i++) {
      const place = i === 0 ? replicas : i - 1;
      const health = role === "webhook" ? webhookHealth(place) : workerHealth(place);
      const name = `serin-${role}-new-${i}`;
      const listen = role === "webhook" ? { SERIN_LISTEN: webhookAddress(place) } : {};
      const other = { name, ready: () => answersOk(`http://${health}/readyz`) };
      await processes.startBeside(`serin-${role}-${i}`, other, { SERIN_POD_NAME: name, SERIN_HEALTH: health, ...listen });
      await processes.kill(`serin-${role}-${i}`, "SIGTERM");
    }
  }

  const holders = async (): Promise<string[]> => [
    await story.kubectl("get", "lease", "serin-worker", "-n", "serin-system", "-o", "jsonpath={.spec.holderIdentity}"),
  ];
});
