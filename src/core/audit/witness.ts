import type { CanaryPlan, Request } from "../../api/plan.ts";
import { requestsOf } from "../../api/planRequests.ts";
import { type AuditHeads, auditHeadsName, auditKeysName } from "../../api/seal.ts";
import { type ApiserverLog, inWords, type Witnessed } from "./apiserverLog.ts";
import { nameOf } from "./auditedPlan.ts";
import { parseRanges } from "./ranges.ts";
import type { Finding } from "./reasons.ts";
import { sealHash } from "./sealPlan.ts";

export interface Compared {
  findings: Finding[];
  unchecked: string[];
  notes: string[];
}

export interface ToCompare {
  plans: readonly CanaryPlan[];
  log: ApiserverLog;
  /** Serin's own namespace, where its ServiceAccounts and the record's ConfigMaps are. */
  systemNamespace: string;
  /** Whether plans of all namespaces were read. */
  complete: boolean;
  heads: AuditHeads | undefined;
}

/** kube-apiserver and the webhook note the same request at slightly different times; the worker makes the plan a moment later. */
const apartMs = 10_000;

/** What the record and kube-apiserver's log say of each other. Only the time that the log covers is compared. */
export function compareWithLog(all: ToCompare): Compared {
  const { plans, log } = all;
  const covers = (time: string | undefined): boolean => {
    const at = Date.parse(time ?? "");
    // At its end what is being answered is not in it yet.
    return at >= log.from + apartMs && at <= log.to - apartMs;
  };
  const asked = plans.flatMap((plan) => signedRequests(plan).map((request) => ({ plan, request })));
  const older = plans.filter((plan) => !covers(startOf(plan))).length;
  const annotated = log.requests.some(({ asked: uids }) => uids.length > 0);
  const unchecked: string[] = [];
  if (log.unread > 0) unchecked.push(`${log.unread} lines of kube-apiserver's log are no audit events`);
  if (!annotated && asked.some(({ request }) => covers(request.at)))
    unchecked.push("who asked for what: kube-apiserver's log has no annotations of Serin's webhook");
  const gone = goneUntil(plans, all.heads);
  const notes = older > 0 ? [`${older} plans are outside of the time that kube-apiserver's log covers`] : [];
  if (all.complete && gone >= log.from)
    notes.push(
      `changes before ${new Date(gone).toISOString()} were not asked for a record: plans of that time are gone, pruned or deleted`,
    );
  const byUid = new Map(log.requests.flatMap((event) => event.asked.map((uid) => [uid, event] as const)));
  const findings = [
    ...failedOpen(all),
    ...foreignWrites(all),
    ...otherSeals(all),
    ...(annotated
      ? asked.filter(({ request }) => covers(request.at)).flatMap(({ plan, request }) => unwitnessed(plan, request, byUid))
      : []),
    ...plans.flatMap((plan) => unwitnessedControl(plan, log, covers)),
    ...unrecorded(all, new Set(asked.map(({ request }) => request.uid)), gone),
  ];
  return { findings, unchecked, notes };
}

const startOf = ({ spec, status, metadata }: CanaryPlan): string | undefined =>
  spec.request?.at ?? status?.startedAt ?? metadata.creationTimestamp;

/** Without those that nobody could sign and those that a person asked of a plan: they are no request of their own. */
const signedRequests = (plan: CanaryPlan): Request[] => requestsOf(plan).filter(({ uid }) => !uid.includes("/"));

function failedOpen({ plans, log }: ToCompare): Finding[] {
  return log.requests
    .filter(({ failedOpen: names, isAccepted, isDryRun }) => names.length > 0 && isAccepted && !isDryRun)
    .map((event): Finding => {
      const plan = bypassAfter(event, plans);
      const record =
        event.resource !== "deployments"
          ? ""
          : plan
            ? `; plan ${nameOf(plan)} records it`
            : "; no plan records it, so it may have been no image change";
      const finding = {
        code: "FailedOpen" as const,
        message: `${inWords(event)}: webhook ${event.failedOpen.join(", ")} was not asked${record}`,
      };
      return plan ? { ...finding, plan: nameOf(plan) } : finding;
    });
}

/** The record of a change that came without a canary: it is made a moment after the change, and the next one's is made later. */
export function bypassAfter({ namespace, name, at }: Witnessed, plans: readonly CanaryPlan[]): CanaryPlan | undefined {
  let found: CanaryPlan | undefined;
  let soonest = apartMs;
  for (const plan of plans) {
    const { metadata, spec, status } = plan;
    // Where the webhook was asked, the record names the request.
    if (status?.phase !== "Bypassed" || status.request !== undefined || metadata.namespace !== namespace || spec.deployment.name !== name)
      continue;
    const after = Date.parse(status.startedAt ?? metadata.creationTimestamp ?? "") - at;
    if (after > -1_000 && after < soonest) [found, soonest] = [plan, after];
  }
  return found;
}

/** Only the worker makes plans and writes their status; only it and the certs process write the heads and the keys. */
function foreignWrites({ log, systemNamespace }: ToCompare): Finding[] {
  const serviceAccount = (name: string) => `system:serviceaccount:${systemNamespace}:${name}`;
  const allowed: Record<string, readonly string[]> = {
    "canaryplans/status": [serviceAccount("serin-worker")],
    canaryplans: [serviceAccount("serin-worker")],
    [`configmaps ${auditHeadsName}`]: [serviceAccount("serin-worker")],
    [`configmaps ${auditKeysName}`]: [serviceAccount("serin-certs")],
    "secrets serin-audit-signing": [serviceAccount("serin-certs")],
  };
  return log.requests.flatMap((event): Finding[] => {
    const { resource, namespace, name, verb, user, isAccepted, isDryRun } = event;
    const isSystem = resource === "configmaps" || resource === "secrets";
    if (!isAccepted || isDryRun || (isSystem && namespace !== systemNamespace)) return [];
    // People change spec.control, and cancel by deleting; nobody else makes plans.
    if (resource === "canaryplans" && verb !== "create") return [];
    const who = allowed[isSystem ? `${resource} ${name}` : resource];
    if (!who || who.includes(user)) return [];
    const finding = { code: "ForeignWrite" as const, message: `${inWords(event)}: that is for ${who.join(", ")} alone` };
    return [isSystem || name === "" ? finding : { ...finding, plan: `${namespace}/${name}` }];
  });
}

/** Each head that the worker ever named stands in the URL of its write. Whoever has stolen the key can seal the past anew, but not this log. */
function otherSeals({ plans, log, heads, systemNamespace }: ToCompare): Finding[] {
  const worker = `system:serviceaccount:${systemNamespace}:serin-worker`;
  const named = log.requests.flatMap(({ head, user, isAccepted, name, at }) =>
    head && user === worker && isAccepted && name === auditHeadsName ? [{ ...head, at: new Date(at).toISOString() }] : [],
  );
  const byNumber = new Map(named.map((head) => [head.number, head]));
  const changed = plans.flatMap((plan): Finding[] => {
    const seal = plan.status?.seal;
    const witness = seal && byNumber.get(seal.number);
    if (!seal || !witness || witness.hash === sealHash(seal)) return [];
    const message = `seal ${seal.number} of ${nameOf(plan)} is not the one that the worker named at ${witness.at} in kube-apiserver's log`;
    return [{ code: "SealUnwitnessed", plan: nameOf(plan), seal: seal.number, message }];
  });
  const newest = named.reduce((max, { number }) => Math.max(max, number), 0);
  if (newest <= (heads?.head.number ?? 0)) return changed;
  const message = `kube-apiserver's log knows of seal ${newest}, and the heads end with ${heads?.head.number ?? 0}: the newest were cut`;
  return [...changed, { code: "SealUnwitnessed", seal: newest, message }];
}

function unwitnessed(plan: CanaryPlan, request: Request, byUid: ReadonlyMap<string, Witnessed>): Finding[] {
  const event = byUid.get(request.uid);
  const says = `${nameOf(plan)} names request ${request.uid} of ${request.user} at ${request.at}`;
  const finding = { code: "RequestUnwitnessed" as const, plan: nameOf(plan) };
  if (!event) return [{ ...finding, message: `${says}; kube-apiserver's log does not know it` }];
  if (event.user === request.user && event.isAccepted) return [];
  return [{ ...finding, message: `${says}; kube-apiserver's log says ${inWords(event)}${event.isAccepted ? "" : ", refused"}` }];
}

type Stamp = { by?: string | undefined; at?: string | undefined };

/** Each stamp that the plan shows, and each approval that it counted, was a request of that user at that time. */
function unwitnessedControl(plan: CanaryPlan, log: ApiserverLog, covers: (time: string | undefined) => boolean): Finding[] {
  const stamps = Object.entries(plan.spec.control as Record<string, Stamp | undefined>).map(
    ([field, stamp]) => [`spec.control.${field}`, stamp] as const,
  );
  const approvals = (plan.status?.approvals ?? []).map(
    (approval) => [`the approval of step ${approval.step + 1} (${approval.how})`, approval] as const,
  );
  return [...stamps, ...approvals].flatMap(([what, stamp]): Finding[] => {
    if (stamp?.by === undefined || !covers(stamp.at)) return [];
    const at = Date.parse(stamp.at ?? "");
    const found = log.requests.some(
      ({ user, resource, namespace, name, isAccepted, at: when }) =>
        isAccepted &&
        user === stamp.by &&
        namespace === plan.metadata.namespace &&
        ((resource === "canaryplans" && name === plan.metadata.name) ||
          (resource === "deployments" && name === plan.spec.deployment.name)) &&
        Math.abs(when - at) < apartMs,
    );
    if (found) return [];
    const message = `${what} of ${nameOf(plan)} says by ${stamp.by} at ${stamp.at}; kube-apiserver's log knows no such request of his`;
    return [{ code: "ControlUnwitnessed", plan: nameOf(plan), message }];
  });
}

const verbs: Readonly<Record<string, string>> = { Held: "held for", Bypassed: "let through, for" };

/**
 * What the webhook held or let through has a plan, or was overwritten before it got one; the last moments of the log may be ahead of the record. A change
 * may be on one of the plans that are gone: those of changes after the newest of them ended can't be.
 */
function unrecorded({ plans, log, complete }: ToCompare, uids: ReadonlySet<string>, gone: number): Finding[] {
  if (!complete) return [];
  const names = new Set(plans.map(nameOf));
  return log.requests.flatMap((event): Finding[] => {
    const { isAccepted, isDryRun, namespace, at, asked, failedOpen } = event;
    const { decision, reason, request, plan } = event.said;
    const said = verbs[decision ?? ""];
    if (said === undefined || request === undefined || !isAccepted || isDryRun || at <= gone + apartMs || at > log.to - apartMs) return [];
    if (asked.some((uid) => uids.has(uid)) || event.plans.some((name) => names.has(`${namespace}/${name}`))) return [];
    // It was asked once and not again, which is a finding of its own; or it took back what a plan held that had ended before, and may be gone by now.
    if (failedOpen.length > 0 || (reason === "Cancelled" && gone > Number.NEGATIVE_INFINITY)) return [];
    if (log.requests.some((other) => overtook(other, event))) return [];
    return [
      {
        code: "ChangeUnrecorded",
        message: `${inWords(event)}: it was ${said} plan ${plan ?? "?"}, and no plan records request ${request}`,
      },
    ];
  });
}

/**
 * Whether another write of the same object was stored while this one was under way: kube-apiserver then looks at this one anew, and where the other had asked
 * for the same there is nothing left to ask the webhook about.
 */
const overtook = (other: Witnessed, { resource, namespace, name, at, until }: Witnessed): boolean =>
  other.isAccepted &&
  !other.isDryRun &&
  other.asked.length > 0 &&
  other.resource === resource &&
  other.namespace === namespace &&
  other.name === name &&
  other.until > at &&
  other.until < until;

/** When the newest of the plans that are gone, pruned or deleted, had ended at the latest. Milliseconds since the epoch. */
function goneUntil(plans: readonly CanaryPlan[], heads: AuditHeads | undefined): number {
  const ranges = heads === undefined ? [] : [heads.pruned, heads.deleted].flatMap((text) => parseRanges(text) ?? []);
  const newest = Math.max(0, ...ranges.map(([, last]) => last));
  if (newest === 0 || heads === undefined) return Number.NEGATIVE_INFINITY;
  const later = plans.flatMap(({ status }) => (status?.seal && status.seal.number > newest ? [Date.parse(status.seal.at)] : []));
  return Math.min(Date.parse(heads.at), ...later);
}
