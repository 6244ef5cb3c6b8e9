import { askedIn, type CanaryPlan } from "../../api/plan.ts";
import type { Field } from "../../core/admission/stamp.ts";
import type { ApiserverLog, Witnessed } from "../../core/audit/apiserverLog.ts";
import { isProven } from "../../core/audit/forgedStamps.ts";
import { bypassAfter } from "../../core/audit/witness.ts";

/** One change: a plan, or a refusal that only kube-apiserver's log knows. The columns of the table, and the fields of `-o json`. */
export interface AuditRow {
  at: string;
  namespace: string;
  deployment: string;
  /** The plan's phase, or `Denied`. */
  outcome: string;
  user: string;
  tool: string;
  before: string[];
  after: string[];
  policy: string;
  /** What people decided on the way: `step 2 approved by alice (kubectl rollout resume)`. */
  decisions: string[];
  reason: string;
  message: string;
  finishedAt?: string;
  plan?: string;
  seal?: number;
  /** uid of the admission request. */
  request?: string;
}

/** All changes, oldest first. */
export function auditRows(plans: readonly CanaryPlan[], log?: ApiserverLog): AuditRow[] {
  const rows = [...plans.map((plan) => rowOf(plan, plans, log)), ...(log?.requests ?? []).filter(isDenied).map(deniedRow)];
  return rows.sort((a, b) => (a.at < b.at ? -1 : 1));
}

function rowOf(plan: CanaryPlan, plans: readonly CanaryPlan[], log: ApiserverLog | undefined): AuditRow {
  const { metadata, spec, status } = plan;
  const asked = askedIn(plan);
  const event = asked ? undefined : requestBehind(plan, plans, log);
  const at = asked?.at ?? timeOf(event) ?? status?.startedAt ?? metadata.creationTimestamp ?? "";
  return {
    at,
    namespace: metadata.namespace,
    deployment: spec.deployment.name,
    outcome: status?.phase ?? "Preparing",
    user: asked?.user ?? event?.user ?? "",
    tool: asked?.fieldManager ?? event?.agent ?? "",
    before: spec.stable.images,
    after: spec.canary.images,
    policy: spec.policy?.name ?? "",
    decisions: decisionsOf(plan),
    reason: status?.reason ?? "",
    message: status?.message ?? "",
    ...(status?.finishedAt === undefined ? {} : { finishedAt: status.finishedAt }),
    plan: metadata.name,
    ...(status?.seal === undefined ? {} : { seal: status.seal.number }),
    ...(asked === undefined ? {} : { request: asked.uid }),
  };
}

const timeOf = (event: Witnessed | undefined): string | undefined => event && new Date(event.at).toISOString();

/**
 * The request that came without a canary: the one of which the webhook said that this plan will record it. When it was not asked, the last one before the
 * record was made: one that kube-apiserver sent without the webhook's answer, if there is any.
 */
function requestBehind(plan: CanaryPlan, plans: readonly CanaryPlan[], log: ApiserverLog | undefined): Witnessed | undefined {
  const { name, namespace } = plan.metadata;
  const changes = (log?.requests ?? []).filter((each) => each.resource === "deployments" && each.isAccepted && !each.isDryRun);
  const named = changes.find(({ said, namespace: its }) => said["plan"] === name && its === namespace);
  if (named) return named;
  const before = changes.filter(
    (each) => (each.said["plan"] === undefined || each.failedOpen.length > 0) && bypassAfter(each, plans) === plan,
  );
  return before.findLast(({ failedOpen }) => failedOpen.length > 0) ?? before.at(-1);
}

/** What counted, as the worker recorded it, then what was asked; a name without the webhook's stamp may be anybody's. */
export function decisionsOf(plan: CanaryPlan): string[] {
  const { spec, status } = plan;
  const approvals = (status?.approvals ?? []).map(({ step, by, how }) => `step ${step + 1} approved by ${by} (${how})`);
  const { hold, promote, abort, retry } = spec.control;
  const proof = (field: Field) => (isProven(plan, field) ? "" : " (unproven)");
  return [
    ...approvals,
    ...(hold?.by === undefined ? [] : [`held by ${hold.by}${proof("hold")}`]),
    ...(promote?.by === undefined || !promote.full ? [] : [`promoted in full by ${promote.by}${proof("promote")}`]),
    ...(abort?.by === undefined ? [] : [`aborted by ${abort.by}${proof("abort")}`]),
    ...(retry?.by === undefined ? [] : [`retry asked by ${retry.by}${proof("retry")}`]),
  ];
}

const isDenied = ({ said, isDryRun }: Witnessed): boolean => said["decision"] === "Denied" && !isDryRun;

function deniedRow({ at, namespace, name, resource, user, agent, said }: Witnessed): AuditRow {
  const isPlan = resource === "canaryplans";
  const { reason = "", policy = "", plan, request } = said;
  return {
    at: new Date(at).toISOString(),
    namespace,
    deployment: isPlan ? "" : name,
    outcome: "Denied",
    user,
    tool: agent,
    before: [],
    after: [],
    policy,
    decisions: [],
    reason,
    message: "",
    ...(plan === undefined ? (isPlan ? { plan: name } : {}) : { plan }),
    ...(request === undefined ? {} : { request }),
  };
}
