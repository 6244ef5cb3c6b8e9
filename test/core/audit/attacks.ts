import type { CanaryPlan, JournalEntry } from "../../../src/api/plan.ts";
import { canonicalJson } from "../../../src/api/template.ts";
import { entryHash, journalRoot } from "../../../src/core/audit/journal.ts";
import { publicKeyRecord } from "../../../src/core/audit/publicKeys.ts";
import type { FindingCode } from "../../../src/core/audit/reasons.ts";
import { sealHash, sealPlan } from "../../../src/core/audit/sealPlan.ts";
import { type Dice, type History, type MadeKey, makeKey, sealOf } from "./history.ts";

/** What an attack did, and what an auditor must read about it. */
export interface Done {
  codes: readonly FindingCode[];
  plan?: string;
  seal?: number;
  entry?: number;
}

export type Attack = (history: History, dice: Dice) => Done;

const finished = ({ plans }: History): CanaryPlan[] => plans.filter(({ status }) => status?.seal !== undefined);
const journalOf = (plan: CanaryPlan): JournalEntry[] => plan.status?.journal ?? [];
const nameOf = ({ metadata }: CanaryPlan): string => `${metadata.namespace}/${metadata.name}`;

/** As somebody would who knows how the hashes are made. */
function rehash(plan: CanaryPlan): void {
  let before = journalRoot(plan);
  for (const entry of journalOf(plan)) {
    if (entry.left === undefined) entry.hash = entryHash(before, entry);
    before = entry.hash ?? "";
  }
}

const entryAttack =
  (codes: readonly FindingCode[], change: (journal: JournalEntry[], index: number, dice: Dice) => number): Attack =>
  (history, dice) => {
    const plan = dice.pick(finished(history));
    const journal = journalOf(plan);
    const entry = change(journal, dice.roll(journal.length - 2), dice) + 1;
    if (dice.roll(2) === 0) rehash(plan);
    return { codes, plan: nameOf(plan), seal: sealOf(plan).number, entry };
  };

/** Seals the plan anew with this key, in its old place. */
function resign(plan: CanaryPlan, key: MadeKey): void {
  const seal = sealOf(plan);
  const { seal: _, ...status } = plan.status as NonNullable<CanaryPlan["status"]>;
  const anew = sealPlan(plan, status, { before: { number: seal.number - 1, hash: seal.prev }, key, at: seal.at });
  if (plan.status) plan.status.seal = anew;
}

export const attacks: Record<string, Attack> = {
  "an entry is edited": entryAttack(["EntryChanged"], (journal, index) => {
    const entry = journal[index];
    if (entry) entry.message = `${entry.message}, or so`;
    return index;
  }),
  "an entry's time is edited": entryAttack(["EntryChanged"], (journal, index) => {
    const entry = journal[index];
    if (entry) entry.at = "2020-01-01T00:00:00.000Z";
    return index;
  }),
  "an entry is deleted": entryAttack(["EntryMissing"], (journal, index) => {
    journal.splice(index, 1);
    return index;
  }),
  "a journal is truncated": entryAttack(["EntriesCut"], (journal, index) => {
    journal.splice(index + 1);
    return index + 1;
  }),
  "entries are reordered": entryAttack(["EntryMoved"], (journal, index) => {
    const [one, other] = [journal[index] as JournalEntry, journal[index + 1] as JournalEntry];
    journal.splice(index, 2, other, one);
    return index;
  }),
  "an entry is duplicated": entryAttack(["EntryRepeated"], (journal, index) => {
    journal.splice(index + 1, 0, { ...(journal[index] as JournalEntry) });
    return index + 1;
  }),
  "an entry is invented": entryAttack(["EntryAdded"], (journal, index) => {
    journal.splice(index, 0, { at: "2026-01-01T00:00:00.000Z", reason: "Approved", message: "step 2 approved by mallory" });
    return index;
  }),
  "an entry is passed off as standing for one that was left out": entryAttack(["EntryChanged"], (journal, index) => {
    const entry = journal[index];
    if (entry) Object.assign(entry, { message: "nothing to see here", left: 1 });
    return index;
  }),
  "the hashes are edited": (history, dice) => {
    const plan = dice.pick(finished(history));
    const index = dice.roll(journalOf(plan).length);
    const entry = journalOf(plan)[index];
    if (entry) entry.hash = "0".repeat(64);
    return { codes: ["EntryUnlinked"], plan: nameOf(plan), seal: sealOf(plan).number };
  },
  "the outcome is edited": (history, dice) => {
    const plan = dice.pick(finished(history));
    if (plan.status) plan.status.phase = plan.status.phase === "Promoted" ? "RolledBack" : "Promoted";
    return { codes: ["StatusChanged"], plan: nameOf(plan), seal: sealOf(plan).number };
  },
  "an intent is forged: somebody else asked": (history, dice) => {
    const plan = dice.pick(finished(history));
    plan.spec.request = {
      ...(plan.spec.request ?? { uid: "x", groups: [], operation: "UPDATE", at: "2026-01-01T00:00:00Z" }),
      user: "mallory",
    };
    if (dice.roll(2) === 0) rehash(plan);
    return { codes: ["SpecChanged"], plan: nameOf(plan), seal: sealOf(plan).number };
  },
  "a control stamp is forged": (history, dice) => {
    const plan = dice.pick(finished(history));
    plan.spec.control[dice.pick(["hold", "abort"] as const)] = { by: "mallory", at: "2020-01-01T00:00:00.000Z" };
    return { codes: ["ControlForged"], plan: nameOf(plan), seal: sealOf(plan).number };
  },
  "a control stamp is taken over": (history, dice) => {
    const plan = dice.pick(finished(history));
    const { promote } = plan.spec.control;
    if (promote) promote.by = "mallory";
    else plan.spec.control.approve = { step: 1, by: "mallory", at: "2020-01-01T00:00:00.000Z" };
    return { codes: ["ControlForged"], plan: nameOf(plan), seal: sealOf(plan).number };
  },
  "a plan is edited and signed with another key": (history, dice) => {
    const plan = dice.pick(finished(history));
    plan.spec.canary.images = ["mallory:1"];
    rehash(plan);
    resign(plan, makeKey("2026-01-01T00:00:00.000Z"));
    return { codes: ["KeyUnknown"], plan: nameOf(plan), seal: sealOf(plan).number };
  },
  "another key is published, too": (history, dice) => {
    const plan = dice.pick(finished(history));
    const key = makeKey("2027-01-01T00:00:00.000Z");
    plan.spec.canary.images = ["mallory:1"];
    rehash(plan);
    resign(plan, key);
    history.keys.push(key);
    return { codes: ["KeyUnvouched", "KeyUnknown"], plan: nameOf(plan), seal: sealOf(plan).number };
  },
  "a plan is edited and signed with an older key": (history, dice) => {
    const [older, newer] = [makeKey("2025-01-01T00:00:00.000Z"), history.keys[0] as MadeKey];
    // The thief has the first key after it was replaced: it is put before all of this history's.
    const record = { ...newer.record };
    history.keys.unshift(older);
    history.keys[1] = { ...newer, record: vouched(record, older) };
    const plan = dice.pick(finished(history).slice(1));
    plan.spec.canary.images = ["mallory:1"];
    rehash(plan);
    resign(plan, older);
    return { codes: ["OlderKey"], plan: nameOf(plan), seal: sealOf(plan).number };
  },
  "a seal's signature is kept for another content": (history, dice) => {
    const plan = dice.pick(finished(history));
    sealOf(plan).outcome = "Bypassed!";
    return { codes: ["SealForged"], plan: nameOf(plan), seal: sealOf(plan).number };
  },
  "two plans are swapped": (history, dice) => {
    const [one, other] = twoOf(history, dice);
    const kept = one.status;
    Object.assign(one, { status: other.status });
    Object.assign(other, { status: kept });
    return { codes: ["SealOfAnother"], plan: nameOf(one) };
  },
  "a plan is copied under another name": (history, dice) => {
    const plan = dice.pick(finished(history));
    const copy = structuredClone(plan);
    copy.metadata.name = "copied";
    copy.metadata.uid = "copied";
    history.plans.push(copy);
    return { codes: ["SealOfAnother"], plan: nameOf(copy) };
  },
  "a plan is dropped": (history, dice) => {
    const plan = dice.pick(finished(history).slice(0, -1));
    history.plans.splice(history.plans.indexOf(plan), 1);
    return { codes: ["SealMissing"], seal: sealOf(plan).number };
  },
  "the newest are cut": (history, dice) => {
    const cut = finished(history).slice(-1 - dice.roll(3));
    for (const plan of cut) history.plans.splice(history.plans.indexOf(plan), 1);
    return { codes: ["NewestCut"], seal: sealOf(cut[0] as CanaryPlan).number };
  },
  "the newest are cut, and the heads set back by hand": (history) => {
    const cut = finished(history).at(-1) as CanaryPlan;
    history.plans.splice(history.plans.indexOf(cut), 1);
    const newest = sealOf(finished(history).at(-1) as CanaryPlan);
    const { plan, number, at } = newest;
    history.heads = { ...history.heads, head: { plan, number, at, hash: sealHash(newest) } };
    return { codes: ["HeadsForged"] };
  },
  "numbers are added to those that are gone": (history, dice) => {
    const plan = dice.pick(finished(history).slice(0, -1));
    history.plans.splice(history.plans.indexOf(plan), 1);
    history.heads = { ...history.heads, pruned: `${sealOf(plan).number}` };
    return { codes: ["HeadsForged", "SealMissing"] };
  },
  "a seal is taken off": (history, dice) => {
    const plan = dice.pick(finished(history));
    delete plan.status?.seal;
    return { codes: ["Unsealed"], plan: nameOf(plan) };
  },
  "a plan is invented": (history, dice) => {
    const plan = structuredClone(dice.pick(finished(history)));
    plan.metadata.uid = "invented";
    plan.metadata.name = "invented";
    delete plan.status?.seal;
    rehash(plan);
    history.plans.push(plan);
    return { codes: ["Unsealed"], plan: nameOf(plan) };
  },
};

function twoOf(history: History, dice: Dice): [CanaryPlan, CanaryPlan] {
  const all = finished(history);
  const first = dice.roll(all.length - 1);
  return [all[first] as CanaryPlan, all[first + 1] as CanaryPlan];
}

const vouched = ({ publicKey, at }: { publicKey: string; at: string }, before: MadeKey) => publicKeyRecord(publicKey, at, before);

/** Whether two histories say the same; an attack that changes nothing proves nothing. */
export const same = (a: History, b: History): boolean =>
  canonicalJson([a.plans, a.heads, a.keys.map(({ record }) => record)]) ===
  canonicalJson([b.plans, b.heads, b.keys.map(({ record }) => record)]);
