import { describe, expect, it } from "vitest";
import { annotations } from "../../src/api/names.ts";
import { bypassName } from "../../src/api/planName.ts";
import type { CanaryPolicy } from "../../src/api/policy.ts";
import { admitDeployment } from "../../src/core/admission/admitDeployment.ts";
import type { ReviewedDeployment } from "../../src/core/admission/deploymentReview.ts";
import { type Bypass, bypassOf, noteOf, recordOf } from "../../src/worker/bypass.ts";
import type { Caches } from "../../src/worker/caches.ts";
import { projectDeployment } from "../../src/worker/project.ts";
import { annotated, labelled } from "../build/change.ts";
import { aDeployment, type DeploymentDraft, withDeploymentSpec, withDeploymentStatus, withImage } from "../build/deployment.ts";
import { aPolicy, withPriority, withSpec } from "../build/policy.ts";
import { namespace, start } from "../build/story.ts";
import { review, world } from "../core/admission/build.ts";

const named = (name: string, spec: Parameters<typeof withSpec>[0] = {}, priority = 0): CanaryPolicy =>
  aPolicy(withSpec(spec), withPriority(priority), ({ metadata }) => {
    metadata.name = name;
  });

const caches = (policies: CanaryPolicy[]) =>
  ({
    plans: { index: () => [] },
    policies: { values: () => policies },
    namespaces: { get: () => ({ labels: { "kubernetes.io/metadata.name": namespace }, deleting: false }) },
    claims: { get: () => undefined },
  }) as unknown as Caches;

function recorded(before: DeploymentDraft, after: DeploymentDraft, policies: CanaryPolicy[]) {
  const bypass = bypassOf(projectDeployment(before), projectDeployment(after), caches(policies), "serin-system");
  if (!bypass) return undefined;
  const { spec, status } = recordOf(bypass, undefined, start);
  return { policy: spec.policy?.name, reason: status.reason, message: status.message };
}

/** What the webhook says to the same change, in the same form. */
function admitted(before: DeploymentDraft, after: DeploymentDraft, policies: CanaryPolicy[]) {
  const asking = { namespace, name: "nginx" };
  const given = review(before as unknown as ReviewedDeployment, after as unknown as ReviewedDeployment, asking);
  const { decision, reason, message, auditAnnotations } = admitDeployment(given, world({ policies }));
  return decision === "Bypassed" ? { policy: auditAnnotations["policy"], reason, message } : undefined;
}

type Change = (draft: DeploymentDraft) => void;
const pod =
  (fields: object): Change =>
  ({ spec }) =>
    void Object.assign(spec.template.spec ?? {}, fields);
const port =
  (fields: object): Change =>
  ({ spec }) =>
    void Object.assign(spec.template.spec?.containers[0]?.ports?.[0] ?? {}, fields);
const init = (fields: object): Change => pod({ initContainers: [{ name: "init", image: "busybox:1", ...fields }] });

const bypassed: Record<string, Change[]> = {
  "an opt-out": [annotated({ [annotations.canary]: "off" })],
  "no pod wanted": [withDeploymentSpec({ replicas: 0 })],
  "no pod available": [withDeploymentStatus({ availableReplicas: 0 })],
  "strategy Recreate": [withDeploymentSpec({ strategy: { type: "Recreate" } })],
  "a claim": [
    pod({
      volumes: [
        { name: "tmp", emptyDir: {} },
        { name: "data", persistentVolumeClaim: { claimName: "data-0" } },
      ],
    }),
  ],
  "a host port": [port({ hostPort: 8080 })],
  "a host port of an init container": [init({ ports: [{ containerPort: 1, hostPort: 9000 }] })],
  "the host's network": [pod({ hostNetwork: true })],
  "two reasons at once": [withDeploymentSpec({ strategy: { type: "Recreate" } }), port({ hostPort: 8080 })],
};

describe("the record of a bypass says what the webhook said", () => {
  for (const [what, changes] of Object.entries(bypassed)) {
    it(`for ${what}`, () => {
      const [before, after] = [aDeployment(...changes), aDeployment(...changes, withImage("nginx:1.24.0"), ...changes)];
      const said = admitted(before, after, [named("p")]);
      expect(said).toBeDefined();
      expect(recorded(before, after, [named("p")])).toEqual(said);
    });
  }

  it("and names the policy that is for this image, not the first that selects the Deployment", () => {
    const policies = [named("redis", { match: { images: ["redis"] } }, 10), named("nginx", { match: { images: ["nginx"] } })];
    const off = annotated({ [annotations.canary]: "off" });
    const [before, after] = [aDeployment(off), aDeployment(off, withImage("nginx:1.24.0"))];
    expect(recorded(before, after, policies)).toEqual(admitted(before, after, policies));
    expect(recorded(before, after, policies)?.policy).toBe("nginx");
  });
});

describe("who asked for a change that was let through", () => {
  const keys = [{ id: "k", secret: Buffer.from("a key of 32 bytes, for this test.") }];
  const off = annotated({ [annotations.canary]: "off" });
  const before = aDeployment(off);
  const changed = aDeployment(off, withImage("nginx:1.24.0"));
  const noted = (generation: number, passage: string) =>
    aDeployment(off, withImage("nginx:1.24.0"), annotated({ [annotations.canary]: "off", [annotations.passage]: passage }), (draft) => {
      draft.metadata.generation = generation;
    });
  const later = aDeployment(off, (draft) => {
    draft.metadata.generation = (before.metadata.generation ?? 0) + 1;
  });
  const asking = { namespace, name: "nginx", user: "ann" };
  const given = review(before as unknown as ReviewedDeployment, changed as unknown as ReviewedDeployment, asking);
  const { operations } = admitDeployment(given, world({ policies: [named("p")], keys }));
  const passage = operations.flatMap((each) => ("value" in each && each.path.endsWith("passage") ? [String(each.value)] : []))[0] ?? "";
  const next = (before.metadata.generation ?? 0) + 1;
  const record = (draft: DeploymentDraft, known = keys, from = before) => {
    const bypass = bypassOf(projectDeployment(from), projectDeployment(draft), caches([named("p")]), "serin-system") as Bypass;
    const note = noteOf(bypass, known, start);
    return note === "unread" ? note : recordOf(bypass, note, start);
  };
  const status = (...given: Parameters<typeof record>) => {
    const made = record(...given);
    return made === "unread" ? made : made.status;
  };

  it("is on record as the webhook noted it", () => {
    expect(status(noted(next, passage))).toMatchObject({ reason: "BypassOptOut", request: { user: "ann" } });
  });
  it("is on record also when the worker hears of the change together with a later write, and names the change by its own generation", () => {
    const draft = noted(next + 1, passage);
    expect(status(draft)).toMatchObject({ reason: "BypassOptOut", request: { user: "ann" } });
    expect(record(draft)).toHaveProperty("metadata.name", bypassName("nginx", before.metadata.uid ?? "", next));
  });
  it("is to be read later when the key of the note is not known yet, of this very change only", () => {
    expect(status(noted(next, passage), [])).toBe("unread");
    expect(status(noted(next - 1, passage), [])).toMatchObject({ reason: "BypassOptOut" });
    expect(status(noted(next + 1, passage), [], later)).toMatchObject({ reason: "BypassOptOut" });
  });
  it("is nobody when the note is of an earlier change, or forged", () => {
    const nobody = [
      status(noted(next + 1, passage), keys, later),
      status(noted(next - 1, passage)),
      status(noted(next, passage.replace("ann", "eve"))),
    ];
    for (const one of nobody) {
      expect(one).toMatchObject({ reason: "BypassOptOut" });
      expect(one).not.toHaveProperty("request");
    }
    expect(status(noted(next, "no JSON"))).toMatchObject({ reason: "BypassOptOut" });
  });
});

const away = "the template changed and the webhook was not asked: it was down, or its configuration leaves this change out";

describe("a change that the webhook would have held was made without it", () => {
  const changed = aDeployment(withImage("nginx:1.24.0"));

  it("an image that the policy is for", () => {
    expect(recorded(aDeployment(), changed, [named("p")])).toEqual({ policy: "p", reason: "Bypassed", message: away });
  });

  it("an opt-out that the policy forbids", () => {
    const off = annotated({ [annotations.canary]: "off" });
    const [before, after] = [aDeployment(off), aDeployment(off, withImage("nginx:1.24.0"))];
    expect(admitted(before, after, [named("p", { optOut: "Forbid" })])).toBeUndefined();
    expect(recorded(before, after, [named("p", { optOut: "Forbid" })])).toMatchObject({ reason: "Bypassed", message: away });
  });

  it("any part of the template under trigger: Template, and only there", () => {
    const restarted = aDeployment(({ spec }) => {
      spec.template.metadata = { ...spec.template.metadata, annotations: { restarted: "now" } };
    });
    expect(recorded(aDeployment(), restarted, [named("p", { trigger: "Template" })])).toMatchObject({ reason: "Bypassed" });
    expect(recorded(aDeployment(), restarted, [named("p")])).toBeUndefined();
  });
});

describe("nothing is recorded", () => {
  const changed = aDeployment(withImage("nginx:1.24.0"));
  it("for an image that no policy is for", () => {
    expect(recorded(aDeployment(), changed, [named("p", { match: { images: ["redis:*"] } })])).toBeUndefined();
  });
  it("for a Deployment that no policy selects", () => {
    const selective = named("p", { match: { deploymentSelector: { matchLabels: { tier: "front" } } } });
    expect(recorded(aDeployment(), changed, [selective])).toBeUndefined();
    const front = labelled({ tier: "front" });
    expect(recorded(aDeployment(front), aDeployment(front, withImage("nginx:1.24.0")), [selective])).toBeDefined();
  });
  it("while the policy is suspended", () => {
    expect(recorded(aDeployment(), changed, [named("p", { suspend: true })])).toBeUndefined();
  });
});
