import type { CanaryPlan, JournalEntry } from "../../api/plan.ts";
import type { PlanSeal } from "../../api/seal.ts";
import { entryMark, firstUnlinked, headOf, journalRoot, leftMark } from "./journal.ts";
import type { Finding } from "./reasons.ts";

type Found = Pick<Finding, "code" | "message" | "entry">;

/** What is wrong with a journal that nobody has sealed yet: only its links tell. */
export function verifyLinks(plan: CanaryPlan): Found | undefined {
  const journal = plan.status?.journal ?? [];
  const index = firstUnlinked(journal, journalRoot(plan));
  if (index === undefined) return undefined;
  const what =
    index === 0
      ? "does not link to this plan's spec: one of the two was changed"
      : `does not link to entry ${index}: one of the two was changed, or something between them cut`;
  return { code: "EntryUnlinked", entry: index + 1, message: `entry ${index + 1} (${inShort(journal[index])}) ${what}` };
}

/**
 * The first thing that is wrong with a sealed journal. The chain finds that there is something; the marks in the seal then say what, and where it begins,
 * also when somebody has hashed everything anew.
 */
export function verifyJournal(journal: readonly JournalEntry[], root: string, seal: PlanSeal): Found | undefined {
  const unlinked = firstUnlinked(journal, root);
  const isWhole = journal.length === seal.marks.length / 8 && leftMark(journal) === seal.left;
  if (unlinked === undefined && isWhole && headOf(journal, () => root) === seal.head) return undefined;
  return byMarks(journal, seal) ?? onlyHashes(journal, unlinked);
}

function byMarks(journal: readonly JournalEntry[], { marks }: PlanSeal): Found | undefined {
  const sealed: string[] = marks.match(/.{8}/g) ?? [];
  const now = journal.map(entryMark);
  const index = sealed.findIndex((mark, i) => mark !== now[i]);
  const difference = now.length - sealed.length;
  if (index < 0 && difference === 0) return undefined;
  // All that was sealed is there, and more behind it.
  const at = index < 0 ? sealed.length : index;
  const entry = at + 1;
  const here = journal[at];
  const told = (code: Found["code"], message: string): Found => ({ code, entry, message });
  if (here === undefined) {
    const first = `${sealed.length - now.length} of ${sealed.length} entries are cut off at the end, from entry ${entry} on`;
    return told("EntriesCut", first);
  }
  const mark = now[at] ?? "";
  const which = `entry ${entry} (${inShort(here)})`;
  if (difference > 0) {
    if (now.slice(0, at).includes(mark) || sealed.includes(mark))
      return told("EntryRepeated", `${which} is there more often than it was sealed`);
    return told("EntryAdded", `${which} was not there when the plan was sealed`);
  }
  if (difference < 0 && sealed.slice(at + 1).includes(mark))
    return told("EntryMissing", `entry ${entry} of ${sealed.length} is cut out; ${inShort(here)} stands in its place`);
  if (difference === 0 && sealed.includes(mark))
    return told(now.includes(sealed[at] ?? "") ? "EntryMoved" : "EntryRepeated", `${which} stood in another place`);
  return told("EntryChanged", `${which} is not what was sealed`);
}

/** Every entry says what it said: somebody has changed hashes, or what the first of them goes over. */
function onlyHashes(journal: readonly JournalEntry[], unlinked: number | undefined): Found | undefined {
  if (unlinked === undefined)
    return { code: "EntryUnlinked", entry: Math.max(1, journal.length), message: "the journal's hashes are not those that were sealed" };
  const what = `the hash of entry ${unlinked + 1} (${inShort(journal[unlinked])}) was changed`;
  return { code: "EntryUnlinked", entry: unlinked + 1, message: unlinked === 0 ? `${what}, or the plan's spec` : what };
}

const inShort = (entry: JournalEntry | undefined): string => `${entry?.reason} at ${entry?.at}`;
