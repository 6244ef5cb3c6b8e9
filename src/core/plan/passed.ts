import { fitted } from "../../api/fit.ts";
import { apiVersion, labels } from "../../api/names.ts";
import type { Passage } from "../../api/passage.ts";
import { type CanaryPlan, planSpec, type Request } from "../../api/plan.ts";
import { bypassName, labelOf } from "../../api/planName.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { hashOf } from "../../api/template.ts";
import type { Action } from "./action.ts";
import type { Decision, Draft } from "./draft.ts";
import { finish } from "./promote.ts";
import type { PlanReason } from "./reasons.ts";
import type { Snapshot } from "./snapshot.ts";
import { readAgainMs } from "./unstamped.ts";

/*
 * Changes that were let through without a canary. A worker that sees one records it at once (`worker/bypass.ts`). What none has seen, because none was
 * running, is recorded here from the webhook's note; and a record that a crash left without its words gets them.
 */

/** So long a worker that saw the change, or that has just made its record, has for it. */
const graceMs = 10_000;

/** What is to be done about the note on a Deployment: it stays until the change is on record. */
export function tendNote(snapshot: Snapshot): Action[] {
  const { deployment } = snapshot;
  if (!deployment || noteDueIn(snapshot) !== 0) return [];
  const note = noteToRecord(snapshot);
  return note
    ? [{ kind: "createPlan", plan: recordOf(note, snapshot) }]
    : [{ kind: "clearPassage", resourceVersion: deployment.resourceVersion }];
}

/** @returns milliseconds until something is to be done about the note, 0 when it is; undefined when there is none */
export function noteDueIn(snapshot: Snapshot): number | undefined {
  const { deployment, passage, wall } = snapshot;
  if (!deployment?.carriesPassage || deployment.deleting) return undefined;
  if (passage === "unread") return readAgainMs;
  const note = noteToRecord(snapshot);
  return note ? Math.max(0, graceMs - Math.abs(wall - Date.parse(note.request.at))) : 0;
}

/**
 * Genuine, and on no record. One that is of a later state than the present one is of a change that never was. And where a later request is on record, which would
 * have carried this one on, the note is a copy that somebody kept.
 */
function noteToRecord({ passage, deployment, name, history, plannedRequests }: Snapshot): Passage | undefined {
  if (passage === undefined || passage === "unread" || passage.generation > (deployment?.generation ?? 0)) return undefined;
  const { request, uid, generation } = passage;
  const own = bypassName(name, uid, generation);
  // Two webhooks may have dated them.
  const isLater = (askedAt: string) => Date.parse(askedAt) > Date.parse(request.at) + graceMs;
  const isOver =
    plannedRequests.has(request.uid) ||
    history.some((plan) => plan.name === own || (plan.requestUid !== undefined && isLater(plan.askedAt)));
  return isOver ? undefined : passage;
}

function recordOf({ uid, generation, policy, before, asked, overwritten = [] }: Passage, snapshot: Snapshot): CanaryPlan {
  const { namespace, name, policy: known, plannedRequests } = snapshot;
  // Of one that was edited since, nobody knows what it said then.
  const isInForce = known?.metadata.uid === policy.uid && known.metadata.generation === policy.generation;
  const earlier = overwritten.filter((request) => !plannedRequests.has(request.uid));
  return passedPlan({ namespace, name, uid, generation, before, asked, policy: isInForce ? known : undefined, overwritten: earlier });
}

/** A change that was let through. */
export interface Passed {
  namespace: string;
  /** Name and uid of the Deployment, and its generation with the change. */
  name: string;
  uid: string;
  generation: number;
  before: { digest: string; images: readonly string[] };
  asked: { digest: string; images: readonly string[] };
  /** The policy that was in force; undefined when that is not known any more. */
  policy: CanaryPolicy | undefined;
  overwritten: readonly Request[];
}

/** Its record, to which the words are still to come. */
export function passedPlan({ namespace, name, uid, generation, before, asked, policy, overwritten }: Passed): CanaryPlan {
  const revision = ({ digest, images }: Passed["asked"]) => ({ hash: hashOf(digest), digest, images: [...images] });
  return {
    apiVersion,
    kind: "CanaryPlan",
    metadata: { name: bypassName(name, uid, generation), namespace, labels: { [labels.deployment]: labelOf(name) } },
    spec: fitted(planSpec, {
      deployment: { name, uid },
      stable: revision(before),
      canary: revision(asked),
      ...(policy === undefined
        ? {}
        : { policy: { name: policy.metadata.name, generation: policy.metadata.generation ?? 0, spec: policy.spec } }),
      ...(overwritten.length === 0 ? {} : { overwritten: [...overwritten] }),
      control: {},
    }),
  };
}

/** The words of a record: those of the note, if it is of this change; else plain ones. */
export function wordsOfRecord(plan: CanaryPlan, { passage, name, now, leaving }: Snapshot, draft: Draft): Decision {
  const grace = Date.parse(plan.metadata.creationTimestamp ?? "") + graceMs - now;
  // When Serin leaves, the keys are gone.
  const unread = passage === "unread" && !leaving ? readAgainMs : 0;
  const wakeAfter = grace > 0 ? grace : unread;
  if (wakeAfter > 0) return { status: undefined, actions: [], wakeAfter };
  const note =
    passage && passage !== "unread" && plan.metadata.name === bypassName(name, passage.uid, passage.generation) ? passage : undefined;
  delete draft.status.step;
  delete draft.status.weight;
  if (note) draft.status.request = note.request;
  draft.tell((note?.reason ?? "Bypassed") as PlanReason, note?.message ?? "the change reached the cluster without a canary", "Warning");
  finish(draft, plan, "Bypassed");
  return draft.decision();
}
