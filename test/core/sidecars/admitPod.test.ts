import { describe, expect, test } from "vitest";
import type { PlanFact } from "../../../src/core/admission/world.ts";
import { admitPod, type PodWorld } from "../../../src/core/sidecars/admitPod.ts";
import type { PodLike } from "../../../src/core/sidecars/pod.ts";
import { named } from "../../build/change.ts";
import { aSidecarPolicy, asking, withFields } from "../../build/sidecarPolicy.ts";
import { plan, policy, world } from "../admission/build.ts";
import { annotation, container, initContainer, label, ofSpec, pod } from "./cases.ts";

const request = {
  requestUid: "r",
  user: "system:serviceaccount:kube-system:replicaset-controller",
  groups: [],
  operation: "CREATE",
  namespace: "shop",
};

const admit = (object: PodLike, around: Partial<PodWorld> & { plans?: PlanFact[] } = {}, dryRun = false) =>
  admitPod({ asking: { ...request, name: "", dryRun }, object }, world({ policies: [], ...around }));

const tracing = { sidecarPolicies: [aSidecarPolicy()] };

describe("where no policy is", () => {
  test("nothing is done, and nothing is said", () => {
    const nothing = { allowed: true, operations: [], warnings: [], auditAnnotations: {}, decision: "Untouched" };
    expect(admit(pod())).toMatchObject({ ...nothing, reason: "NoPolicy" });
    expect(
      admit(pod(), { sidecarPolicies: [aSidecarPolicy(withFields({ match: { podSelector: { matchLabels: { app: "db" } } } }))] }),
    ).toMatchObject({
      ...nothing,
      reason: "NoPolicy",
    });
  });

  test("nor to any but a pod that is being made", () => {
    const update = { ...request, name: "web-1", dryRun: false, operation: "UPDATE" };
    expect(admitPod({ asking: update, object: pod() }, world(tracing))).toMatchObject({ operations: [], reason: "NotForUs" });
  });
});

describe("a pod gets what policies ask for", () => {
  // As many as a request has room for: kube-apiserver asks before it validates. Each was looked for among all, which took the webhook minutes.
  test("in a time that goes with its size", () => {
    const many = pod(ofSpec({ containers: Array.from({ length: 20_000 }, (_, index) => ({ name: `c${index}`, image: "x" })) }));
    const policy = aSidecarPolicy(asking({ env: [{ name: "A", value: "1" }, { name: "B" }] }));
    const { operations } = admit(many, { sidecarPolicies: [policy] });
    expect(operations).toHaveLength(40_000);
    expect(operations.slice(-2)).toEqual([
      { op: "add", path: "/spec/containers/19999/env", value: [{ name: "A", value: "1" }] },
      { op: "add", path: "/spec/containers/19999/env/-", value: { name: "B" } },
    ]);
  });

  test("as additions, each with its parent, and the audit log tells", () => {
    const bare = pod(({ metadata, spec }) => {
      delete metadata.labels;
      delete spec.volumes;
    });
    const both = aSidecarPolicy(withFields({ istio: { inject: "Enabled" }, env: [{ name: "A", value: "1" }] }));
    const { operations, ...answer } = admit(bare, { sidecarPolicies: [both] });
    expect(operations.map(({ op, path }) => `${op} ${path}`)).toEqual([
      "add /metadata/labels",
      "add /spec/volumes",
      "add /spec/initContainers",
      "add /spec/containers/0/env",
    ]);
    expect(answer).toMatchObject({
      decision: "Equipped",
      reason: "SidecarsAdded",
      message: "added Istio's proxy, volume traces, container tracer, variables of container web (A)",
      warnings: [],
      auditAnnotations: { decision: "Equipped", reason: "SidecarsAdded", policy: "tracing" },
      findings: ["Added", "Added", "Added", "Added"],
    });
  });

  test("the same for a dry-run, and nothing the second time", () => {
    const { operations } = admit(pod(), tracing);
    expect(admit(pod(), tracing, true).operations).toEqual(operations);
    const volumes = ofSpec({ volumes: [{ name: "traces", emptyDir: {} }] });
    const [, added] = operations as Array<{ value: Record<string, unknown>[] }>;
    const there = pod(volumes, initContainer("tracer", added?.value[0]));
    expect(admit(there, tracing)).toMatchObject({ operations: [], decision: "Untouched", reason: "NothingAsked" });
  });

  test("all at once, also what one policy makes possible for another that goes before it", () => {
    const allows = aSidecarPolicy(named("p0"), asking({ istio: { inject: "Enabled", revision: "1-26" } }));
    const forces = aSidecarPolicy(named("p1"), asking({ istio: { inject: "Enabled" }, optOut: "Forbid" }));
    const refusing = pod(annotation("sidecar.istio.io/inject", "false"));
    expect(admit(refusing, { sidecarPolicies: [allows, forces] }).operations.map(({ path }) => path)).toEqual([
      "/metadata/labels/sidecar.istio.io~1inject",
      "/metadata/labels/istio.io~1rev",
    ]);
  });

  test("first of the init containers, but after Istio's; beside the others, but before a proxy that is last", () => {
    const plain = aSidecarPolicy(named("two"), asking({ containers: [{ name: "agent", image: "agent:1", as: "Container" }] }));
    const after = pod(initContainer("istio-init"), initContainer("istio-proxy", { restartPolicy: "Always" }), initContainer("setup"));
    expect(admit(after, tracing).operations.map(({ path }) => path)).toEqual(["/spec/volumes/-", "/spec/initContainers/2"]);
    const mesh = pod(initContainer("istio-validation"), initContainer("setup"), initContainer("istio-init"), container("istio-proxy"));
    expect(admit(mesh, { sidecarPolicies: [aSidecarPolicy(), plain] }).operations.map(({ path }) => path)).toEqual([
      "/spec/volumes/-",
      "/spec/initContainers/1",
      "/spec/containers/1",
    ]);
  });
});

describe("what can't be added is told", () => {
  test("one line for each thing, and the pod is made", () => {
    const { decision, warnings, auditAnnotations, findings, operations } = admit(pod(container("tracer", { image: "mine:1" })), tracing);
    expect({ decision, operations, findings }).toEqual({ decision: "Lacking", operations: [], findings: ["LeftOut", "NameTaken"] });
    expect(warnings).toEqual(["serin: sidecar policy tracing: not added: container tracer: the pod has another container of that name"]);
    expect(auditAnnotations["lacks"]).toBe(
      "volume traces: left out with container tracer; container tracer: the pod has another container of that name",
    );
  });

  test("what a policy under Audit would add, too", () => {
    const audit = aSidecarPolicy(withFields({ enforcement: "Audit" }));
    expect(admit(pod(), { sidecarPolicies: [audit] })).toMatchObject({
      decision: "Lacking",
      reason: "SidecarsLacking",
      operations: [],
      warnings: ["serin: sidecar policy tracing (Audit): this pod lacks volume traces, container tracer"],
      auditAnnotations: { policy: "tracing", lacks: "volume traces; container tracer" },
      findings: ["OnlyAudited", "OnlyAudited"],
    });
  });

  test("a pod that opts out is not nagged", () => {
    expect(admit(pod(annotation("serin.dev/sidecars", "off")), tracing)).toMatchObject({
      decision: "Lacking",
      warnings: [],
      operations: [],
      findings: ["OptedOut", "OptedOut"],
    });
  });
});

describe("whose pod it is", () => {
  const canaryOnly = { sidecarPolicies: [aSidecarPolicy(withFields({ match: { track: "Canary" } }))] };
  const live = plan({ canary: { hash: "7d9f8b5c4d", digest: "d" } });
  const count = (plans: PlanFact[], object = pod()) => admit(object, { ...canaryOnly, plans }).operations.length;

  test("is told by its hash: a canary's while its plan lives and until the hand-over", () => {
    expect(count([live])).toBe(2);
    expect(count([{ ...live, phase: "Promoting" }])).toBe(2);
    expect(count([{ ...live, phase: "Promoting", handedOver: true }])).toBe(0);
    expect(count([{ ...live, phase: "Promoted", live: false }])).toBe(0);
    expect(count([plan()])).toBe(0);
    expect(count([{ ...live, namespace: "other" }])).toBe(0);
  });

  test("a plan back to what serves has no canary pods", () => {
    expect(count([{ ...live, stable: { ...live.stable, hash: "7d9f8b5c4d" } }])).toBe(0);
  });

  test("only a ReplicaSet's pod can be a canary's", () => {
    const others = pod(({ metadata }) => {
      metadata.ownerReferences = [{ kind: "Job", name: "web-7d9f8b5c4d", controller: true }];
    });
    expect(count([live], others)).toBe(0);
  });
});

describe("the revision", () => {
  const key = "service.istio.io/canonical-revision";
  const policies = [policy("web", { match: { namespaceSelector: { matchLabels: { team: "web" } } } })];
  const labels = { namespaceLabels: () => ({ team: "web" }) };

  test("is told to metrics by the hash, where a CanaryPolicy is for the namespace", () => {
    expect(admit(pod(), { policies, ...labels })).toMatchObject({
      decision: "Equipped",
      reason: "RevisionNamed",
      operations: [{ op: "add", path: "/metadata/labels/service.istio.io~1canonical-revision", value: "7d9f8b5c4d" }],
      warnings: [],
    });
    expect(admit(pod(), { policies }).operations).toEqual([]);
    expect(admit(pod(), { policies: [policy("web", { suspend: true })] }).operations).toEqual([]);
  });

  test("is the team's own where there is one, and only pods of Deployments on a network of their own have one", () => {
    expect(admit(pod(label(key, "v7")), { policies, ...labels }).operations).toEqual([]);
    const job = pod(({ metadata }) => void delete metadata.ownerReferences);
    expect(admit(job, { policies, ...labels }).operations).toEqual([]);
    expect(admit(pod(ofSpec({ hostNetwork: true })), { policies, ...labels }).operations).toEqual([]);
  });
});
