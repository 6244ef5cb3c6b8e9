import type { LackReason } from "../sidecars/reasons.ts";
import type { JsonPatchOperation } from "./jsonPatch.ts";
import type { ReasonCode, Words } from "./reasons.ts";

/** What admission did to a request. */
export type Decision =
  | "Untouched"
  /** Becomes a canary. */
  | "Held"
  | "StayedHeld"
  | "Approved"
  /** Under the user's own pause: what served before is remembered. */
  | "Remembered"
  /** Let through in a namespace that enforces, with the mark that we were asked. */
  | "Seen"
  /** Marks that mean nothing here were removed. */
  | "Stripped"
  /** Rolls out without a canary. */
  | "Bypassed"
  /** The note of a change that was let through and is not on record yet was put back. */
  | "NoteKept"
  | "Denied"
  | "Stamped"
  | "SplitKept"
  /** The worker's own change, made by admission so that it owns nothing. */
  | "Carried"
  /** A pod got what policies ask for. */
  | "Equipped"
  /** A pod lacks something that policies ask for, and is made all the same. */
  | "Lacking"
  | "Errored";

/** An answer to one admission request. Made by the four constructors below and by nobody else. */
export interface Admission {
  allowed: boolean;
  decision: Decision;
  reason: ReasonCode;
  message: string;
  /** HTTP status of a refusal. */
  code?: number;
  operations: JsonPatchOperation[];
  /** Shown to the user by kubectl, at most 120 characters each. */
  warnings: string[];
  /** For the audit log of kube-apiserver, which puts the webhook's name in front of each key. */
  auditAnnotations: Record<string, string>;
  /** Of a pod: for each thing that a policy asks for whether it was added, or why not. For the counters. */
  findings?: ReadonlyArray<LackReason | "Added">;
}

/** What an answer is about, for the audit log. */
export interface Subject {
  plan?: string | undefined;
  policy?: string | undefined;
  /** What a pod lacks, in words. */
  lacks?: string | undefined;
}

/** kubectl cuts long warnings, and the API server cuts all of them together at 4 KiB. */
const longestWarning = 120;

/** Nothing is changed. Untouched requests leave no trace in the audit log: they are the ones that no policy is for. */
export function allowed(words: Words): Admission {
  return { allowed: true, operations: [], ...told("Untouched", words, {}) };
}

export function patched(
  decision: Exclude<Decision, "Untouched" | "Denied" | "Errored">,
  words: Words,
  operations: JsonPatchOperation[],
  subject: Subject = {},
): Admission {
  return { allowed: true, operations, ...told(decision, words, subject) };
}

export function denied(words: Words, subject: Subject = {}): Admission {
  return { allowed: false, code: 403, operations: [], ...told("Denied", words, subject) };
}

/** We could not decide: our bug (500) or a review that kube-apiserver would not send (400). */
export function errored(code: number, words: Words): Admission {
  return { allowed: false, code, operations: [], ...told("Errored", words, {}) };
}

function told(decision: Decision, words: Words, subject: Subject): Omit<Admission, "allowed" | "operations" | "code"> {
  // A refusal is shown to the user as the error itself; saying it twice helps nobody.
  const isError = decision === "Denied" || decision === "Errored";
  return {
    decision,
    reason: words.reason,
    message: words.message,
    warnings: isError ? [] : words.warnings.map((line) => cut(`serin: ${line}`)),
    auditAnnotations: decision === "Untouched" ? {} : auditAnnotations(decision, words, subject),
  };
}

const auditAnnotations = (decision: Decision, { reason }: Words, { plan, policy, lacks }: Subject): Record<string, string> => ({
  decision,
  reason,
  ...(plan === undefined ? {} : { plan }),
  ...(policy === undefined ? {} : { policy }),
  ...(lacks === undefined ? {} : { lacks }),
});

const cut = (line: string): string => (line.length <= longestWarning ? line : `${line.slice(0, longestWarning - 1)}…`);
