import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Phase, phases } from "../../src/api/plan.ts";
import { jsonPath } from "../../src/cli/output/jsonPath.ts";
import type { CanaryView } from "../../src/cli/output/schemas.ts";
import { aDeployment, held, withImage } from "../build/deployment.ts";
import { aPlan, atStep, because, following, inPhase, withoutStatus } from "../build/plan.ts";
import { aPolicy, withSteps } from "../build/policy.ts";
import { canaryImage } from "../build/story.ts";
import { measured, midway, promoted, published } from "./outputWorlds.ts";
import { serin, type World } from "./terminal.ts";

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
    const meant = await serin("status nginx -o json", [midway, midway, promoted]);
    expect(meant.out.startsWith("{\n")).toBe(true);
    const typed = await serin("status nginx -w -o json", [midway, midway, promoted]);
    expect(
      typed.out
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as CanaryView).standing),
    ).toEqual(["Running", "Promoted"]);
    expect(typed.code).toBe(0);
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

test.each(["explain nginx", "doctor", "lint -f -", "version --client", "diff nginx"])("%s: yaml and jsonpath, too", async (line) => {
  const options = {
    files: { "-": "apiVersion: serin.dev/v1alpha1\nkind: CanaryPolicy\n" },
    about: { version: "v1.36.3", date: undefined },
    onCreate: (review: object) => ({ ...review, status: { allowed: true } }),
  };
  const { kind } = parse((await serin(`${line} -o yaml`, [midway], options)).out) as { kind: string };
  expect(kind).toMatch(/^[A-Z]/);
  expect((await serin(`${line} -o jsonpath={.kind}`, [midway], options)).out).toBe(kind);
});

test("--request-timeout is for each request: a duration, or seconds as kubectl takes them; 0 is for ever", async () => {
  const asked: number[] = [];
  const connect: Parameters<typeof serin>[2] = {
    connect: ({ timeoutMs }) => {
      asked.push(timeoutMs);
      throw new Error("no kubeconfig");
    },
  };
  for (const typed of ["", "--request-timeout 1m30s", "--request-timeout=7", "--request-timeout 0"])
    expect(await serin(`list ${typed}`, [midway], connect)).toMatchObject({ code: 1 });
  expect(asked).toEqual([5_000, 90_000, 7_000, 2_147_483_647]);
  const wrong = await serin("audit verify --request-timeout soon", [midway]);
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining("error: can't read --request-timeout soon\n") });
});
