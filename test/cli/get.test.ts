import { expect, test } from "vitest";
import { annotations } from "../../src/api/names.ts";
import { annotated, labelled, named } from "../build/change.ts";
import { aDeployment, held } from "../build/deployment.ts";
import {
  aMeasurement,
  aMetricStatus,
  aPlan,
  atStep,
  because,
  following,
  inPhase,
  withMetricStatus,
  withoutStatus,
  withStatus,
  withWeight,
} from "../build/plan.ts";
import { podsOf, waiting } from "../build/pod.ts";
import { aPolicy, withSteps } from "../build/policy.ts";
import { aCanaryReplicaSet, aReplicaSet, ofImage, ownedByDeployment, withPods } from "../build/replicaSet.ts";
import { at } from "../build/story.ts";
import { aVirtualService } from "../build/virtualService.ts";
import { app, canary, judged, midway, routes, stable } from "./midway.ts";
import { serin } from "./terminal.ts";

test("midway: what Argo Rollouts' users know, and the routes", async () => {
  const { out, err, code } = await serin("get deploy/nginx", [midway]);
  expect(out).toMatchInlineSnapshot(`
    "Name:            nginx
    Namespace:       shop
    Status:          ◌ Progressing
    Message:         StepStarted: step 2 of 4: pause 30s
    Strategy:        Canary
      Step:          1/4
      SetWeight:     30
      ActualWeight:  29 (of 1000 requests)
    Images:          nginx:1.23.0 (stable)
                     nginx:1.24.0 (canary)
    Replicas:
      Desired:       4
      Current:       6
      Updated:       2
      Ready:         6
      Available:     6

    NAME                               KIND            STATUS         AGE  INFO
    ⟳ nginx                            Deployment      ◌ Progressing  24h  held
    ├──# revision:4
    │  └──⧉ nginx-4n5mxwtkdm           ReplicaSet      ✔ Healthy      41s  canary
    │     ├──□ nginx-4n5mxwtkdm-b4x2b  Pod             ✔ Running      41s  ready:1/1
    │     └──□ nginx-4n5mxwtkdm-b4x2c  Pod             ✔ Running      41s  ready:1/1
    ├──# revision:3
    │  └──⧉ nginx-9xttgxqnzc           ReplicaSet      ✔ Healthy      24h  stable
    │     ├──□ nginx-9xttgxqnzc-b4x2b  Pod             ✔ Running      24h  ready:1/1
    │     ├──□ nginx-9xttgxqnzc-b4x2c  Pod             ✔ Running      24h  ready:1/1
    │     ├──□ nginx-9xttgxqnzc-b4x2d  Pod             ✔ Running      24h  ready:1/1
    │     └──□ nginx-9xttgxqnzc-b4x2f  Pod             ✔ Running      24h  ready:1/1
    └──Σ nginx-x7k2m                   CanaryPlan      ◌ Progressing  42s  policy:default by:alice
       ├──› 1 setWeight 30             Step            ✔ Done
       ├──› 2 pause 30s                Step            ◷ Waiting      12s
       ├──› 3 setWeight 60             Step            • Pending
       ├──› 4 pause 30s                Step            • Pending
       ├──α success-rate               Metric          ◌ Running      42s  ✔ 3,✖ 1 last:[0.99] result[0] >= 0.95
       └──⇄ nginx                      VirtualService  ✔ Split        24h  ███░░░░░░░ 30% canary

    next: 60% in 18s, if success-rate passes
    "
  `);
  expect({ err, code }).toEqual({ err: "", code: 0 });
});

test("a crashing canary that was rolled back", async () => {
  const { out } = await serin("get deployment.apps/nginx -n shop", [
    [
      aDeployment(held()),
      stable,
      ...podsOf(stable, 1),
      canary,
      ...podsOf(canary, 1, waiting("CrashLoopBackOff", 4)),
      aVirtualService(),
      aPlan(
        following(judged),
        atStep(0, 5),
        withWeight(0),
        inPhase("RolledBack"),
        because("ProgressDeadlineExceeded", "0 of 2 canary pods ready after 10m: nginx-x CrashLoopBackOff (4 restarts)"),
        withStatus(routes),
        withMetricStatus(
          aMetricStatus({
            phase: "Failed",
            failed: 2,
            errors: 1,
            successful: 0,
            measurements: [aMeasurement({ verdict: "fail", value: "[0.5]" })],
          }),
        ),
      ),
    ],
  ]);
  expect(out).toMatchInlineSnapshot(`
    "Name:            nginx
    Namespace:       shop
    Status:          ✖ RolledBack
    Message:         ProgressDeadlineExceeded: 0 of 2 canary pods ready after 10m: nginx-x CrashLoopBackOff (4 restarts)
    Strategy:        Canary
      Step:          0/4
      SetWeight:     0
      ActualWeight:  not counted yet
    Images:          nginx:1.23.0 (stable)
                     nginx:1.24.0
    Replicas:
      Desired:       4
      Current:       6
      Updated:       2
      Ready:         6
      Available:     6

    NAME                               KIND            STATUS              AGE  INFO
    ⟳ nginx                            Deployment      ✖ RolledBack        24h  held
    ├──# revision:4
    │  └──⧉ nginx-4n5mxwtkdm           ReplicaSet      ✔ Healthy           41s
    │     └──□ nginx-4n5mxwtkdm-b4x2b  Pod             ✖ CrashLoopBackOff  41s  ready:0/1,restarts:4
    ├──# revision:3
    │  └──⧉ nginx-9xttgxqnzc           ReplicaSet      ✔ Healthy           24h  stable
    │     └──□ nginx-9xttgxqnzc-b4x2b  Pod             ✔ Running           24h  ready:1/1
    └──Σ nginx-x7k2m                   CanaryPlan      ✖ RolledBack        42s  policy:default by:alice
       ├──› 1 setWeight 30             Step            ✖ Failed
       ├──› 2 pause 30s                Step            • Skipped
       ├──› 3 setWeight 60             Step            • Skipped
       ├──› 4 pause 30s                Step            • Skipped
       ├──α success-rate               Metric          ✖ Failed            42s  ✖ 2,⚠ 1 last:[0.5] result[0] >= 0.95
       └──⇄ nginx                      VirtualService  ✔ Whole             24h
    "
  `);
});

test("promoted: the canary's pods are stable now, and old revisions are listed", async () => {
  const old = aReplicaSet(app, ofImage("nginx:1.22.0"), withPods(0), labelled({ app: "nginx" }));
  const { out } = await serin("get nginx", [
    [
      aDeployment(),
      aReplicaSet(app, withPods(0)),
      aCanaryReplicaSet(app, ownedByDeployment(), withPods(4)),
      old,
      aPlan(atStep(4), withWeight(100, 100), inPhase("Promoted"), because("Promoted", "nginx:1.24.0 passed all 4 steps in 1m10s")),
    ],
  ]);
  expect(out).toMatchInlineSnapshot(`
    "Name:            nginx
    Namespace:       shop
    Status:          ✔ Promoted
    Message:         Promoted: nginx:1.24.0 passed all 4 steps in 1m10s
    Strategy:        Canary
      Step:          4/4
      SetWeight:     100
      ActualWeight:  100 (of 1000 requests)
    Images:          nginx:1.24.0 (stable)
    Replicas:
      Desired:       4
      Current:       4
      Updated:       4
      Ready:         4
      Available:     4

    NAME                      KIND        STATUS        AGE  INFO
    ⟳ nginx                   Deployment  ✔ Promoted    24h
    ├──# revision:4
    │  └──⧉ nginx-4n5mxwtkdm  ReplicaSet  ✔ Healthy     41s  stable
    ├──# revision:3
    │  └──⧉ nginx-56s9ddwzkc  ReplicaSet  • ScaledDown  24h
    ├──# revision:3
    │  └──⧉ nginx-9xttgxqnzc  ReplicaSet  • ScaledDown  24h
    └──Σ nginx-x7k2m          CanaryPlan  ✔ Promoted    42s  policy:default by:alice
       ├──› 1 setWeight 30    Step        ✔ Done
       ├──› 2 pause 30s       Step        ✔ Done
       ├──› 3 setWeight 60    Step        ✔ Done
       └──› 4 pause 30s       Step        ✔ Done
    "
  `);
});

test("a gate names the command that opens it", async () => {
  const gated = aPolicy(withSteps({ setWeight: 30 }, { pause: {} }, { setWeight: 60 }));
  const { out } = await serin("get nginx", [
    [
      aDeployment(held()),
      stable,
      canary,
      aPlan(
        following(gated),
        atStep(1, 10),
        withWeight(30),
        inPhase("Paused"),
        because("PausedForApproval", "step 2 of 3 waits for a person"),
      ),
    ],
  ]);
  expect(out).toContain("Status:          ॥ Paused");
  expect(out).toContain("› 2 pause until approved");
  expect(out).toContain("next: waits for a person: kubectl rollout resume deploy/nginx -n shop");
});

test("without a plan the Deployment is shown, and the exit code says so", async () => {
  const { out, code } = await serin("get nginx", [[aDeployment(), stable, ...podsOf(stable, 1)]]);
  expect(code).toBe(5);
  expect(out).toMatchInlineSnapshot(`
    "Name:            nginx
    Namespace:       shop
    Status:          ✔ Healthy
    Message:         no canary plan: no image change of this Deployment has met a policy yet
    Images:          nginx:1.23.0
    Replicas:
      Desired:       4
      Current:       4
      Updated:       4
      Ready:         4
      Available:     4

    NAME                               KIND        STATUS     AGE  INFO
    ⟳ nginx                            Deployment  ✔ Healthy  24h
    └──# revision:3
       └──⧉ nginx-9xttgxqnzc           ReplicaSet  ✔ Healthy  24h
          └──□ nginx-9xttgxqnzc-b4x2b  Pod         ✔ Running  24h  ready:1/1
    "
  `);
});

test("a change that is held and has no plan yet", async () => {
  const request = { uid: "r1", user: "alice", groups: [], operation: "UPDATE", at: at(0) };
  const intent = JSON.stringify({ v: 1, uid: "u", stable: "a", canary: "b", policy: "default", request, key: "k", mac: "m" });
  const { out } = await serin("get nginx", [[aDeployment(held(intent)), stable, aPlan(inPhase("Promoted"))]]);
  expect(out).toContain("◷ Held");
  expect(out).toContain("Message:         the change is held and waits for Serin's worker to make its plan");
});

test("a plan that nobody has looked at yet", async () => {
  const { out } = await serin("get nginx", [[aDeployment(held()), stable, aPlan(withoutStatus())]]);
  expect(out).toContain("Status:          ◌ Preparing");
  expect(out).toContain("Step:          0/4");
});

test("--help", async () => {
  const { out, code } = await serin("get --help", []);
  expect(code).toBe(0);
  expect(out).toMatchInlineSnapshot(`
    "Usage: kubectl serin get [options] <deployment...>

    Show a Deployment's canary: plan, steps, metrics, pods and routes

    Arguments:
      deployment                    deploy/NAME or NAME

    Options:
      -n, --namespace <name>        namespace of the Deployment (default: that of
                                    the context)
      -w, --watch                   keep showing until the plan ends; exit code 0
                                    promoted, 2 not promoted, 5 no plan
      --no-color                    no colours (also: NO_COLOR=1, TERM=dumb)
      --ascii                       only ASCII characters (also: LANG=C)
      -o, --output <format>         json, yaml, name or jsonpath=TEMPLATE
      --context <name>              context of the kubeconfig
      --kubeconfig <path>           kubeconfig file (default: $KUBECONFIG, then
                                    ~/.kube/config)
      --request-timeout <duration>  how long to wait for one answer of the API
                                    server: 1s, 2m, seconds; 0 is for ever (default:
                                    "5s")
      -h, --help                    display help for command

    Also, as with kubectl: --as, --as-group, --as-uid, --cluster, --user, --server, --token, --certificate-authority,
    --tls-server-name, --insecure-skip-tls-verify.

    -o json prints one CanaryView, with -w one a line (NDJSON) for each change. Its JSON Schema: src/cli/output/schema.json. Fields are only ever added.
    "
  `);
});

test("a Deployment whose labels don't match ours keeps its own selector", async () => {
  const deployment = aDeployment(named("web"), annotated({ [annotations.canary]: "off" }), (draft) => {
    draft.spec.selector = { matchLabels: { tier: "front" } };
  });
  const set = aReplicaSet(named("web-1"), labelled({ tier: "front" }));
  const { out } = await serin("get web", [[deployment, set]]);
  expect(out).toContain("⧉ web-1");
});
