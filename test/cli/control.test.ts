import { describe, expect, test } from "vitest";
import { podTemplateHash } from "../../src/api/names.ts";
import type { CanaryPlan, PlanSpec } from "../../src/api/plan.ts";
import { type PodTemplate, templateDigest } from "../../src/api/template.ts";
import { ApiError } from "../../src/kube/apiError.ts";
import { type Change, labelled } from "../build/change.ts";
import { aDeployment, held, withImage } from "../build/deployment.ts";
import { aPlan, aRequest, asking, atStep, because, following, inPhase, type PlanDraft, withStatus, withWeight } from "../build/plan.ts";
import { aPolicy, withSpec, withSteps } from "../build/policy.ts";
import { aCanaryReplicaSet, aReplicaSet, atRevision, ownedByDeployment, withPods } from "../build/replicaSet.ts";
import { at, canaryImage, stableImage, template } from "../build/story.ts";
import { merged } from "../fakes/apiClient.ts";
import { serin, type World } from "./terminal.ts";

const app = labelled({ app: "nginx" });
const steps = following(aPolicy(withSteps({ setWeight: 30 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: "30s" } })));
type Changes = ReadonlyArray<Change<PlanDraft>>;
const atGate = (...changes: Changes) =>
  aPlan(steps, atStep(1), withWeight(30), inPhase("Paused"), because("PausedForApproval", "step 2/4 waits for approval"), ...changes);
const inPause = (...changes: Changes) => aPlan(steps, atStep(3), withWeight(60), because("StepStarted", "step 4/4: pause 30s"), ...changes);
const world = (...plans: CanaryPlan[]): World => [aDeployment(held()), ...plans];
const follow = "follow it: kubectl serin get deploy/nginx -n shop -w\n";

type Control = PlanSpec["control"];
/** The API server with Serin's webhook behind it, which stamps what is new; and what was sent. */
function stamping(plan: CanaryPlan, webhookIsUp = true) {
  const sent: unknown[] = [];
  let stored = structuredClone(plan) as { spec: { control: Control } };
  const onPatch = (_name: string, body: unknown): object => {
    const control = (body as { spec: { control: Control } }).spec.control;
    sent.push(control);
    const [[field, wish] = []] = Object.entries(control) as Array<[keyof Control, object | null]>;
    const isNew = field !== undefined && stored.spec.control[field] === undefined;
    stored = merged(stored, body) as typeof stored;
    if (webhookIsUp && isNew && field && wish)
      Object.assign(stored.spec.control[field] as object, { by: "alice", at: at(200), key: "k", mac: "m" });
    return structuredClone(stored);
  };
  return { sent, onPatch };
}

async function typed(line: string, plan: CanaryPlan, options: { webhookIsUp?: boolean; answer?: (question: string) => boolean } = {}) {
  const { webhookIsUp, ...rest } = options;
  const { sent, onPatch } = stamping(plan, webhookIsUp);
  return { sent, ...(await serin(line, [world(plan)], { onPatch, ...rest })) };
}

describe("what is asked, and what is said to come next", () => {
  test.each(["approve deploy/nginx", "approve plan nginx-x7k2m"])("%s opens the gate that it stands at", async (line) => {
    const { out, err, code, sent } = await typed(line, atGate());
    expect(out).toBe(`approved by alice: step 2/4 of plan nginx-x7k2m\nnext: step 3/4: setWeight 60\n${follow}`);
    expect({ err, code, sent }).toEqual({ err: "", code: 0, sent: [{ approve: { step: 1 } }] });
  });

  test("an approval of an earlier gate is taken away first, or its old stamp would stay", async () => {
    const { sent, code } = await typed("approve nginx", atGate(asking({ approve: { step: 0, by: "bob", at: at(5), key: "k", mac: "m" } })));
    expect({ sent, code }).toEqual({ sent: [{ approve: null }, { approve: { step: 1 } }], code: 0 });
  });

  test("a name without the webhook's signature may be anybody's: it is taken back, and asked anew", async () => {
    const forged = await typed("approve nginx", atGate(asking({ approve: { step: 1, by: "mallory", at: at(5) } })));
    expect(forged.sent).toEqual([{ approve: null }, { approve: { step: 1 } }]);
    expect(forged.out).toMatch(/^approved by alice: /);
    const held = await typed("hold nginx", inPause(asking({ hold: { by: "mallory", at: at(5) } })));
    expect(held).toMatchObject({ sent: [], out: expect.stringMatching(/^on hold already\n/) });
  });

  test("one that the worker has not seen yet is not asked again; one that it has used is", async () => {
    const asked = asking({ approve: { step: 1, by: "bob", at: at(5), key: "k", mac: "m" } });
    expect(await typed("approve nginx", atGate(asked))).toMatchObject({
      sent: [],
      code: 0,
      out: `step 2 was approved already, by bob\n${follow}`,
    });
    const used = withStatus({ approvals: [{ step: 1, by: "bob", at: at(5), how: "control.approve" }] });
    expect((await typed("approve nginx", atGate(asked, used))).sent).toHaveLength(2);
  });

  test("approving what is on hold says what is missing", async () => {
    const plan = atGate(because("PausedByUser", "held at weight 30"), asking({ hold: {} }));
    expect((await typed("approve nginx", plan)).out).toContain(
      "next: nothing yet: it is on hold; kubectl serin resume deploy/nginx -n shop\n",
    );
  });

  test("hold, and hold again", async () => {
    const { out, sent } = await typed("hold nginx", inPause());
    expect(out).toBe(
      `on hold by alice: plan nginx-x7k2m stays at weight 60\nnext: its metrics are still judged, and a failure rolls it back; go on with: kubectl serin resume deploy/nginx -n shop\n${follow}`,
    );
    expect(sent).toEqual([{ hold: {} }]);
    const again = await typed("hold nginx", inPause(asking({ hold: { by: "bob", at: at(5), key: "k", mac: "m" } })));
    expect(again).toMatchObject({ sent: [], code: 0, out: `on hold already, by bob since ${at(5)}\n${follow}` });
  });

  test("resume", async () => {
    const { out, sent } = await typed("resume nginx", inPause(asking({ hold: {} })));
    expect(out).toBe(`no longer on hold: plan nginx-x7k2m\nnext: it goes on with step 4/4: pause 30s\n${follow}`);
    expect(sent).toEqual([{ hold: null }]);
  });

  test("promote ends the pause, the last one with the promotion", async () => {
    const { out, sent } = await typed("promote nginx", inPause());
    expect(out).toBe(
      `promoted by alice: the pause of step 4/4 of plan nginx-x7k2m ends now\nnext: the promotion, if the metrics in force pass\n${follow}`,
    );
    expect(sent).toEqual([{ promote: {} }]);
    expect((await typed("promote nginx", aPlan(steps, atStep(2)))).out).toContain(
      "the next pause of plan nginx-x7k2m ends now\nnext: step 3/4 finishes first\n",
    );
  });

  test("abort", async () => {
    const { out, sent } = await typed("abort nginx", inPause());
    expect(out).toBe(
      `aborted by alice: plan nginx-x7k2m\nnext: all requests go to stable at once, then the template of nginx:1.23.0 goes back into the Deployment\n${follow}`,
    );
    expect(sent).toEqual([{ abort: {} }]);
    const holding = aPlan(following(aPolicy(withSpec({ onFailure: "Hold" }))));
    expect((await typed("abort nginx", holding)).out).toContain("the Deployment stays held on stable (onFailure: Hold)");
    expect((await typed("abort nginx", aPlan(inPhase("Promoting")))).out).toContain("unless the pods have been handed over");
    expect(await typed("abort nginx", aPlan(inPhase("RollingBack")))).toMatchObject({ sent: [], code: 0 });
  });
});

describe("promote --full asks a person first", () => {
  const question = "Promote nginx:1.24.0 in full, without the 1 steps that are left?";
  test("yes", async () => {
    const asked: string[] = [];
    const { out, sent } = await typed("promote nginx --full", inPause(), { answer: (said) => asked.push(said) > 0 });
    expect(asked).toEqual([question]);
    expect(out).toContain("promoted in full by alice: plan nginx-x7k2m\nnext: nginx:1.24.0 gets all requests once its pods are ready");
    expect(sent).toEqual([{ promote: { full: true } }]);
  });

  test("no", async () => {
    const { err, code, sent } = await typed("promote nginx --full", inPause(), { answer: () => false });
    expect(err).toContain("why: it was not confirmed, so nothing was changed\n  try: answer yes, or say --yes\n");
    expect({ code, sent }).toEqual({ code: 1, sent: [] });
  });

  test("--yes, and a pipeline, are not asked", async () => {
    const answer = () => {
      throw new Error("asked");
    };
    expect((await typed("promote nginx --full --yes", inPause(), { answer })).code).toBe(0);
    expect((await typed("promote nginx --full", inPause())).sent).toEqual([{ promote: { full: true } }]);
  });
});

describe("without the webhook", () => {
  test.each([
    ["approve nginx", atGate(), [{ approve: { step: 1 } }, { approve: null }]],
    ["promote nginx", inPause(), [{ promote: {} }, { promote: null }]],
  ])("%s leaves nothing behind, since nobody recorded who asked", async (line, plan, sent) => {
    const printed = await typed(line, plan, { webhookIsUp: false });
    expect(printed.err).toContain("why: Serin's webhook, which records who asks, was not asked itself: it is down or not installed\n");
    expect(printed).toMatchObject({ sent, code: 1, out: "" });
  });

  test.each(["abort nginx", "hold nginx"])("%s counts all the same", async (line) => {
    const printed = await typed(line, inPause(), { webhookIsUp: false });
    expect(printed.out).toContain(" (nobody recorded by whom: Serin's webhook was not asked)");
    expect(printed.code).toBe(0);
  });
});

describe("nothing to act on: exit code 1, and what to type instead", () => {
  const cases: Array<[line: string, given: World, says: string]> = [
    [
      "approve nginx",
      world(inPause()),
      "why: plan nginx-x7k2m waits for no approval (Progressing, StepStarted)\n  try: to end the pause now in force: kubectl serin promote deploy/nginx -n shop\n",
    ],
    [
      "resume nginx",
      world(atGate()),
      "why: plan nginx-x7k2m is not on hold (Paused, PausedForApproval)\n  try: it waits for an approval: kubectl serin approve deploy/nginx -n shop\n",
    ],
    [
      "abort nginx",
      world(aPlan(inPhase("Promoted"))),
      "why: plan nginx-x7k2m has ended: Promoted\n  try: look how it stands: kubectl serin get deploy/nginx -n shop\n",
    ],
    [
      "hold nginx",
      world(aPlan(inPhase("Held"))),
      "why: plan nginx-x7k2m has ended: Held\n  try: try it again: kubectl serin retry deploy/nginx -n shop; or take the change back: kubectl serin undo deploy/nginx -n shop\n",
    ],
    ["promote nginx", world(aPlan(inPhase("Promoting"))), "why: plan nginx-x7k2m ends by itself (Promoting, StepStarted)\n"],
    ["promote nginx", [aDeployment()], "why: nginx has no plan\n"],
    ["promote nginx", [], "why: there is no Deployment nginx in namespace shop\n"],
    ["abort plan nginx-none", [], "why: there is no plan nginx-none in namespace shop\n"],
    ["undo nginx", [aDeployment(), aReplicaSet(app)], "why: nginx has no earlier revision\n"],
    [
      "undo nginx --to-revision 9",
      [aDeployment(), aReplicaSet(app), aCanaryReplicaSet(app, ownedByDeployment())],
      "why: there is no other revision 9 of nginx\n  try: there are: 4\n",
    ],
  ];
  test.each(cases)("%s %#", async (line, given, says) => {
    const { err, out, code } = await serin(line, [given]);
    expect(err).toContain(says);
    expect({ out, code }).toEqual({ out: "", code: 1 });
  });

  test("a person without the right gets kube's own error", async () => {
    const onPatch = () => {
      throw new ApiError({
        code: 403,
        reason: "Forbidden",
        doing: "patch canaryplans.serin.dev shop/nginx-x7k2m",
        message: "User bob cannot",
      });
    };
    const { err, code } = await serin("abort nginx", [world(inPause())], { onPatch });
    expect(err).toContain("the ClusterRole serin-edit has it");
    expect(code).toBe(1);
  });
});

describe("undo", () => {
  const stable = aReplicaSet(app);
  const digestOf = ({ spec }: typeof stable) => templateDigest(spec.template as unknown as PodTemplate);
  const patched = (answer: object) => {
    const sent: unknown[] = [];
    return {
      sent,
      onPatch: (_: string, body: unknown) => {
        sent.push(body);
        return answer;
      },
    };
  };
  const back = [
    { op: "test", path: "/metadata/resourceVersion", value: "200" },
    { op: "replace", path: "/spec/template", value: template(stableImage) },
  ];

  test("a plan under way is aborted", async () => {
    const { out, sent } = await typed("undo nginx", inPause());
    expect(out).toContain("plan nginx-x7k2m is under way, so it is aborted\naborted by alice: ");
    expect(sent).toEqual([{ abort: {} }]);
  });

  test("what is held gets its stable template again", async () => {
    const { sent, onPatch } = patched(aDeployment());
    const { out, code } = await serin(
      "undo nginx",
      [[aDeployment(held()), stable, aPlan(inPhase("Held"), ({ spec }) => void Object.assign(spec.stable, { digest: digestOf(stable) }))]],
      {
        onPatch,
      },
    );
    expect(out).toBe(
      "deploy/nginx gets the template of revision 3 again: nginx:1.23.0\nnext: it is unheld by itself, since the stable pods run that template\n",
    );
    expect({ code, sent }).toEqual({ code: 0, sent: [back] });
  });

  test("what was promoted gets the revision before, without the label of ReplicaSets", async () => {
    const intent = JSON.stringify({ v: 1, uid: "u", stable: "a", canary: "b", policy: "default", request: aRequest(), key: "k", mac: "m" });
    const { sent, onPatch } = patched(aDeployment(held(intent, stableImage)));
    const now = [aDeployment(withImage(canaryImage)), stable, aCanaryReplicaSet(app, ownedByDeployment(), atRevision(4), withPods(4))];
    expect(stable.spec.template?.metadata?.labels).toHaveProperty(podTemplateHash);
    const { out } = await serin("undo nginx", [[...now, aPlan(inPhase("Promoted"))]], { onPatch });
    expect(sent).toEqual([back]);
    expect(out).toContain(
      "next: a canary of it (at once to 100% within the policy's rollbackWindow); follow it: kubectl serin get deploy/nginx -n shop -w\n",
    );
    const { out: plain } = await serin("undo nginx --to-revision 3", [now], patched(aDeployment()));
    expect(plain).toContain("next: it rolls out as usual, no policy applies; follow it: kubectl rollout status deploy/nginx -n shop\n");
  });
});
