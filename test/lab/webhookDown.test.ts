import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { annotations, lastApplied } from "../../src/api/names.ts";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { planOf } from "./recorder/plans.ts";
import type { RecordedEvent } from "./recorder/recordedEvent.ts";
import { replay } from "./recorder/replay.ts";
import { type Story, steps, tell } from "./story.ts";
import { shopDeployment } from "./storyShop.ts";
import { until } from "./until.ts";

/** Without a webhook the hold is kept by the MutatingAdmissionPolicy, which runs inside kube-apiserver and can't be down. */
describe("the webhook is down, under 100 requests a second", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    await story.shop({ replicas: 4 });
    await story.policy({ steps: steps([30, "1s"], [50, "10s"], [100, "1s"]) });
    await story.record();
    await story.load(100);
  });
  afterAll(() => story?.stop());

  it("in the middle of a plan: who unpauses, replaces, applies or edits the hold away leaves it in place, and the plan ends well", async () => {
    await story.setImage("nginx:1.24.0");
    const plan = await story.atWeight("nginx:1.24.0", 50);
    await control(plan, { hold: {} });
    const intent = (await story.get<Held>("deploy", "nginx")).metadata.annotations[annotations.intent];
    expect(intent).toBeDefined();
    await story.lab.processes.kill("serin-webhook-0");

    const file = join(story.lab.dir, "nginx.yaml");
    const manifest = (paused?: boolean) =>
      stringify(shopDeployment({ image: "nginx:1.24.0", deployment: paused === undefined ? {} : { paused } }));
    const attempts: Array<[string, () => Promise<string>]> = [
      ["rollout resume", () => story.kubectl("rollout", "resume", "deploy/nginx")],
      ["replace", () => writeFile(file, manifest()).then(() => story.kubectl("replace", "-f", file))],
      ["apply with paused: false", () => writeFile(file, manifest(false)).then(() => story.kubectl("apply", "-f", file))],
      ["server-side apply with paused: false", () => story.kubectl("apply", "--server-side", "--force-conflicts", "-f", file)],
      ["annotate", () => story.kubectl("annotate", "deploy", "nginx", `${annotations.intent}-`)],
      [
        "patch",
        () =>
          story.kubectl(
            "patch",
            "deploy",
            "nginx",
            "--type=merge",
            "-p",
            JSON.stringify({ metadata: { annotations: null }, spec: { paused: null } }),
          ),
      ],
    ];
    for (const [what, attempt] of attempts) {
      await attempt();
      const now = await story.get<Held>("deploy", "nginx");
      expect({ what, paused: now.spec.paused, intent: now.metadata.annotations[annotations.intent] }).toEqual({
        what,
        paused: true,
        intent,
      });
    }
    const stable = (await story.pods()).filter((pod) => pod.includes(plan.spec.stable.hash));
    expect(stable.length).toBe(4);
    expect((await story.plan("nginx:1.24.0")).status).toMatchObject({ phase: "Paused", weight: { desired: 50 } });

    await control(plan, { hold: null });
    expect((await story.ends("nginx:1.24.0")).status?.phase).toBe("Promoted");
    expect(await story.image()).toBe("nginx:1.24.0");
    const after = await story.get<Held>("deploy", "nginx");
    expect(after.spec.paused ?? false).toBe(false);
    expect(Object.keys(after.metadata.annotations).filter((key) => key.startsWith("serin.dev/"))).toEqual([]);
  });

  it("no request was lost, stable kept its pods, and the hold stood in every stored revision", async () => {
    const report = await story.stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.non200).toBe(0);
    const events = await story.stopRecording();
    // The team's own apply writes kubectl's own annotation.
    expect(checkInvariants(events, { annotations: [lastApplied] })).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    expect(unheld(events)).toEqual([]);
  });

  it("with nothing to do: `set image` is admitted, and recorded as a bypass within 5 s", async () => {
    await story.setImage("nginx:1.25.0");
    const at = Date.now();
    const plan = await until("a Bypassed plan", async () =>
      (await story.plans()).find(({ status, spec }) => status?.phase === "Bypassed" && spec.canary.images.includes("nginx:1.25.0")),
    );
    expect(Date.now() - at).toBeLessThan(5_000);
    expect(plan.status?.message).toContain("the webhook was not asked");
    expect((await story.rolloutStatus()).code).toBe(0);
    expect(await story.image()).toBe("nginx:1.25.0");
    expect((await story.plans()).length).toBe(2);
  });

  const control = ({ metadata }: CanaryPlan, asked: Record<string, unknown>): Promise<string> =>
    story.kubectl("patch", "plan", metadata.name, "--type=merge", "-p", JSON.stringify({ spec: { control: asked } }));
});

interface Held {
  metadata: { annotations: Record<string, string> };
  spec: { paused?: boolean };
}

/** Revisions of the Deployment in which the hold was away while its plan still split the traffic. */
function unheld(events: readonly RecordedEvent[]): string[] {
  const found: string[] = [];
  replay(events, (event, world) => {
    if (event.kind !== "Deployment") return;
    const plan = world.list("CanaryPlan").find((one) => !planOf(one).ended && planOf(one).phase !== "Promoting");
    const { paused } = event.object.spec as { paused?: boolean };
    if (plan !== undefined && paused !== true) found.push(`revision ${event.rv} is not paused in phase ${planOf(plan).phase}`);
  });
  return found;
}
