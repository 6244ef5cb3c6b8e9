import type { CanaryPlan } from "../../src/api/plan.ts";
import { chainFrom, headsOf, linkOf, withSeal } from "../../src/core/audit/heads.ts";
import { appended, journalRoot } from "../../src/core/audit/journal.ts";
import { sealPlan } from "../../src/core/audit/sealPlan.ts";
import { aPlan, aRequest, because, inPhase } from "../build/plan.ts";
import { at, revisionOf } from "../build/story.ts";
import { type MadeKey, makeKey } from "../core/audit/history.ts";
import { serin, type World } from "./terminal.ts";

export const key = makeKey(at(0));

export interface Told {
  name: string;
  from: number;
  phase: NonNullable<CanaryPlan["status"]>["phase"];
  image: string;
  user?: string;
  namespace?: string;
  message: string;
}

/** A finished plan that began `from` seconds into the story. */
export function finished({ name, from, phase, image, user, namespace = "shop", message }: Told): CanaryPlan {
  const plan = aPlan(inPhase(phase), because(phase, message), (draft) => {
    draft.metadata.name = name;
    draft.metadata.uid = name;
    draft.metadata.namespace = namespace;
    draft.spec.canary = revisionOf(image);
    if (user === undefined) delete draft.spec.request;
    else draft.spec.request = aRequest({ uid: `request-${name}`, user, at: at(from) });
    if (draft.status) Object.assign(draft.status, { startedAt: at(from), finishedAt: at(from + 100) });
  });
  const status = plan.status as NonNullable<CanaryPlan["status"]>;
  const entries = [
    { at: at(from), reason: "PlanCreated", message: `nginx:1.23.0 → ${image}` },
    { at: at(from + 100), reason: phase, message },
  ];
  for (const entry of entries) status.journal = appended(status.journal, entry, () => journalRoot(plan));
  return plan;
}

export const bad = finished({
  name: "web-bad",
  from: 0,
  phase: "RolledBack",
  image: "nginx:1.24.0",
  user: "alice",
  message: "success-rate failed: 0.5 < 0.95",
});
export const good = finished({
  name: "web-good",
  from: 200,
  phase: "Promoted",
  image: "nginx:1.25.0",
  user: "bob",
  message: "nginx:1.25.0 serves everything",
});
export const past = finished({
  name: "pay-past",
  from: 400,
  phase: "Bypassed",
  image: "=cmd|x:1",
  namespace: "pay",
  message: "the webhook was not asked",
});
good.status = {
  ...(good.status as NonNullable<CanaryPlan["status"]>),
  approvals: [{ step: 1, by: "carol", at: at(250), how: "kubectl rollout resume" }],
};

export function recordOf(plans: readonly CanaryPlan[], signer: MadeKey = key, lost: Array<{ at: string; number: number }> = []): World {
  let chain = chainFrom(undefined, { keys: new Map(), newest: undefined, at: at(0) });
  const sealed = plans.map((given) => {
    const plan = structuredClone(given);
    if (!plan.status) throw new Error("no status");
    plan.status.seal = sealPlan(plan, plan.status, { before: linkOf(chain), key: signer, at: plan.status.finishedAt ?? "" });
    chain = withSeal(chain, plan.status.seal);
    return plan;
  });
  const map = (name: string, data: Record<string, string>) => ({ kind: "ConfigMap", metadata: { name, namespace: "serin-system" }, data });
  return [
    ...sealed,
    map("serin-audit-heads", { heads: JSON.stringify(headsOf({ ...chain, lost }, signer, at(500))) }),
    map("serin-audit-keys", { [signer.id]: JSON.stringify(signer.record) }),
  ];
}

export const world = recordOf([bad, good, past]);
export const options = { at: 600 };
export const audit = (line: string, over: object = {}, of: World = world) => serin(`audit ${line}`, [of], { ...options, ...over });

/** The lines of kube-apiserver's own log. */
export const event = (
  seconds: number,
  user: string,
  resource: string,
  name: string,
  annotations: Record<string, string> = {},
  more: object = {},
) =>
  JSON.stringify({
    stage: "ResponseComplete",
    verb: "patch",
    requestURI: "/x",
    userAgent: "kubectl/v1.36.3 (linux/amd64)",
    user: { username: user },
    objectRef: { resource, namespace: "shop", name, apiVersion: "v1" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: at(seconds),
    annotations: Object.fromEntries(Object.entries(annotations).map(([k, v]) => [k.includes("/") ? k : `deployments.serin.dev/${k}`, v])),
    ...more,
  });
export const held = (seconds: number, user: string, plan: string) =>
  event(seconds, user, "deployments", "nginx", { decision: "Held", plan, request: `request-${plan}` });
export const failOpen = { "failed-open.mutation.webhook.admission.k8s.io/round_0_index_0": "deployments.serin.dev" };
export const honest = [
  event(-60, "system:node", "pods", "x"),
  held(0, "alice", "web-bad"),
  event(
    100,
    "dave",
    "deployments",
    "nginx",
    { decision: "Denied", reason: "ResumeRefused", plan: "web-bad", request: "r" },
    { responseStatus: { code: 403 } },
  ),
  held(200, "bob", "web-good"),
  event(250, "carol", "deployments", "nginx", { decision: "Approved", request: "r2" }),
  event(560, "system:node", "pods", "x"),
];
