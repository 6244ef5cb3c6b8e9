import { expect, test } from "vitest";
import type { Phase } from "../../src/api/plan.ts";
import { ApiError } from "../../src/kube/apiError.ts";
import { aDeployment, held } from "../build/deployment.ts";
import { aPlan, atStep, because, inPhase, withJournal, withWeight } from "../build/plan.ts";
import { at } from "../build/story.ts";
import { serin, type World } from "./terminal.ts";

const entry = (seconds: number, reason: string, message: string) => ({ at: at(seconds), reason, message });
const first = entry(1, "StepStarted", "step 1 of 4: weight 30");
const second = entry(31, "StepCompleted", "step 2 of 4 is done");
const last = entry(70, "Promoted", "all 4 steps passed");

const running: World = [aDeployment(held()), aPlan(withJournal(first))];
const later: World = [aDeployment(held()), aPlan(atStep(2), withWeight(60), withJournal(first, second))];
const ended = (phase: Phase): World => [
  aDeployment(),
  aPlan(inPhase(phase), because(phase, "all 4 steps passed"), withJournal(first, second, last)),
];

test("without a terminal each decision is appended once, and it ends with the plan", async () => {
  const { out, code } = await serin("get nginx -w", [running, running, later, ended("Promoted"), running]);
  expect(out).toMatchInlineSnapshot(`
    "2026-11-23T10:00:00.000Z CanaryPlan shop/nginx-x7k2m: nginx:1.23.0 -> nginx:1.24.0
    2026-11-23T10:00:01.000Z StepStarted: step 1 of 4: weight 30
    2026-11-23T10:00:31.000Z StepCompleted: step 2 of 4 is done
    2026-11-23T10:01:10.000Z Promoted: all 4 steps passed
    "
  `);
  expect(code).toBe(0);
});

test.each([
  ["Promoted", 0],
  ["RolledBack", 2],
  ["Held", 2],
  ["Cancelled", 2],
  ["Superseded", 2],
  ["Bypassed", 5],
] as Array<[Phase, number]>)("%s ends the watch with exit code %i", async (phase, code) => {
  expect((await serin("get nginx --watch", [ended(phase)])).code).toBe(code);
});

test("no plan ends the watch with exit code 5; one that is due is waited for", async () => {
  expect((await serin("get nginx -w", [[aDeployment()]])).code).toBe(5);
  const request = { uid: "r2", user: "alice", groups: [], operation: "UPDATE", at: at(0) };
  const intent = JSON.stringify({ v: 1, uid: "u", stable: "a", canary: "b", policy: "default", request, key: "k", mac: "m" });
  const { code, out } = await serin("get nginx -w", [[aDeployment(held(intent))], running, ended("Promoted")]);
  expect(out).toMatch(
    /^shop\/nginx: the change is held and waits for Serin's worker to make its plan\n.*CanaryPlan shop\/nginx-x7k2m: nginx:1.23.0 -> nginx:1.24.0\n/,
  );
  expect(code).toBe(0);
});

test("on a terminal the picture is drawn over the last one, and the cursor comes back", async () => {
  const { out } = await serin("get nginx -w", [running, ended("Promoted")], { screen: { columns: 80, rows: 40 }, env: { NO_COLOR: "1" } });
  expect(out.startsWith("\u001b[?25l\u001b[2J\u001b[HName:            nginx\u001b[K\n")).toBe(true);
  expect(out.split("\u001b[HName:")).toHaveLength(3);
  expect(out.split("\u001b[2J")).toHaveLength(2);
  expect(out.endsWith("\u001b[J\u001b[?25h")).toBe(true);
});

test("a low window is never scrolled: what doesn't fit is counted", async () => {
  const { out } = await serin("get nginx -w", [ended("Promoted")], { screen: { columns: 80, rows: 10 }, env: { NO_COLOR: "1" } });
  expect(out.split("\n")).toHaveLength(10);
  expect(out).toMatch(/\(\d+ more lines: make the window higher\)/);
});

test("Ctrl-C ends it with 130", async () => {
  expect((await serin("get nginx -w", [running])).code).toBe(130);
});

test("an API server that is away for a moment doesn't end the watch", async () => {
  let looks = 0;
  const plans = [running, undefined, ended("Promoted")];
  const connect = () => ({
    namespace: "shop",
    close: async () => undefined,
    about: () => Promise.reject(new Error("a watch doesn't ask")),
    client: {
      create: () => Promise.reject(new Error("a watch writes nothing")),
      get: async () => aDeployment() as never,
      list: async (resource: { kind: string }) => {
        if (resource.kind !== "CanaryPlan") return { items: [], resourceVersion: "1" };
        const world = plans[looks++];
        if (world === undefined)
          throw new ApiError({ code: 0, reason: "Unreachable", doing: "list canaryplans.serin.dev", message: "ECONNREFUSED" });
        return { items: [world[1]] as never, resourceVersion: "1" };
      },
      patch: () => Promise.reject(new Error("a watch writes nothing")),
    },
  });
  const { out, code } = await serin("get nginx -w", [[], [], [], []], { connect });
  expect(out).toContain("the cluster does not answer, trying again: list canaryplans.serin.dev: Unreachable: ECONNREFUSED");
  expect(code).toBe(0);
});
