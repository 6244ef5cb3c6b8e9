import { type CanaryPlan, type PlanStatus, terminalPhases } from "../../api/plan.ts";
import type { PlanSeal } from "../../api/seal.ts";
import { nameOf } from "./auditedPlan.ts";
import { askedOf, type Digests, fieldDigests, specDigests } from "./fields.ts";
import { journalRoot } from "./journal.ts";
import type { TrustedKey } from "./publicKeys.ts";
import type { Finding } from "./reasons.ts";
import { isSigned, sealHash } from "./sealPlan.ts";
import { verifyJournal, verifyLinks } from "./verifyJournal.ts";

/** A seal with a good signature, for the check of the chain. */
export interface GoodSeal {
  number: number;
  prev: string;
  hash: string;
  plan: string;
  at: string;
  /** Order of the key that signed. */
  order: number;
}

export interface CheckedPlan {
  findings: Finding[];
  /** What is no fault, but should be known. */
  notes: string[];
  seal?: GoodSeal;
  /** A number that is there, though its seal is no good: that is said once. */
  number?: number;
}

export interface Trust {
  keys: ReadonlyMap<string, TrustedKey>;
  /**
   * Hashes of seals, by number, that something signed names already: the heads the newest, each good seal the one before. Such a seal needs no look at its
   * signature, which takes longer than all else. Good seals add to it, so the newest plan is to come first.
   */
  linked: Map<number, string>;
}

/** What one plan's own record says of itself: seal, fields and journal. */
export function verifyPlan(plan: CanaryPlan, { keys, linked }: Trust): CheckedPlan {
  const name = nameOf(plan);
  const { status } = plan;
  const seal = status?.seal;
  const of = (finding: Omit<Finding, "plan">): Finding => ({ plan: name, ...(seal ? { seal: seal.number } : {}), ...finding });
  if (!status || !seal) {
    const links = verifyLinks(plan);
    const findings = links ? [of(links)] : [];
    const over = status !== undefined && terminalPhases.has(status.phase);
    if (over)
      findings.push(of({ code: "Unsealed", message: `${name} ended ${status.phase} and has no seal: nothing vouches for its record` }));
    return { findings, notes: [] };
  }
  const { number } = seal;
  const { uid, namespace, name: itsName } = plan.metadata;
  if (seal.plan.uid !== uid || seal.plan.namespace !== namespace || seal.plan.name !== itsName) {
    const message = `${name} carries seal ${number}, which is of ${seal.plan.namespace}/${seal.plan.name}`;
    return { findings: [of({ code: "SealOfAnother", message })], notes: [], number };
  }
  const key = keys.get(seal.key);
  if (!key) {
    const message = `seal ${number} of ${name} is signed by key ${seal.key}, which is none of Serin's`;
    return { findings: [of({ code: "KeyUnknown", message })], notes: [], number };
  }
  const hash = sealHash(seal);
  if (linked.get(number) !== hash && !isSigned("seal", seal, key.key)) {
    const message = `seal ${number} of ${name} does not have the signature of key ${seal.key}: it was changed after it was made`;
    return { findings: [of({ code: "SealForged", message })], notes: [], number };
  }
  linked.set(number - 1, seal.prev);
  const good = { number, prev: seal.prev, hash, plan: name, at: seal.at, order: key.order };
  const fixed = specDigests(plan.spec);
  const { findings, notes } = verifyAsked(plan, seal);
  findings.push(...verifyFields(plan, { status, seal, fixed }));
  const journal = verifyJournal(status.journal ?? [], journalRoot(plan, fixed), seal);
  // A journal that does not link to the spec any more, because the spec was changed, is that one fault.
  const isSame = journal?.code === "EntryUnlinked" && findings.some(({ code }) => code === "SpecChanged");
  return { findings: [...findings, ...(journal && !isSame ? [journal] : [])].map(of), notes, seal: good };
}

type Sealed = { status: PlanStatus; seal: PlanSeal; fixed: Digests };

function verifyFields(plan: CanaryPlan, { status, seal, fixed }: Sealed): Array<Omit<Finding, "plan">> {
  const now = fieldDigests(plan, status, fixed);
  const findings: Array<Omit<Finding, "plan">> = [];
  const name = nameOf(plan);
  for (const path of new Set([...Object.keys(seal.fields), ...Object.keys(now)])) {
    if (seal.fields[path] === now[path]) continue;
    const how = seal.fields[path] === undefined ? "was added" : now[path] === undefined ? "was removed" : "was changed";
    const code = path.startsWith("spec.") ? "SpecChanged" : "StatusChanged";
    findings.push({ code, message: `${path} of ${name} ${how} after it was sealed` });
  }
  return findings;
}

/** Clocks of webhook and worker may differ so far. */
const apartMs = 60_000;

/**
 * What people ask of a plan stays open after its end, so what differs from the sealed copy is no fault by itself: it was taken back, or asked too late. But
 * nobody can have asked before the end without the seal knowing.
 */
function verifyAsked(plan: CanaryPlan, seal: PlanSeal): { findings: Array<Omit<Finding, "plan">>; notes: string[] } {
  const findings: Array<Omit<Finding, "plan">> = [];
  const notes: string[] = [];
  const now: Record<string, string | undefined> = askedOf(plan.spec);
  for (const field of new Set([...Object.keys(seal.asked), ...Object.keys(now)])) {
    const [sealed, stands] = [seal.asked[field], now[field]];
    if (sealed === stands) continue;
    const path = `spec.control.${field} of ${nameOf(plan)}`;
    const { by, at } = (plan.spec.control as Record<string, Stamp | undefined>)[field] ?? {};
    const counted = sealed === undefined ? "nothing of the kind was sealed" : `what was sealed is ${sealed}`;
    if (stands === undefined) notes.push(`${path} was taken back after the end; ${counted}`);
    else if (isLater({ by, at }, sealed, seal))
      notes.push(`${path} was asked for after the end, by ${by ?? "nobody who is known"}: it had no effect; ${counted}`);
    else findings.push({ code: "ControlForged", message: `${path} says by ${by} at ${at}, and ${counted}` });
  }
  return { findings, notes };
}

/** Whether it can have been asked after the end: not stamped before it, nor before the stamp that was sealed. The webhook stamps who and when, or neither. */
function isLater({ by, at }: Stamp, sealed: string | undefined, seal: PlanSeal): boolean {
  if (at === undefined) return by === undefined;
  const before = sealed === undefined ? undefined : (JSON.parse(sealed) as Stamp).at;
  return Date.parse(at) > Date.parse(seal.at) - apartMs && (before === undefined || Date.parse(at) > Date.parse(before));
}

type Stamp = { by?: string | undefined; at?: string | undefined };
