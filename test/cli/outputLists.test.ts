import { describe, expect, test } from "vitest";
import type { CanaryView } from "../../src/cli/output/schemas.ts";
import type { Change } from "../build/change.ts";
import { aDeployment, type DeploymentDraft, held, withImage } from "../build/deployment.ts";
import { aPlan, atStep, because, inPhase, type PlanDraft, withWeight } from "../build/plan.ts";
import { at, canaryImage } from "../build/story.ts";
import { measured, promoted, published } from "./outputWorlds.ts";
import { serin, type World } from "./terminal.ts";

describe("list", () => {
  const of =
    (name: string, namespace = "shop"): Change<PlanDraft> =>
    ({ metadata, spec }) => {
      Object.assign(metadata, { name: `${name}-abcde`, namespace });
      spec.deployment = { name, uid: name };
    };
  const named = (name: string, namespace = "shop", ...changes: ReadonlyArray<Change<DeploymentDraft>>) => {
    const deployment = aDeployment(...changes);
    Object.assign(deployment.metadata, { name, namespace, uid: name });
    return deployment;
  };
  const world: World = [
    named("web", "shop", held()),
    aPlan(of("web"), atStep(1, 30), withWeight(30), because("StepStarted", "step 2 of 4: pause 30s"), measured),
    named("api", "shop", withImage("caddy:2")),
    aPlan(of("api"), inPhase("Promoted"), because("Promoted", "all passed")),
    named("quiet", "shop"),
    named("db", "data"),
    aPlan(of("db", "data"), inPhase("RolledBack"), because("AnalysisFailed", "success-rate 0.5 < 0.95")),
  ];

  test("of the namespace, those that have a plan; one that a later change went past is none", async () => {
    const { out, code } = await serin("list", [world]);
    expect(out).toMatchInlineSnapshot(`
      "NAME   PHASE         STEP   WEIGHT   IMAGE          REASON        AGE
      api    NoPlan                        caddy:2
      web    Progressing   1/4    30       nginx:1.24.0   StepStarted   42s
      "
    `);
    expect(code).toBe(0);
  });

  test("-A -o wide", async () => {
    expect((await serin("list -A -o wide", [world])).out).toMatchInlineSnapshot(`
      "NAMESPACE   NAME   PHASE         STEP   WEIGHT   IMAGE          REASON           AGE   POLICY    REQUESTED-BY   FAILED-CHECKS   NEXT
      data        db     RolledBack    0/4    0        nginx:1.24.0   AnalysisFailed   42s   default   alice          0
      shop        api    NoPlan                        caddy:2
      shop        web    Progressing   1/4    30       nginx:1.24.0   StepStarted      42s   default   alice          1               60% in 18s
      "
    `);
  });

  test("-l is for the Deployments, -o name and json for programs", async () => {
    expect((await serin("list -A -l app=none", [world])).err).toBe("no canary plans\n");
    expect((await serin("list -n data -o name", [world])).out).toBe("deployment.apps/db\n");
    const all = JSON.parse((await serin("list -A -o json", [world])).out) as { items: CanaryView[] };
    expect(published.safeParse(all).success).toBe(true);
    expect(all.items.map(({ name, standing }) => [name, standing])).toEqual([
      ["db", "NotPromoted"],
      ["api", "NoPlan"],
      ["web", "Running"],
    ]);
  });

  test("-w prints again what has changed, until Ctrl-C", async () => {
    const later: World = [
      named("web", "shop", withImage(canaryImage)),
      aPlan(of("web"), inPhase("Promoted"), atStep(4), because("Promoted", "all passed")),
    ];
    const { out, code } = await serin("list -w -o json", [world, world, world, world, later, later]);
    const names = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as CanaryView);
    expect(names.map(({ name, standing }) => `${name} ${standing}`)).toEqual(["api NoPlan", "web Running", "web Promoted"]);
    expect(code).toBe(130);
    const lines = (await serin("list -w", [world, world, later, later])).out.split("\n");
    expect(lines.filter((line) => line.startsWith("NAME"))).toHaveLength(1);
  });
});

describe("history and events", () => {
  const earlier = aPlan(
    ({ metadata }) => void Object.assign(metadata, { name: "nginx-older", creationTimestamp: at(-600) }),
    inPhase("RolledBack"),
    because("AnalysisFailed", "success-rate 0.5 < 0.95"),
  );
  test("history: the newest first; 5 when there is none", async () => {
    const world = [...promoted, earlier];
    const { out, code } = await serin("history deploy/nginx", [world]);
    expect(out).toMatchInlineSnapshot(`
      "PLAN          PHASE        IMAGE          REQUESTED-BY   STARTED                    TOOK   MESSAGE
      nginx-x7k2m   Promoted     nginx:1.24.0   alice          2026-11-23T10:00:00.000Z   2m     all passed
      nginx-older   RolledBack   nginx:1.24.0   alice          2026-11-23T10:00:00.000Z   2m     AnalysisFailed: success-rate 0.5 < 0.95
      "
    `);
    expect(code).toBe(0);
    expect((await serin("history nginx -o name", [world])).out).toBe(
      "canaryplan.serin.dev/nginx-x7k2m\ncanaryplan.serin.dev/nginx-older\n",
    );
    expect(published.safeParse(JSON.parse((await serin("history nginx -o json", [world])).out)).success).toBe(true);
    expect((await serin("history nginx", [[aDeployment()]])).code).toBe(5);
  });

  const event = (seconds: number, reason: string, by = "serin.dev/worker") => ({
    kind: "Event",
    metadata: { name: `${reason}.1`, namespace: "shop" },
    eventTime: at(seconds),
    reportingController: by,
    type: "Normal",
    reason,
    note: `${reason} in words`,
    regarding: { kind: "Deployment", name: "nginx" },
    related: { kind: "CanaryPlan", name: "nginx-x7k2m" },
  });
  test("events: ours, the oldest first", async () => {
    const world = [event(30, "StepStarted"), event(1, "PlanCreated"), event(2, "ScalingReplicaSet", "deployment-controller")];
    expect((await serin("events deploy/nginx", [world])).out).toMatchInlineSnapshot(`
      "AGE   TYPE     REASON        PLAN          MESSAGE
      41s   Normal   PlanCreated   nginx-x7k2m   PlanCreated in words
      12s   Normal   StepStarted   nginx-x7k2m   StepStarted in words
      "
    `);
    expect(published.safeParse(JSON.parse((await serin("events nginx -o json", [world])).out)).success).toBe(true);
    expect((await serin("events nginx", [[]])).err).toContain("no Events about nginx in namespace shop");
  });
});
