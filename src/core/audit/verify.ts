import { type CanaryPlan, terminalPhases } from "../../api/plan.ts";
import type { AuditHeads, AuditKey } from "../../api/seal.ts";
import { nameOf, readAuditedPlan } from "./auditedPlan.ts";
import { areSigned } from "./heads.ts";
import { entriesOf } from "./journal.ts";
import { trustedKeys } from "./publicKeys.ts";
import type { Finding } from "./reasons.ts";
import { verifyChain } from "./verifyChain.ts";
import { type GoodSeal, verifyPlan } from "./verifyPlan.ts";

/** What an auditor has: the whole record, or a part of it. */
export interface Evidence {
  /** CanaryPlans as they came, in any order. */
  plans: readonly unknown[];
  heads: AuditHeads | undefined;
  keys: readonly AuditKey[];
  /** Whether these are the plans of all namespaces. */
  complete: boolean;
  /** Id of the first key to be trusted; absent: the oldest. */
  root?: string | undefined;
  /** Milliseconds since the epoch. */
  now: number;
  /** Times of breaks (HeadsLost) that whoever asks has looked into: they are noted, and no finding any more. */
  acceptedBreaks?: readonly string[];
}

export interface Verified {
  findings: Finding[];
  /** What could not be checked, and why: with any of these nobody may call the record clean. */
  unchecked: string[];
  /** What is no fault, but should be known. */
  notes: string[];
  counts: { plans: number; sealed: number; live: number; entries: number };
  /** Id of the key that everything rests on. */
  root: string | undefined;
}

/**
 * Checks every promise of the record: each entry links to the one before, each finished plan is as it was sealed, each seal is signed by a key that can be
 * believed, and no seal is missing. Pure: the same evidence gives the same answer, wherever it comes from.
 */
export function verifyAudit({ plans: given, heads, keys: records, complete, root, now, acceptedBreaks = [] }: Evidence): Verified {
  const { keys, problems } = trustedKeys(records, root);
  const findings: Finding[] = problems.map((problem) => ({ ...problem }));
  const unchecked: string[] = [];
  const notes: string[] = [];
  const plans: CanaryPlan[] = [];
  for (const raw of given) {
    const read = readAuditedPlan(raw);
    if (read.plan) plans.push(read.plan);
    else findings.push({ code: "Unreadable", message: `a plan can't be read: ${read.error}` });
  }
  findings.push(...twice(plans));
  const seals: GoodSeal[] = [];
  const bad = new Set<number>();
  // Without any key nothing is forged: it can't be told.
  const hasKeys = keys.size > 0;
  const linked = new Map(heads && areSigned(heads, keys) ? [[heads.head.number, heads.head.hash]] : []);
  for (const plan of newestFirst(plans)) {
    if (!hasKeys && plan.status?.seal) continue;
    const checked = verifyPlan(plan, { keys, linked });
    findings.push(...checked.findings);
    notes.push(...checked.notes);
    if (checked.seal) seals.push(checked.seal);
    if (checked.number !== undefined) bad.add(checked.number);
  }
  const sealed = plans.filter(({ status }) => status?.seal !== undefined).length;
  const live = plans.filter(({ status }) => status === undefined || !terminalPhases.has(status.phase));
  if (hasKeys) {
    const chain = verifyChain({ seals, bad, heads, keys, complete, live: new Set(live.map(nameOf)), now, acceptedBreaks });
    findings.push(...chain.findings);
    notes.push(...chain.notes);
  } else if (sealed > 0 || heads) unchecked.push(`${sealed} seals: there is no public key (ConfigMap serin-audit-keys)`);
  if (!complete) unchecked.push("whether plans are missing: only some namespaces were read, and the chain of seals goes over all");
  if (live.length > 0) notes.push(`${live.length} plans are live: their journals link, and are sealed when they end`);
  const entries = plans.reduce((sum, { status }) => sum + entriesOf(status?.journal), 0);
  findings.sort((a, b) => (a.seal ?? 0) - (b.seal ?? 0));
  return { findings, unchecked, notes, counts: { plans: given.length, sealed, live: live.length, entries }, root: root ?? records[0]?.id };
}

const newestFirst = (plans: readonly CanaryPlan[]): CanaryPlan[] =>
  [...plans].sort((a, b) => (b.status?.seal?.number ?? 0) - (a.status?.seal?.number ?? 0));

function twice(plans: readonly CanaryPlan[]): Finding[] {
  const seen = new Set<string>();
  return plans.flatMap((plan): Finding[] => {
    const uid = plan.metadata.uid ?? "";
    if (!seen.has(uid)) {
      seen.add(uid);
      return [];
    }
    return [{ code: "PlanRepeated", plan: nameOf(plan), message: `${nameOf(plan)} is there twice` }];
  });
}
