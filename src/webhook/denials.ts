import { createHash } from "node:crypto";
import { apiVersion, fieldManager } from "../api/names.ts";
import type { Admission } from "../core/admission/admission.ts";
import { oneLine } from "../core/audit/escape.ts";
import { isAlreadyExists } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import type { Review } from "./parseReview.ts";

/*
 * What was refused, as an Event for those who look later or aren't the one who asked. No review waits for it: it is noted after the answer, written by a
 * timer, one at a time, and given up rather than piled up. A tool that asks again and again makes two Events a minute, and a crowd of them `burst` at once
 * and one each `paceMs`. It may only create Events, so a repetition is a new one that says how often.
 */
export interface Denials {
  /** Notes one refused review. Never throws, never waits. */
  note(review: Review, admission: Admission): void;
  stop(): void;
}

export interface DenialsOptions {
  client: Pick<Client, "create">;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Name of this process. */
  instance: string;
  /** Told for each refusal once it is `written` (alone or counted in another's), `dropped` for want of room, or `failed`. */
  counted(outcome: "written" | "dropped" | "failed"): void;
}

/** Subjects known at the same time; what is beyond is dropped. Some 1 KiB each. */
const room = 128;
/** How long the same refusal is only counted, milliseconds. */
const quietMs = 60_000;
const burst = 10;
/** Milliseconds until one more may be written. */
const paceMs = 3_000;

/** What an Event says; nothing of the reviewed objects, of which each may have megabytes. */
interface Told {
  /** Uid of the latest review that it tells of. */
  request: string;
  regarding: { apiVersion: string; kind: string; namespace: string; name: string; uid?: string };
  user: string;
  reason: string;
  message: string;
  plan: string | undefined;
}

interface Noted extends Told {
  /** Refusals that no Event tells of yet. */
  count: number;
  /** When the first of them was, milliseconds since the epoch. */
  since: number;
  /** Not written before; 0: at once. */
  notBefore: number;
}

const regarded: Record<string, { apiVersion: string; kind: string }> = {
  "apps/Deployment": { apiVersion: "apps/v1", kind: "Deployment" },
  "serin.dev/CanaryPlan": { apiVersion, kind: "CanaryPlan" },
};

export function denials({ client, now, instance, counted }: DenialsOptions): Denials {
  const noted = new Map<string, Noted>();
  let tokens = burst;
  let refilledAt = now();
  let timer: NodeJS.Timeout | undefined;

  const refill = (at: number) => {
    const more = Math.floor((at - refilledAt) / paceMs);
    if (more <= 0) return;
    tokens = Math.min(burst, tokens + more);
    refilledAt += more * paceMs;
  };
  let isWriting = false;
  const wake = (inMs: number) => {
    if (isWriting) return;
    clearTimeout(timer);
    timer = setTimeout(() => void turn(), inMs).unref();
  };
  /** Writes what is due, then sleeps until the next may be. */
  const turn = async (): Promise<void> => {
    isWriting = true;
    for (const [key, one] of noted) {
      const at = now();
      refill(at);
      if (tokens === 0) break;
      if (at < one.notBefore) continue;
      if (one.count === 0) {
        noted.delete(key);
        continue;
      }
      const { count } = one;
      tokens -= 1;
      Object.assign(one, { count: 0, notBefore: at + quietMs });
      const outcome = await write(client, { ...one, count }, at, instance);
      for (let each = 0; each < count; each += 1) counted(outcome);
    }
    isWriting = false;
    const next = Math.min(...[...noted.values()].map(({ notBefore }) => notBefore));
    if (noted.size > 0) wake(Math.max(tokens === 0 ? paceMs : 0, next - now()));
  };

  return {
    note(review, admission) {
      if (admission.decision !== "Denied" || review.asking.dryRun || regarded[review.kind] === undefined) return;
      const told = toldOf(review, admission);
      const key = JSON.stringify([told.regarding.kind, told.regarding.namespace, told.regarding.name, told.user, told.reason]);
      const before = noted.get(key);
      if (before === undefined && noted.size >= room) {
        counted("dropped");
        return;
      }
      const isFirst = before === undefined || before.count === 0;
      noted.set(key, {
        ...told,
        count: (before?.count ?? 0) + 1,
        since: isFirst ? now() : before.since,
        notBefore: before?.notBefore ?? 0,
      });
      if (before === undefined) wake(0);
    },
    stop() {
      clearTimeout(timer);
      noted.clear();
    },
  };
}

function toldOf({ uid: request, kind, asking, oldObject }: Review, { reason, message, auditAnnotations }: Admission): Told {
  const { namespace, name } = asking;
  const { uid } = (oldObject as { metadata?: { uid?: string } } | undefined)?.metadata ?? {};
  const regarding = { apiVersion: "", kind: "", ...regarded[kind], namespace, name, ...(uid === undefined ? {} : { uid }) };
  const short = { user: oneLine(asking.user, 200), message: oneLine(message, 1024) };
  return { request, regarding, ...short, reason, plan: auditAnnotations["plan"] };
}

async function write(client: DenialsOptions["client"], noted: Noted, at: number, instance: string): Promise<"written" | "failed"> {
  const { request, regarding, user, reason, message, plan, count, since } = noted;
  const { namespace, name } = regarding;
  const often = count === 1 ? "" : ` (${count} times since ${new Date(since).toISOString()})`;
  const hash = createHash("sha256").update(request).digest("hex").slice(0, 12);
  const event = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: `${name.slice(0, 230)}.${hash}`, namespace },
    eventTime: new Date(at).toISOString().replace("Z", "000Z"),
    reportingController: "serin.dev/webhook",
    reportingInstance: instance.slice(0, 128),
    action: "Admission",
    reason,
    note: oneLine(`refused to ${user}${often}: ${message}`, 1024),
    type: "Warning",
    regarding,
    ...(plan === undefined || regarding.kind === "CanaryPlan"
      ? {}
      : { related: { apiVersion, kind: "CanaryPlan", namespace, name: plan } }),
  };
  try {
    await client.create<KubeObject>(resources.events, event as unknown as KubeObject, { fieldManager });
    return "written";
  } catch (error) {
    return isAlreadyExists(error) ? "written" : "failed";
  }
}
