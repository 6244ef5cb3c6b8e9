import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, type Typed, tell } from "./story.ts";
import { applyAll, house, settleTown, townPolicy } from "./storyTown.ts";

const gated = {
  steps: [{ setWeight: 30 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: "2s" } }, { setWeight: 80 }, { pause: {} }],
};
/** Alice, as kubectl impersonates her. */
const alice = ["--as=alice", "--as-group=system:masters"];

describe("a person decides", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    const houses = ["web", "held", "fast", "tired", "forged", "paused", "typed", "alone"].flatMap((name) => house(name));
    await settleTown(story, [townPolicy("plain", gated)], houses);
    await story.record();
  });
  afterAll(() => story?.stop());

  describe.concurrent("at a gate, with kubectl alone", () => {
    it("`pause: {}` waits, `kubectl wait` sees it, and `kubectl rollout resume` opens this gate and no other", async () => {
      await story.setImage("web:2", "web");
      const { metadata } = await story.plan("web:2");
      await story.kubectl("wait", "--for=condition=Paused", `plan/${metadata.name}`, "--timeout=60s");
      const plan = await story.plan("web:2");
      expect(plan.status).toMatchObject({ phase: "Paused", reason: "PausedForApproval", weight: { desired: 30 } });
      expect(plan.status?.message).toContain("kubectl rollout resume deploy/web");

      const resumed = await story.type("kubectl", "rollout", "resume", "deploy/web");
      expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining(`approved: plan ${metadata.name} goes on from step 2/6`) });
      expect(await pausedOf("web")).toBe("true");

      const second = await story.planWhen(
        "web:2",
        "at the second gate",
        ({ status }) => status?.phase === "Paused" && status.step?.index === 5,
      );
      expect(second.status?.weight?.desired).toBe(80);
      expect(await pausedOf("web")).toBe("true");
      expect(second.status?.approvals).toMatchObject([{ step: 1, how: "kubectl rollout resume" }]);
      await story.kubectl("rollout", "resume", "deploy/web", ...alice);
      const ended = await story.ends("web:2");
      expect(ended.status?.phase).toBe("Promoted");
      expect(ended.status?.approvals).toMatchObject([{ step: 1 }, { step: 5, by: "alice", how: "kubectl rollout resume" }]);
      await story.kubectl("wait", "--for=condition=Promoted", `plan/${metadata.name}`, "--timeout=10s");
      expect(await marksOf("web")).toEqual([]);
    });

    it("outside of a gate `kubectl rollout resume` is denied, and the commands of the denial work", async () => {
      const policy = townPolicy("typed", { steps: [{ setWeight: 30 }, { pause: { duration: "1h" } }] });
      await applyAll(story, [policy]);
      await story.setImage("typed/nginx:2", "typed");
      await story.planWhen("typed/nginx:2", "in its pause", ({ status }) => status?.reason === "StepStarted" && status.step?.index === 1);
      const denied = await story.type("kubectl", "rollout", "resume", "deploy/typed");
      expect(denied.code).toBe(1);
      expect(denied.stderr).toMatch(/typed in default is held by plan typed-\w+ \(Progressing, step 2\/2/);
      expect(await story.type("sh", "-c", commandIn(denied, "To cancel: "))).toMatchObject({ code: 0 });
      expect((await story.ends("typed/nginx:2")).status).toMatchObject({ phase: "Cancelled" });
      expect(await story.image("typed")).toBe("nginx:1.23.4");

      await story.setImage("typed/nginx:3", "typed");
      await story.planWhen("typed/nginx:3", "in its pause", ({ status }) => status?.reason === "StepStarted" && status.step?.index === 1);
      const again = await story.type("kubectl", "rollout", "resume", "deploy/typed");
      expect(await story.type("sh", "-c", commandIn(again, "to promote now: "))).toMatchObject({ code: 0 });
      const promoted = await story.ends("typed/nginx:3");
      expect(promoted.status?.phase).toBe("Promoted");
      expect(promoted.spec.control.promote).toMatchObject({ full: true, by: expect.any(String), at: expect.any(String) });
      expect(promoted.status?.journal?.map(({ reason }) => reason)).toContain("PromotedByUser");
    });

    it("control.hold keeps the weight and says who asked, control.promote ends the pause in force", async () => {
      await story.setImage("held:2", "held");
      await atGate("held:2", 1);
      await control("held:2", { hold: {} });
      const held = await story.planWhen("held:2", "held", ({ status }) => status?.reason === "PausedByUser");
      expect(held.status).toMatchObject({ phase: "Paused", message: "held at weight 30 by alice" });
      expect(held.spec.control.hold).toMatchObject({ by: "alice", at: expect.stringMatching(/^20/) });

      // Whoever holds it decides when it goes on: an approval in between does not move it.
      await control("held:2", { promote: {} });
      await control("held:2", { hold: null });
      const next = await atGate("held:2", 5);
      expect(next.status?.approvals).toMatchObject([{ step: 1, by: "alice", how: "control.promote" }]);
      await control("held:2", { approve: { step: 5 } });
      const ended = await story.ends("held:2");
      expect(ended.status).toMatchObject({ phase: "Promoted", approvals: [{ step: 1 }, { step: 5, by: "alice", how: "control.approve" }] });
    });

    it("control.abort rolls back and says who asked", async () => {
      await story.setImage("tired:2", "tired");
      await atGate("tired:2", 1);
      await control("tired:2", { abort: {} });
      const plan = await story.ends("tired:2");
      expect(plan.status).toMatchObject({ phase: "RolledBack", message: expect.stringContaining("aborted by alice: back to stable") });
      expect(plan.spec.control.abort).toMatchObject({ by: "alice" });
      expect((await story.rolloutStatus("tired")).code).toBe(0);
      expect(await story.image("tired")).toBe("nginx:1.23.4");
    });

    it("control.promote with full skips the steps that are left", async () => {
      await story.setImage("fast:2", "fast");
      await atGate("fast:2", 1);
      await control("fast:2", { promote: { full: true } });
      const plan = await story.ends("fast:2");
      expect(plan.status?.phase).toBe("Promoted");
      expect(plan.status?.journal?.find(({ reason }) => reason === "PromotedByUser")?.message).toContain("promoted in full by alice");
    });

    it("a stamp that somebody writes himself is refused, and so is an edit of the record", async () => {
      await story.setImage("forged:2", "forged");
      const { metadata } = await atGate("forged:2", 1);
      for (const forged of [
        { promote: { full: true, by: "bob" } },
        { approve: { step: 1, by: "alice", at: "2026-01-01T00:00:00Z" } },
        { abort: { at: "2026-01-01T00:00:00.000Z" } },
      ]) {
        const refused = await patch(metadata.name, { control: forged });
        expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("the webhook writes them") });
      }
      expect(await patch(metadata.name, { canary: { images: ["forged:3"] } })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("a plan records one change"),
      });
      // A forged approval on the Deployment itself opens nothing either.
      const approval = JSON.stringify({
        v: 1,
        plan: metadata.name,
        step: 1,
        by: "bob",
        at: new Date().toISOString(),
        key: "1",
        mac: "AAAA",
      });
      await story.kubectl("annotate", "deploy/forged", `serin.dev/approval=${approval}`);
      await control("forged:2", { hold: {} });
      const plan = await story.planWhen("forged:2", "held", ({ status }) => status?.reason === "PausedByUser");
      expect(plan.status?.step?.index).toBe(1);
      expect(plan.status?.approvals ?? []).toEqual([]);
      expect(plan.spec.control).toEqual({
        hold: { by: "alice", at: expect.any(String), key: expect.any(String), mac: expect.any(String) },
      });
      await control("forged:2", { abort: {} });
      expect((await story.ends("forged:2")).status?.phase).toBe("RolledBack");
      expect(await marksOf("forged")).toEqual([]);
    });

    it("`kubectl rollout pause` before the edits: nothing starts before `kubectl rollout resume`", async () => {
      await story.kubectl("rollout", "pause", "deploy/paused");
      const edited = await story.type("kubectl", "set", "image", "deploy/paused", "nginx=paused:2");
      expect(edited.stderr).toContain("paused by you: the canary begins with kubectl rollout resume deploy/paused");
      await story.setImage("paused:3", "paused");
      await story.kubectl("set", "env", "deploy/paused", "COLOUR=blue");
      expect((await story.plans()).filter(({ spec }) => spec.deployment.name === "paused")).toEqual([]);
      expect((await story.pods("paused")).length).toBe(2);

      const resumed = await story.type("kubectl", "rollout", "resume", "deploy/paused");
      expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining("resumed with another template: canary plan") });
      const plan = await atGate("paused:3", 1);
      expect(plan.spec.stable.images).toEqual(["nginx:1.23.4"]);
      await control("paused:3", { promote: { full: true } });
      expect((await story.ends("paused:3")).status?.phase).toBe("Promoted");
      expect((await story.plans()).filter(({ spec }) => spec.deployment.name === "paused").length).toBe(1);
      expect(await marksOf("paused")).toEqual([]);
    });
  });

  it("while the webhook is down nobody promotes or approves, the plan says why, and the same wish works when it is back", async () => {
    await story.setImage("alone:2", "alone");
    const { metadata } = await atGate("alone:2", 1);
    await story.lab.processes.kill("serin-webhook-0");
    const at = new Date().toISOString();
    for (const wish of [
      { promote: { full: true, by: "alice", at } },
      { approve: { step: 1, by: "alice", at, key: "k1", mac: "AAAA" } },
      { promote: { full: true } },
    ]) {
      expect(await patch(metadata.name, { control: wish })).toMatchObject({ code: 0 });
      const plan = await story.planWhen("alone:2", "rid of the wish", ({ spec }) => Object.keys(spec.control).length === 0);
      expect(plan.status).toMatchObject({ phase: "Paused", step: { index: 1 }, weight: { desired: 30 } });
      expect(plan.status?.approvals ?? []).toEqual([]);
    }
    const told = (await story.plan("alone:2")).status?.journal?.filter(({ reason }) => reason.startsWith("Stamp"));
    expect(told?.map(({ reason }) => reason)).toEqual(["StampForged", "StampForged", "StampMissing"]);
    expect(told?.[0]?.message).toBe(
      `promote of ${metadata.name} says by alice at ${at}, and that is no stamp of Serin's webhook: it counts for nothing and was taken off. Ask again, without by and at, when the webhook is up`,
    );
    const events = await story.kubectl("get", "events", "--field-selector=reason=StampMissing", "-o", "jsonpath={.items[*].message}");
    expect(events).toContain(`promote of ${metadata.name} came past Serin's webhook, which says who asks and when`);

    await story.lab.processes.restart("serin-webhook-0");
    await control("alone:2", { promote: { full: true } });
    const plan = await story.ends("alone:2");
    expect(plan.status?.phase).toBe("Promoted");
    expect(plan.status?.journal?.find(({ reason }) => reason === "PromotedByUser")?.message).toContain("promoted in full by alice");
  });

  it("through all of it the invariants held", async () => {
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });

  const atGate = (image: string, step: number): Promise<CanaryPlan> =>
    story.planWhen(
      image,
      `at the gate of step ${step}`,
      ({ status }) => status?.reason === "PausedForApproval" && status.step?.index === step,
    );

  const patch = (plan: string, spec: unknown): Promise<Typed> =>
    story.type("kubectl", "patch", "plan", plan, "--type=merge", "-p", JSON.stringify({ spec }), ...alice);

  async function control(image: string, wanted: unknown): Promise<void> {
    const { metadata } = await story.plan(image);
    expect(await patch(metadata.name, { control: wanted })).toMatchObject({ code: 0 });
  }

  const pausedOf = (name: string): Promise<string> => story.kubectl("get", "deploy", name, "-o", "jsonpath={.spec.paused}");

  /** Annotations of ours that are still there. */
  async function marksOf(name: string): Promise<string[]> {
    const { metadata, spec } = await story.get<{ metadata: { annotations?: object }; spec: { paused?: boolean } }>("deploy", name);
    return [...Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith("serin.dev/")), ...(spec.paused ? ["paused"] : [])];
  }
});

/** The command after these words, up to the next sentence. */
function commandIn({ stderr }: Typed, words: string): string {
  const [, rest = ""] = stderr.split(words);
  return rest.split("; ")[0]?.trim() ?? "";
}
