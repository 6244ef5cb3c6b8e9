import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { type Phase, phases } from "../../src/api/plan.ts";
import { jsonPath } from "../../src/cli/output/jsonPath.ts";
import type { CanaryView } from "../../src/cli/output/schemas.ts";
import { type Change, labelled } from "../build/change.ts";
import { aDeployment, type DeploymentDraft, held, withImage } from "../build/deployment.ts";
import {
  aMeasurement,
  aMetricStatus,
  aPlan,
  atStep,
  because,
  following,
  inPhase,
  type PlanDraft,
  withMetricStatus,
  withoutStatus,
  withWeight,
} from "../build/plan.ts";
import { podsOf } from "../build/pod.ts";
import { aPolicy, withSteps } from "../build/policy.ts";
import { aCanaryReplicaSet, aReplicaSet, withPods } from "../build/replicaSet.ts";
import { at, canaryImage } from "../build/story.ts";
import { textOf } from "../house/sources.ts";
import { serin, type World } from "./terminal.ts";

/** The published one, read as any reader of it would. */
const published = z.fromJSONSchema(JSON.parse(textOf("src/cli/output/schema.json")) as Parameters<typeof z.fromJSONSchema>[0]);

const app = labelled({ app: "nginx" });
const canary = aCanaryReplicaSet(app, withPods(1));
const measured = withMetricStatus(aMetricStatus({ successful: 3, failed: 1, measurements: [aMeasurement({ value: "[0.99]" })] }));
const midway: World = [
  aDeployment(held(), app),
  aReplicaSet(app),
  canary,
  ...podsOf(canary, 1),
  aPlan(atStep(1, 30), withWeight(30, 29), measured),
];
const promoted: World = [
  aDeployment(withImage(canaryImage), app),
  aPlan(atStep(4), withWeight(100), inPhase("Promoted"), because("Promoted", "all passed")),
];

async function objectOf(line: string, world: World): Promise<CanaryView> {
  const { out } = await serin(line, [world]);
  const object = JSON.parse(out) as unknown;
  expect(published.safeParse(object)).toMatchObject({ success: true });
  return object as CanaryView;
}

describe("-o json says what the schema publishes", () => {
  const standings: Record<Phase, CanaryView["standing"]> = {
    Preparing: "Running",
    Progressing: "Running",
    Paused: "Running",
    Promoting: "Running",
    Promoted: "Promoted",
    RollingBack: "Running",
    RolledBack: "NotPromoted",
    Held: "NotPromoted",
    Cancelling: "Running",
    Cancelled: "NotPromoted",
    Superseded: "NotPromoted",
    Bypassed: "NoPlan",
  };
  test.each(phases)("%s", async (phase) => {
    const deployment = phase === "Promoted" ? aDeployment(withImage(canaryImage)) : aDeployment();
    const view = await objectOf("get nginx -o json", [deployment, aPlan(inPhase(phase), measured)]);
    expect(view.plan?.phase).toBe(phase);
    expect(view.standing).toBe(standings[phase]);
  });

  test("a gate, a plan that nobody has looked at, no plan, and a Deployment that is gone", async () => {
    const gate = aPlan(
      following(aPolicy(withSteps({ setWeight: 30 }, { pause: {} }))),
      atStep(1),
      inPhase("Paused"),
      because("PausedForApproval", "waits"),
    );
    expect((await objectOf("get nginx -o json", [aDeployment(held()), gate])).standing).toBe("WaitingForPerson");
    expect((await objectOf("get nginx -o json", [aDeployment(held()), aPlan(withoutStatus())])).plan).toMatchObject({ phase: "Preparing" });
    expect((await objectOf("get nginx -o json", [aDeployment()])).plan).toBeUndefined();
    expect((await objectOf("get nginx -o json", [aPlan(inPhase("Cancelled"))])).deployment).toBeUndefined();
  });

  test("the whole of it", async () => {
    const view = await objectOf("get nginx -o json", midway);
    expect(view).toMatchInlineSnapshot(`
      {
        "apiVersion": "serin.dev/v1alpha1",
        "deployment": {
          "held": true,
          "images": [
            "nginx:1.24.0",
          ],
          "name": "nginx",
          "namespace": "shop",
          "replicas": {
            "available": 4,
            "desired": 4,
            "ready": 4,
          },
        },
        "kind": "CanaryView",
        "message": "step 1 of 4: weight 30",
        "name": "nginx",
        "namespace": "shop",
        "plan": {
          "approvals": [],
          "images": {
            "canary": [
              "nginx:1.24.0",
            ],
            "stable": [
              "nginx:1.23.0",
            ],
          },
          "message": "step 1 of 4: weight 30",
          "metrics": [
            {
              "dryRun": false,
              "errors": 0,
              "failed": 1,
              "inconclusive": 0,
              "last": {
                "at": "2026-11-23T10:00:10.000Z",
                "message": "success-rate [0.99] meets result[0] >= 0.95",
                "value": "[0.99]",
                "verdict": "pass",
              },
              "name": "success-rate",
              "noData": 0,
              "phase": "Running",
              "successful": 3,
            },
          ],
          "name": "nginx-x7k2m",
          "next": "60% in 18s",
          "phase": "Progressing",
          "policy": "default",
          "reason": "StepStarted",
          "requestedBy": "alice",
          "startedAt": "2026-11-23T10:00:00.000Z",
          "step": {
            "index": 1,
            "total": 4,
          },
          "weight": {
            "desired": 30,
            "observed": 29,
            "requests": 1000,
          },
        },
        "revisions": [
          {
            "is": "canary",
            "pods": [
              {
                "name": "nginx-4n5mxwtkdm-b4x2b",
                "ready": true,
                "restarts": 0,
                "status": "Running",
              },
            ],
            "ready": 1,
            "replicaSet": "nginx-4n5mxwtkdm",
            "replicas": 1,
            "revision": 4,
          },
          {
            "is": "stable",
            "pods": [],
            "ready": 4,
            "replicaSet": "nginx-9xttgxqnzc",
            "replicas": 4,
            "revision": 3,
          },
        ],
        "standing": "Running",
      }
    `);
  });

  test("status prints one, without pods, and keeps its exit code", async () => {
    expect(await objectOf("status nginx -o json", promoted)).toMatchObject({ standing: "Promoted", deployment: { images: [canaryImage] } });
    expect((await serin("status nginx -o json", [midway, midway, promoted])).code).toBe(0);
    expect((await serin("wait nginx -o json --timeout 1s", [midway, midway])).code).toBe(3);
  });

  test("something else does not fit the schema", () => {
    expect(published.safeParse({ apiVersion: "serin.dev/v1alpha1", kind: "CanaryView", name: "nginx" }).success).toBe(false);
  });
});

test("yaml, name and jsonpath", async () => {
  expect(published.safeParse(parse((await serin("get nginx -o yaml", [midway])).out)).success).toBe(true);
  expect((await serin("get nginx -o name", [midway])).out).toBe("deployment.apps/nginx\n");
  expect((await serin("get nginx -o jsonpath={.plan.phase}", [midway])).out).toBe("Progressing");
  expect(await serin("get nginx -o xml", [midway])).toMatchObject({
    code: 1,
    err: expect.stringContaining("there are: json, yaml, name, jsonpath=TEMPLATE\n"),
  });
  expect(await serin("get nginx -o jsonpath={range}", [midway])).toMatchObject({
    code: 1,
    err: expect.stringContaining("{range} is not understood"),
  });
});

test.each([
  ["{.a.b}", "1"],
  ["{$.a['c.d']}", "x"],
  ["{.a.c\\.d}", "x"],
  ["{.list[1].n}", "2"],
  ["{.list[*].n}", "1 2"],
  ["{.list[0]}", '{"n":1}'],
  ['n={.a.b}{"\\n"}', "n=1\n"],
  ["{.none.b}", ""],
])("jsonpath %s", (template, says) => {
  expect(jsonPath(template, { a: { b: 1, "c.d": "x" }, list: [{ n: 1 }, { n: 2 }] })).toBe(says);
});

test.each(["{.a", "{..a}", "{.a[?(@.b)]}", "{range .items[*]}"])("jsonpath %s is refused, not guessed", (template) => {
  expect(() => jsonPath(template, {})).toThrow();
});

test("get -w -o json is NDJSON: one object a line, one for each change, and it ends with the plan", async () => {
  const { out, code } = await serin("get nginx -w -o json", [midway, midway, midway, promoted]);
  const lines = out.trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as CanaryView).standing)).toEqual(["Running", "Promoted"]);
  for (const line of lines) expect(published.safeParse(JSON.parse(line)).success).toBe(true);
  expect(code).toBe(0);
});

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
