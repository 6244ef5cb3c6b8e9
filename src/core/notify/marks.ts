/*
 * What was told already, so that a new leader tells nothing twice: for each plan and receiver the number of the last journal entry that is done with
 * (delivered or given up). Entries older than the time that a receiver is asked again for are told to nobody any more, so marks of that age mean nothing.
 */

/** By plan and receiver, see `markKey`. */
export type Marks = Map<string, Mark>;
export interface Mark {
  seq: number;
  /** When it was made. Milliseconds since the epoch. */
  at: number;
}

export const markKey = (planUid: string, receiver: string): string => `${planUid}/${receiver}`;

/** So many, the newest ones: 60 bytes each, and no more than a ConfigMap takes. */
export const mostMarks = 2_000;

/** Marks as they are stored. What is none is overlooked: the worst that follows is that something is told twice. */
export function parseMarks(text: string | undefined): Marks {
  const marks: Marks = new Map();
  for (const line of (text ?? "").split("\n")) {
    const [key = "", seq, at] = line.split(" ");
    const mark = { seq: Number(seq), at: Number(at) };
    if (key !== "" && Number.isSafeInteger(mark.seq) && Number.isSafeInteger(mark.at)) marks.set(key, mark);
  }
  return marks;
}

export const formatMarks = (marks: Marks): string => [...marks].map(([key, { seq, at }]) => `${key} ${seq} ${at}`).join("\n");

/** Both together, without what was marked before `since` (milliseconds since the epoch). */
export function mergeMarks(ours: Marks, theirs: Marks, since: number): Marks {
  const merged: Marks = new Map(theirs);
  for (const [key, mark] of ours) if (mark.seq >= (merged.get(key)?.seq ?? 0)) merged.set(key, mark);
  const kept = [...merged].filter(([, { at }]) => at >= since).sort(([, a], [, b]) => a.at - b.at);
  return new Map(kept.slice(-mostMarks));
}
