import { describe, expect, test } from "vitest";
import type { Phase } from "../../src/api/plan.ts";
import type { Change } from "../build/change.ts";
import { aDeployment, held, withImage } from "../build/deployment.ts";
import {
  aPlan,
  aRequest,
  atStep,
  because,
  following,
  inPhase,
  type PlanDraft,
  requestedBy,
  withJournal,
  withWeight,
} from "../build/plan.ts";
import { aPolicy, withSteps } from "../build/policy.ts";
import { at, canaryImage } from "../build/story.ts";
import { serin, type World } from "./terminal.ts";

const first = { at: at(1), reason: "StepStarted", message: "step 1 of 4: weight 30" };
const gated = following(aPolicy(withSteps({ setWeight: 30 }, { pause: {} }, { setWeight: 60 })));
const running: World = [aDeployment(held()), aPlan(withWeight(30), withJournal(first))];
const atGate: World = [
  aDeployment(held()),
  aPlan(
    gated,
    atStep(1),
    withWeight(30),
    inPhase("Paused"),
    because("PausedForApproval", "step 2/3 waits for approval"),
    withJournal(first),
  ),
];
const promoted: World = [
  aDeployment(withImage(canaryImage)),
  aPlan(atStep(4), withWeight(100), inPhase("Promoted"), because("Promoted", "all 4 steps passed"), withJournal(first)),
];
const ended = (phase: Phase): World => [aDeployment(), aPlan(inPhase(phase), because(phase, "it ended"))];
const intentOf = (uid: string) =>
  JSON.stringify({ v: 1, uid: "u", stable: "a", canary: "b", policy: "default", request: aRequest({ uid }), key: "k", mac: "m" });

describe("status follows the plan, each decision once, and its exit code says how it ended", () => {
  test("promoted: 0", async () => {
    const { out, err, code } = await serin("status deploy/nginx", [running, running, promoted]);
    expect(out).toMatchInlineSnapshot(`
      "2026-11-23T10:00:00.000Z CanaryPlan shop/nginx-x7k2m: nginx:1.23.0 -> nginx:1.24.0
      2026-11-23T10:00:01.000Z StepStarted: step 1 of 4: weight 30
      2026-11-23T10:02:00.000Z Promoted: all 4 steps passed
      shop/nginx plan nginx-x7k2m Promoted step 4/4 weight 100: all 4 steps passed
      "
    `);
    expect({ err, code }).toEqual({ err: "", code: 0 });
  });

  test("a gate: 4, with the command that opens it", async () => {
    const { out, code } = await serin("status nginx", [running, atGate, promoted]);
    expect(out).toContain(
      "shop/nginx plan nginx-x7k2m Paused step 1/3 weight 30: PausedForApproval: step 2/3 waits for approval; next: waits for a person: ",
    );
    expect(code).toBe(4);
  });

  test("the time was over: 3, on standard error too", async () => {
    const { out, err, code } = await serin("status nginx --timeout 2s", [running, running, running, running, promoted]);
    expect(out).toContain("plan nginx-x7k2m Progressing step 0/4 weight 30: ");
    expect({ err, code }).toEqual({ err: "error: timed out after 2s: the plan goes on\n", code: 3 });
  });

  test.each([
    ["RolledBack", 2],
    ["Held", 2],
    ["Cancelled", 2],
    ["Superseded", 2],
    ["Bypassed", 5],
  ] as Array<[Phase, number]>)("%s: %i, in one line when it had ended before", async (phase, code) => {
    const { out, code: exit } = await serin("status nginx", [ended(phase)]);
    expect(exit).toBe(code);
    expect(out).toBe(`shop/nginx plan nginx-x7k2m ${phase} step 0/4 weight 0: it ended\n`);
  });

  test("no plan: 5; no Deployment: 1", async () => {
    const { out, code } = await serin("status nginx", [[aDeployment()]]);
    expect({ out, code }).toEqual({
      out: "shop/nginx: no canary plan: no image change of this Deployment has met a policy yet\n",
      code: 5,
    });
    expect(await serin("status nginx", [[]])).toMatchObject({ code: 1, err: expect.stringContaining("there is no Deployment nginx") });
  });

  test("an older promotion is not the answer for an image that no policy matched: 5", async () => {
    const [, plan] = promoted;
    const { out, code } = await serin("status nginx", [[aDeployment(withImage("caddy:2")), plan as object]]);
    expect(out).toContain("no canary plan for what it runs now; the last plan, nginx-x7k2m, was for another change\n");
    expect(code).toBe(5);
  });
});

describe("which plan is followed", () => {
  const named =
    (name: string): Change<PlanDraft> =>
    (draft) =>
      Object.assign(draft.metadata, { name, uid: name });
  const next = (...changes: Array<Change<PlanDraft>>) => aPlan(named("nginx-later"), requestedBy({ uid: "later" }), ...changes);

  test("a change without a plan yet is waited for", async () => {
    const due: World = [aDeployment(held(intentOf("e0000000-0000-4000-8000-000000000001")))];
    expect((await serin("status nginx", [due, due, promoted])).code).toBe(0);
  });

  test("when another change takes its place, the promotion of that one is not its own: 2", async () => {
    const superseded: World = [aDeployment(), aPlan(inPhase("Superseded")), next(inPhase("Promoted"))];
    expect((await serin("status nginx", [running, superseded])).code).toBe(2);
  });

  test("who has just asked for another change follows that one, not the plan that it ends", async () => {
    const overtaken: World = [aDeployment(held(intentOf("later"))), atGate[1] as object];
    const then: World = [aDeployment(held(intentOf("later"))), aPlan(inPhase("Superseded")), next()];
    const done: World = [aDeployment(withImage(canaryImage)), aPlan(inPhase("Superseded")), next(inPhase("Promoted"))];
    const { out, code } = await serin("status nginx", [overtaken, then, done]);
    expect(out).toContain("plan nginx-later Promoted");
    expect(code).toBe(0);
  });
});

describe("--no-watch looks once", () => {
  test.each([
    ["under way", running, 3],
    ["at a gate", atGate, 4],
    ["promoted", promoted, 0],
    ["rolling back", ended("RollingBack"), 2],
    ["cancelling", ended("Cancelling"), 2],
    ["no plan", [aDeployment()], 5],
  ] as Array<[string, World, number]>)("%s", async (_, world, code) => {
    for (const option of ["--no-watch", "--watch=false"]) {
      const printed = await serin(`status nginx ${option}`, [world]);
      expect(printed).toMatchObject({ code, err: "" });
      expect(printed.out.split("\n")).toHaveLength(2);
    }
  });
});

describe("wait sits through gates and prints one line", () => {
  test("until it is promoted", async () => {
    const { out, code } = await serin("wait deploy/nginx --timeout 10m", [running, atGate, atGate, promoted]);
    expect(out).toBe("shop/nginx plan nginx-x7k2m Promoted step 4/4 weight 100: all 4 steps passed\n");
    expect(code).toBe(0);
  });

  test("4 when the time is over at a gate, 3 elsewhere", async () => {
    expect((await serin("wait nginx --timeout 1s", [atGate, atGate, atGate])).code).toBe(4);
    expect((await serin("wait nginx --timeout 1s", [running, running, running])).code).toBe(3);
  });

  test("a time that is none is a mistake", async () => {
    expect(await serin("wait nginx --timeout soon", [])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: can't read --timeout soon\n.*\n {2}try: write it like: --timeout 10m\n$/),
    });
  });
});

test("--help documents the exit codes", async () => {
  const { out } = await serin("status --help", []);
  for (const says of ["0: promoted", "2: not promoted", "3: still\nrunning", "4: a person must decide", "5: no plan"])
    expect(out).toContain(says);
});
