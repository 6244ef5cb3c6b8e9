import { hash } from "node:crypto";
import type { CanaryPlan, JournalEntry } from "../../api/plan.ts";
import { canonicalJson } from "../../api/template.ts";
import { type Digests, specDigests } from "./fields.ts";

/*
 * The journal of a plan is a chain: the hash of each entry goes over the hash of the entry before, the first over what the plan is.
 *
 *   root = H(uid, namespace, name, spec)  ◀─ entry 1 ◀─ entry 2 ◀─ … ◀─ entry n = head, which the seal signs
 *
 * The list is bounded. What no longer fits is left out after the first twenty entries; one entry stands there for all of them, with the hash of the
 * last: the next one links to it as if nothing was missing, and the seal covers that entry like all others.
 */

/** As the CRD has it. The first entries tell how it began, the last ones how it ends. */
export const journalLimit = 200;
const firstOnes = 20;

/** What the first entry links to: whose journal it is. */
export const journalRoot = ({ metadata, spec }: Pick<CanaryPlan, "metadata" | "spec">, fixed: Digests = specDigests(spec)): string =>
  sha256(`serin journal v1\n${canonicalJson({ ...identityOf(metadata), spec: fixed })}`);

const identityOf = ({ uid, namespace, name }: CanaryPlan["metadata"]) => ({ uid, namespace, name });

/** The hash of an entry behind the one with this hash. */
export const entryHash = (before: string, entry: JournalEntry): string => sha256(`${before}\n${contentOf(entry)}`);

/** Eight characters that tell one entry from another, wherever it stands. */
export const entryMark = (entry: JournalEntry): string => sha256(contentOf(entry)).slice(0, 8);

/** What vouches for the entry that stands for others: its own hash is that of the last of those. Empty when nothing is left out. */
export function leftMark(journal: readonly JournalEntry[] | undefined): string {
  const left = (journal ?? []).flatMap((entry, index) => (entry.left === undefined ? [] : [`${index} ${contentOf(entry)}`]));
  return left.length === 0 ? "" : sha256(left.join("\n"));
}

/** The hash of the last entry; the root while there is none. */
export const headOf = (journal: readonly JournalEntry[] | undefined, root: () => string): string => journal?.at(-1)?.hash ?? root();

/** How many entries were ever made. */
export const entriesOf = (journal: readonly JournalEntry[] | undefined): number =>
  (journal ?? []).reduce((sum, { left }) => sum + (left ?? 1), 0);

/** The journal with one entry more, and within its bound. The root is only asked for when it is the first. */
export function appended(journal: readonly JournalEntry[] | undefined, entry: JournalEntry, root: () => string): JournalEntry[] {
  return bounded([...(journal ?? []), { ...entry, hash: entryHash(headOf(journal, root), entry) }]);
}

function bounded(journal: JournalEntry[]): JournalEntry[] {
  if (journal.length <= journalLimit) return journal;
  const kept = journal.length - (journalLimit - firstOnes - 1);
  const out = journal.slice(firstOnes, kept);
  const [first, last] = [out[0], out.at(-1)];
  if (!first || !last) return journal;
  const left = entriesOf(out);
  const since = first.left === undefined ? first.at : (sinceOf(first) ?? first.at);
  const summary: JournalEntry = {
    at: last.at,
    reason: "EntriesLeftOut",
    message: `${left} entries from ${since} to ${last.at} are left out here`,
    left,
    ...(last.hash === undefined ? {} : { hash: last.hash }),
  };
  return [...journal.slice(0, firstOnes), summary, ...journal.slice(kept)];
}

const sinceOf = ({ message }: JournalEntry): string | undefined => / from (\S+) to /.exec(message)?.[1];

/** The first entry that does not link to the one before; undefined when all do. */
export function firstUnlinked(journal: readonly JournalEntry[], root: string): number | undefined {
  let before = root;
  for (const [index, entry] of journal.entries()) {
    // What is left out can't be hashed again: its hash is believed because the next entry, and the seal, were made over it.
    const linked = entry.left === undefined ? entry.hash === entryHash(before, entry) : entry.hash !== undefined;
    if (!linked) return index;
    before = entry.hash ?? "";
  }
  return undefined;
}

const contentOf = ({ at, reason, message, left }: JournalEntry): string => canonicalJson({ at, left, message, reason });

const sha256 = (text: string): string => hash("sha256", text, "hex");
