import type { AuditHeads } from "../../api/seal.ts";
import { areSigned } from "./heads.ts";
import type { TrustedKey } from "./publicKeys.ts";
import { countOf, joined, parseRanges, type Range, rangeOf } from "./ranges.ts";
import type { Finding } from "./reasons.ts";
import { genesis } from "./sealPlan.ts";
import type { GoodSeal } from "./verifyPlan.ts";

export interface ChainToVerify {
  seals: readonly GoodSeal[];
  /** Numbers of seals that are there and no good. */
  bad: ReadonlySet<number>;
  /** Undefined: there are none. */
  heads: AuditHeads | undefined;
  keys: ReadonlyMap<string, TrustedKey>;
  /** Whether plans of all namespaces were read; else what is missing may be elsewhere. */
  complete: boolean;
  /** `namespace/name` of plans that are there and still live. */
  live: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  now: number;
  /** Times of breaks that count as looked into. */
  acceptedBreaks: readonly string[];
}

export interface VerifiedChain {
  findings: Finding[];
  notes: string[];
}

/** The worker names a seal a moment before the plan carries it; so long it may take, a crash and a new leader included. */
const momentMs = 60_000;

/** What only shows between the seals: one that is missing, doubled, out of its place, and an end that was cut off. */
export function verifyChain(chain: ChainToVerify): VerifiedChain {
  const sorted = [...chain.seals].sort((a, b) => a.number - b.number);
  const gone = goneRanges(chain);
  const ends = chain.complete || chain.heads ? verifyHeads(chain, sorted, gone) : { findings: [], notes: [] };
  return {
    findings: [
      ...repeated(sorted),
      ...links(sorted),
      ...olderKeys(sorted),
      ...(chain.complete ? missing(chain, sorted, gone) : []),
      ...ends.findings,
    ],
    notes: [...notesOf(chain), ...ends.notes],
  };
}

const repeated = (sorted: readonly GoodSeal[]): Finding[] =>
  pairs(sorted)
    .filter(([a, b]) => a.number === b.number)
    .map(([a, b]) => ({
      code: "SealRepeated",
      plan: b.plan,
      seal: b.number,
      message: `seal ${a.number} is there twice: ${a.plan} and ${b.plan}`,
    }));

function links(sorted: readonly GoodSeal[]): Finding[] {
  const broken = pairs(sorted)
    .filter(([a, b]) => b.number === a.number + 1 && b.prev !== a.hash)
    .map(([a, b]): Finding => {
      const message = `seal ${b.number} (${b.plan}) does not link to the seal ${a.number} that is there (${a.plan}): one of the two was made anew`;
      return { code: "ChainBroken", plan: b.plan, seal: b.number, message };
    });
  const first = sorted[0];
  if (first?.number === 1 && first.prev !== genesis.hash)
    broken.unshift({
      code: "ChainBroken",
      plan: first.plan,
      seal: 1,
      message: `seal 1 (${first.plan}) links to a seal before it, and there is none`,
    });
  return broken;
}

function olderKeys(sorted: readonly GoodSeal[]): Finding[] {
  let latest: GoodSeal | undefined;
  return sorted.flatMap((seal): Finding[] => {
    const before = latest;
    if (!latest || seal.order > latest.order) latest = seal;
    if (!before || seal.order >= before.order) return [];
    const message = `seal ${seal.number} (${seal.plan}) is signed by an older key than seal ${before.number} before it`;
    return [{ code: "OlderKey", plan: seal.plan, seal: seal.number, message }];
  });
}

/** Runs of numbers that nobody has, up to the newest seal that is there. */
function missing({ bad }: ChainToVerify, sorted: readonly GoodSeal[], gone: readonly Range[]): Finding[] {
  const findings: Finding[] = [];
  let expected = 1;
  let before: GoodSeal | undefined;
  for (const seal of sorted) {
    const run = unaccounted(expected, seal.number - 1, bad, gone);
    if (run.length > 0) {
      const after = before ? `after ${before.plan} (seal ${before.number}, ${before.at}) and ` : "";
      const message = `${sealsInWords(run)} missing: ${run.length > 1 ? "their plans were" : "its plan was"} dropped, sealed ${after}before ${seal.plan} (seal ${seal.number}, ${seal.at})`;
      findings.push({ code: "SealMissing", seal: run[0] ?? 0, message });
    }
    expected = Math.max(expected, seal.number + 1);
    before = seal;
  }
  return findings;
}

function unaccounted(from: number, to: number, bad: ReadonlySet<number>, gone: readonly Range[]): number[] {
  const numbers: number[] = [];
  for (let number = from; number <= to; number += 1) {
    const range = rangeOf(gone, number);
    if (range) number = range[1];
    else if (!bad.has(number)) numbers.push(number);
    // Enough to name; a chain that was faked from afar must not cost minutes.
    if (numbers.length >= 1_000) break;
  }
  return numbers;
}

function verifyHeads(chain: ChainToVerify, sorted: readonly GoodSeal[], gone: readonly Range[]): VerifiedChain {
  const { heads, keys, bad, live, now, complete } = chain;
  const newest = sorted.at(-1);
  if (!heads) {
    const message = `there are ${sorted.length} seals, and the ConfigMap serin-audit-heads does not say where their chain ends: what was cut at the end can't be told`;
    return { findings: newest || bad.size > 0 ? [{ code: "HeadsMissing", message }] : [], notes: [] };
  }
  if (!areSigned(heads, keys)) {
    const message = keys.has(heads.key)
      ? `the heads don't have the signature of key ${heads.key}: they were changed`
      : `the heads are signed by key ${heads.key}, which is none of Serin's`;
    return { findings: [{ code: "HeadsForged", message }], notes: [] };
  }
  const findings: Finding[] = heads.lost
    .filter(({ at }) => !chain.acceptedBreaks.includes(at))
    .map(({ at, number }) => ({
      code: "HeadsLost",
      seal: number,
      message: `${breakInWords(at, number)}; once you have looked into it: --accept-break ${at}`,
    }));
  const { head } = heads;
  const whose = `${head.plan.namespace}/${head.plan.name}`;
  if (newest && newest.number > head.number) {
    findings.push({
      code: "HeadsBehind",
      seal: head.number,
      message: `the heads end with seal ${head.number} of ${head.at}, and ${newest.plan} has seal ${newest.number}: they were set back`,
    });
    return { findings, notes: [] };
  }
  const named = sorted.find(({ number }) => number === head.number);
  if (named && named.hash !== head.hash)
    findings.push({
      code: "HeadsDiffer",
      plan: named.plan,
      seal: head.number,
      message: `seal ${head.number} of ${named.plan} is not the one that the heads name: it was made anew`,
    });
  const run = complete ? unaccounted((newest?.number ?? 0) + 1, head.number, bad, gone) : [];
  if (run.length === 0) return { findings, notes: [] };
  if (run.length === 1 && live.has(whose) && now - Date.parse(head.at) < momentMs)
    return { findings, notes: [`seal ${head.number} of ${whose} is being written`] };
  findings.push({
    code: "NewestCut",
    plan: whose,
    seal: run[0] ?? 0,
    message: `${sealsInWords(run)} missing at the end of the chain; the newest, ${head.number} of ${head.at}, was of ${whose}`,
  });
  return { findings, notes: [] };
}

/** Numbers that the heads say have no plan any more. Heads that are not signed say nothing. */
function goneRanges({ heads, keys }: ChainToVerify): Range[] {
  if (!heads || !areSigned(heads, keys)) return [];
  return joined([heads.pruned, heads.deleted, heads.voided].flatMap((text) => parseRanges(text) ?? []));
}

function notesOf({ heads, seals, keys, acceptedBreaks }: ChainToVerify): string[] {
  if (!heads) return [];
  const accepted = areSigned(heads, keys) ? heads.lost.filter(({ at }) => acceptedBreaks.includes(at)) : [];
  const there = new Set(seals.map(({ number }) => number));
  const count = (text: string) => countOf(parseRanges(text) ?? []);
  const voided = (parseRanges(heads.voided) ?? []).filter(([first]) => !there.has(first));
  return [
    ...(heads.pruned === "" ? [] : [`${count(heads.pruned)} finished plans were removed by their policy's history: seals ${heads.pruned}`]),
    ...(heads.deleted === ""
      ? []
      : [`${count(heads.deleted)} plans were deleted by somebody while they held their Deployment: seals ${heads.deleted}`]),
    ...accepted.map(({ at, number }) => `a break was accepted by --accept-break: ${breakInWords(at, number)}`),
    ...(voided.length === 0 ? [] : [`a crash left the seals ${heads.voided} without a plan; the plans got later ones`]),
  ];
}

const breakInWords = (at: string, number: number): string =>
  `at ${at} the worker found the heads gone or set back; it went on from seal ${number}, and what was cut before can't be told`;

const sealsInWords = (numbers: readonly number[]): string => {
  const [first = 0, last = first] = [numbers[0], numbers.at(-1)];
  return numbers.length > 1 ? `seals ${first} to ${last} are` : `seal ${first} is`;
};

const pairs = (sorted: readonly GoodSeal[]): Array<[GoodSeal, GoodSeal]> =>
  sorted.slice(1).map((seal, index) => [sorted[index] as GoodSeal, seal]);
