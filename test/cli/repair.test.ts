import { describe, expect, test } from "vitest";
import { annotations } from "../../src/api/names.ts";
import { ApiError } from "../../src/kube/apiError.ts";
import type { PatchOptions } from "../../src/kube/client.ts";
import { annotated } from "../build/change.ts";
import { aDeployment, held, paused, withDeploymentStatus } from "../build/deployment.ts";
import { aPlan, inPhase } from "../build/plan.ts";
import { aSidecarPolicy, withFields } from "../build/sidecarPolicy.ts";
import { merged } from "../fakes/apiClient.ts";
import { lonePod, madeAt, nginxPods, set, space, traced, tracing } from "./carriers.ts";
import { serin, type World } from "./terminal.ts";

const around = [space, tracing, set];
const old = nginxPods(2, madeAt("08:00"));
const fresh = nginxPods(2, madeAt("10:01"), traced());
const shop = [...around, aDeployment(), ...old] as World;

/** An API server that takes the restart of this workload; and what was sent. */
function taking(workload: object, answer: (patched: object) => object = (patched) => patched) {
  const sent: Array<{ name: string; body: unknown; options: PatchOptions }> = [];
  const onPatch = (name: string, body: unknown, options: PatchOptions): object => {
    sent.push({ name, body, options });
    return answer(merged(workload, body) as object);
  };
  return { sent, onPatch };
}
const restart = {
  name: "nginx",
  body: {
    metadata: { resourceVersion: "200" },
    spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "2026-11-23T10:00:42Z" } } } },
  },
  options: { fieldManager: "kubectl-rollout", dryRun: false },
};

describe("a Deployment whose pods lack what new ones would get", () => {
  test("is restarted as kubectl would, and followed until nothing is missing", async () => {
    const { sent, onPatch } = taking(aDeployment());
    const unseen = aDeployment(({ metadata }) => Object.assign(metadata, { generation: 4 }));
    const rolling = (updatedReplicas: number, availableReplicas: number, replicas: number) =>
      aDeployment(withDeploymentStatus({ observedGeneration: 3, updatedReplicas, availableReplicas, replicas }));
    const { out, err, code } = await serin(
      "sidecars repair deploy/nginx",
      [
        [...around, unseen, ...old],
        [...around, rolling(1, 4, 5), ...old],
        [...around, rolling(1, 4, 5), ...old],
        [...around, rolling(4, 4, 5), ...old],
        [...around, rolling(4, 4, 4), ...fresh],
      ],
      { onPatch },
    );
    expect(out).toMatchInlineSnapshot(`
      "deploy/nginx: 2 pods of 2 would get by a restart what they lack
        tracing: volume traces, container tracer: the pod was made before the policy said so (2 pods: nginx-9xttgxqnzc-b4x2b, nginx-9xttgxqnzc-b4x2c)
      deploy/nginx restarted
      deploy/nginx: its controller has not seen it yet
      deploy/nginx: 1 of 4 pods are new, 1 of them available, 4 old ones are left
      deploy/nginx: 4 of 4 pods are new, 4 of them available, 1 old one is left
      deploy/nginx: 4 of 4 pods are new, 4 of them available
      deploy/nginx: nothing is missing any more (2 pods)
      "
    `);
    expect({ err, code }).toEqual({ err: "", code: 0 });
    expect(sent).toEqual([restart]);
  });

  test("says how to follow with --no-wait", async () => {
    const { sent, onPatch } = taking(aDeployment());
    const { out, code } = await serin("sidecars repair nginx -n shop --no-wait", [shop], { onPatch });
    expect(out.split("\n").slice(-3)).toEqual(["deploy/nginx restarted", "follow it: kubectl rollout status deploy/nginx -n shop", ""]);
    expect({ code, count: sent.length }).toEqual({ code: 0, count: 1 });
  });

  test("is not restarted with --dry-run: the server checks it", async () => {
    const { sent, onPatch } = taking(aDeployment());
    const { out, code } = await serin("sidecars -n shop repair deploy nginx --dry-run", [shop], { onPatch });
    expect(out).toMatchInlineSnapshot(`
      "deploy/nginx: 2 pods of 2 would get by a restart what they lack
        tracing: volume traces, container tracer: the pod was made before the policy said so (2 pods: nginx-9xttgxqnzc-b4x2b, nginx-9xttgxqnzc-b4x2c)
      deploy/nginx would be restarted (server dry run)
      "
    `);
    expect(sent).toEqual([{ ...restart, options: { ...restart.options, dryRun: true } }]);
    expect(code).toBe(0);
  });

  test("is looked at anew when somebody wrote it meanwhile, five times", async () => {
    let times = 0;
    const conflict = () => {
      times += 1;
      throw new ApiError({ code: 409, reason: "Conflict", doing: "patch deployments.apps shop/nginx", message: "it has been modified" });
    };
    const { out, err, code } = await serin("sidecars repair nginx", [shop], { onPatch: conflict });
    expect({ times, out, code }).toEqual({ times: 5, out: "", code: 1 });
    expect(err).toContain("can't patch deployments.apps shop/nginx");
  });

  test("whose restart a policy with trigger: Template makes a canary is left to its plan", async () => {
    const { onPatch } = taking(aDeployment(), (patched) => merged(patched, { spec: { paused: true } }) as object);
    const { out, code } = await serin("sidecars repair nginx", [shop], { onPatch });
    expect(out.split("\n").slice(-2)).toEqual([
      "a CanaryPolicy takes the restart for a change (trigger: Template); follow it: kubectl serin get deploy/nginx -n shop -w",
      "",
    ]);
    expect(code).toBe(0);
  });

  test("whose new pods lack it too, since the webhook is still down: exit code 2", async () => {
    const { onPatch } = taking(aDeployment());
    const { out, code } = await serin("sidecars repair nginx", [shop, shop], { onPatch });
    expect(out).toContain("deploy/nginx: new pods lack it too. Is Serin's webhook up? kubectl get pods -n serin-system\n");
    expect(code).toBe(2);
  });

  test("that gets stuck says why: exit code 2", async () => {
    const stuck = aDeployment(
      withDeploymentStatus({
        conditions: [
          { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "it has timed out progressing." },
        ],
      }),
    );
    const { onPatch } = taking(aDeployment());
    const { out, code } = await serin("sidecars repair nginx", [[...around, stuck, ...old]], { onPatch });
    expect(out).toContain("deploy/nginx: it has timed out progressing.\n");
    expect(code).toBe(2);
  });
});

describe("pods of another workload", () => {
  const workload = (kind: string, spec: object, status: object) => ({
    apiVersion: "apps/v1",
    kind,
    metadata: { name: "agent", namespace: "shop", uid: `${kind}-agent`, resourceVersion: "7", generation: 2 },
    spec: { selector: { matchLabels: {} }, template: aDeployment().spec.template, ...spec },
    status: { observedGeneration: 2, ...status },
  });
  const pod = (kind: string, ...changes: Parameters<typeof nginxPods>[1][]) => lonePod("agent-1", { kind, name: "agent" }, ...changes);

  test.each([
    ["ds/agent", "DaemonSet", {}, { desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1 }],
    [
      "statefulset.apps/agent",
      "StatefulSet",
      { replicas: 2, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } },
      { updatedReplicas: 1, readyReplicas: 2, currentRevision: "a", updateRevision: "b" },
    ],
  ])("%s is restarted and followed as kubectl rollout status does", async (name, kind, spec, status) => {
    const { sent, onPatch } = taking(workload(kind, spec, status));
    const worlds = [
      [...around, workload(kind, spec, { ...status, observedGeneration: 1 }), pod(kind, madeAt("08:00"))],
      [...around, workload(kind, spec, status), pod(kind, madeAt("10:01"), traced())],
    ];
    const { out, code } = await serin(`sidecars repair ${name}`, worlds as World[], { onPatch });
    const short = name.replace("statefulset.apps", "sts");
    expect(out.split("\n").slice(-5)).toEqual([
      `${short} restarted`,
      `${short}: its controller has not seen it yet`,
      `${short}: 1 of 1 pods are new, 1 ${kind === "DaemonSet" ? "old and new ones" : "of them"} available`,
      `${short}: nothing is missing any more (1 pod)`,
      "",
    ]);
    expect({ code, sent: sent.length }).toEqual({ code: 0, sent: 1 });
  });

  test("that is replaced only by hand is not restarted", async () => {
    const onDelete = workload("DaemonSet", { updateStrategy: { type: "OnDelete" } }, {});
    const { err, code } = await serin("sidecars repair ds/agent", [[...around, onDelete, pod("DaemonSet", madeAt("08:00"))]]);
    expect(err).toContain("why: its updateStrategy is OnDelete");
    expect(code).toBe(1);
  });
});

describe("what is not restarted", () => {
  const nothing: Record<string, [World, string]> = {
    "nothing missing": [[...around, aDeployment(), ...fresh], "nothing to repair: nothing is missing in deploy/nginx (2 pods)\n"],
    "no policy for it": [
      [space, set, aDeployment(), ...old],
      "nothing to repair: no SidecarPolicy asks anything of a running pod of deploy/nginx\n",
    ],
    "only pods that are another's": [
      [...around, aDeployment(), ...old.map((pod) => ({ ...pod, metadata: { ...pod.metadata, ownerReferences: [] } }))],
      "nothing to repair: no SidecarPolicy asks anything of a running pod of deploy/nginx\n",
    ],
  };
  test.each(Object.entries(nothing))("%s: exit code 0", async (_, [world, says]) => {
    const { out, err, code } = await serin("sidecars repair nginx", [world]);
    expect({ out, err, code }).toEqual({ out: says, err: "", code: 0 });
  });

  const off = annotated({ [annotations.sidecars]: "off" });
  const taken = ({ spec }: ReturnType<typeof aDeployment>) =>
    void spec.template.spec?.containers.push({ name: "tracer", image: "own:1" } as never);
  const inTemplate = (deployment: ReturnType<typeof aDeployment>) => off(deployment.spec.template as never);
  const hopeless: Record<string, [World, string]> = {
    "a template that opts out": [
      [...around, aDeployment(inTemplate), ...nginxPods(2, madeAt("09:30"), off)],
      'tracing: volume traces, container tracer: the pod has the annotation serin.dev/sidecars: "off" (2 pods:',
    ],
    "a name that is taken": [[...around, aDeployment(taken), ...old], "tracing: volume traces, container tracer: the pod was made before"],
    "a policy that only audits": [
      [space, set, aSidecarPolicy(withFields({ enforcement: "Audit" })), aDeployment(), ...old],
      "tracing: volume traces, container tracer: the policy only audits (2 pods:",
    ],
  };
  test.each(Object.entries(hopeless))("%s: exit code 2", async (_, [world, says]) => {
    const { out, err, code } = await serin("sidecars repair nginx", [world]);
    expect(err).toContain("error: can't repair deploy/nginx by a restart\n  why: new pods would lack the same: ");
    expect(err).toContain(says);
    expect({ out, code }).toEqual({ out: "", code: 2 });
  });

  test("what a restart brings is told apart from what it does not", async () => {
    const policy = aSidecarPolicy(withFields({ istio: { inject: "Enabled" } }));
    const closed = { ...space, metadata: { ...space.metadata, labels: { "istio-injection": "disabled" } } };
    const { onPatch } = taking(aDeployment());
    const { out } = await serin("sidecars repair nginx --dry-run", [[closed, policy, set, aDeployment(), ...old]], { onPatch });
    expect(out).toMatchInlineSnapshot(`
      "deploy/nginx: 2 pods of 2 would get by a restart what they lack
        tracing: volume traces, container tracer: the pod was made before the policy said so (2 pods: nginx-9xttgxqnzc-b4x2b, nginx-9xttgxqnzc-b4x2c)
      what a restart does not bring:
        tracing: Istio's proxy: namespace shop is labelled istio-injection: disabled (2 pods: nginx-9xttgxqnzc-b4x2b, nginx-9xttgxqnzc-b4x2c)
      deploy/nginx would be restarted (server dry run)
      "
    `);
  });

  const refused: Record<string, [World, string, string]> = {
    "while a plan lives": [
      [...shop, aPlan(inPhase("Paused"))],
      "plan nginx-x7k2m is under way (Paused), and the Deployment is held until it ends",
      "wait for its end, then repair: kubectl serin get deploy/nginx -n shop -w",
    ],
    "while it is paused": [
      [...around, aDeployment(paused()), ...old],
      "it is paused, so a restart would wait until it is resumed",
      "kubectl rollout resume deploy/nginx -n shop",
    ],
    "while Serin holds it": [
      [...around, aDeployment(held()), ...old, aPlan(inPhase("Held"))],
      "it is paused, so a restart would wait until it is resumed",
      "it is Serin's hold: kubectl serin get deploy/nginx -n shop -w",
    ],
    "what is not there": [around, "there is no Deployment nginx in namespace shop", "name the namespace with -n"],
  };
  test.each(Object.entries(refused))("%s: exit code 1", async (_, [world, why, todo]) => {
    const { out, err, code } = await serin("sidecars repair deploy/nginx", [world]);
    expect(err).toContain(`why: ${why}`);
    expect(err).toContain(`try: ${todo}`);
    expect({ out, code }).toEqual({ out: "", code: 1 });
  });

  test.each(["sidecars repair job/x", "sidecars repair a b c", "sidecars repair"])("%s: exit code 1", async (line) => {
    const { err, code } = await serin(line, [shop]);
    expect(err).not.toBe("");
    expect(code).toBe(1);
  });

  test("who may not restart is told what it takes", async () => {
    const forbid = () => {
      throw new ApiError({ code: 403, reason: "Forbidden", doing: "patch deployments.apps shop/nginx", message: "no" });
    };
    const { err } = await serin("sidecars repair nginx", [shop], { onPatch: forbid });
    expect(err).toContain("ask for the right to patch it: a restart changes the pod template");
  });
});
