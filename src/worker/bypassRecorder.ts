import type { Log } from "../api/logLine.ts";
import type { Passage } from "../api/passage.ts";
import type { CanaryPlan, JournalEntry, PlanStatus } from "../api/plan.ts";
import { requestUidsOf } from "../api/planRequests.ts";
import type { SealKey } from "../core/admission/seal.ts";
import { appended, journalRoot } from "../core/audit/journal.ts";
import { readAgainMs } from "../core/plan/unstamped.ts";
import { isAlreadyExists } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import { resources } from "../kube/resources.ts";
import { writeEvent } from "./act/events.ts";
import { type Bypass, bypassOf, noteOf, recordOf } from "./bypass.ts";
import type { Caches } from "./caches.ts";
import type { DeploymentProjection } from "./project.ts";
import type { Clock } from "./queue.ts";
import type { Sealer } from "./sealer.ts";

export interface BypassRecorderOptions {
  client: Client;
  caches: Caches;
  sealer: Sealer;
  keys(): readonly SealKey[];
  log: Log;
  clock: Clock;
  isLeader(): boolean;
  /** Of a change that this worker saw, and leads no more to record. */
  handBack(before: DeploymentProjection, after: DeploymentProjection): void;
  /** Serin's own namespace, never touched. */
  namespace: string;
  /** Name of this process, for Events. */
  instance: string;
  /** Milliseconds since the epoch, which never go back; `wall` as the webhook dates its notes. */
  now(): number;
  wall(): number;
  /** A plan of phase Bypassed was recorded; the reason is one of the catalogue's. */
  onBypass?(reason: string): void;
}

export interface BypassRecorder {
  /** Of a change of template that was just seen: leaves a record, if a policy is for it. */
  record(before: DeploymentProjection, after: DeploymentProjection): Promise<void>;
  /** uids of the requests on this Deployment (`namespace/name`) whose record this worker has stored: the caches may not show it yet. */
  recorded(deployment: string): string[];
}

type BypassRecord = CanaryPlan & { status: PlanStatus };

/** The caches show a record within a second, and so many changes without a canary don't come within one. */
const most = 1_000;

/** So long a record waits for the key of the note that says who asked; after that it is made without. See `lately.ts`. */
const longestWaitMs = 60_000;

/** Records changes that came without a canary as this worker sees them; what none has seen is for `core/plan/passed.ts`. */
export function bypassRecorder(options: BypassRecorderOptions): BypassRecorder {
  const { client, caches, sealer, log, clock, instance, now } = options;
  /** Of each Deployment, the record that is being made. */
  const lines = new Map<string, Promise<void>>();
  const lately = new Map<string, string>();

  const recorded = (deployment: string): string[] => [...lately].flatMap(([uid, of]) => (of === deployment ? [uid] : []));

  function record(before: DeploymentProjection, after: DeploymentProjection): Promise<void> {
    const bypass = bypassOf(before, after, caches, options.namespace);
    if (!bypass) return Promise.resolve();
    const deployment = `${after.namespace}/${after.name}`;
    // One after the other: what the one before says of its request need not be said again, once it is stored.
    const line = (lines.get(deployment) ?? Promise.resolve()).then(() => recordOne(bypass, deployment));
    lines.set(deployment, line);
    return line.finally(() => lines.get(deployment) === line && lines.delete(deployment));
  }

  async function recordOne(bypass: Bypass, deployment: string): Promise<void> {
    try {
      const note = await noteInTime(bypass);
      if (!options.isLeader()) {
        options.handBack(bypass.before, bypass.after);
        return;
      }
      const plan = withoutRecorded(recordOf(bypass, note, now()), deployment);
      await store(plan);
      for (const uid of requestUidsOf(plan)) lately.set(uid, deployment);
      for (const oldest of lately.keys()) if (lately.size > most) lately.delete(oldest);
    } catch (error) {
      if (!isAlreadyExists(error)) log.error({ err: error }, "a bypass could not be recorded");
    }
  }

  /** The note as soon as its key is known; none, if that never comes. */
  async function noteInTime(bypass: Bypass): Promise<Passage | undefined> {
    const until = clock.now() + longestWaitMs;
    for (;;) {
      const note = noteOf(bypass, options.keys(), options.wall());
      if (note !== "unread") return note;
      if (clock.now() >= until || !options.isLeader()) return undefined;
      await new Promise<void>((resolve) => clock.setTimer(resolve, readAgainMs));
    }
  }

  /** Naming a request twice is better than losing it, so only what is stored counts. */
  function withoutRecorded(plan: BypassRecord, deployment: string): BypassRecord {
    const { overwritten = [], ...spec } = plan.spec;
    const known = new Set([...recorded(deployment), ...caches.plans.index("deployment", deployment).flatMap(requestUidsOf)]);
    const left = overwritten.filter(({ uid }) => !known.has(uid));
    return { ...plan, spec: left.length === 0 ? spec : { ...spec, overwritten: left } };
  }

  async function store({ status, ...plan }: BypassRecord): Promise<void> {
    const made = await client.create(resources.canaryplans, plan, { fieldManager: "serin" });
    const journal = (status.journal ?? []).reduce<JournalEntry[]>((list, entry) => appended(list, entry, () => journalRoot(made)), []);
    await sealer.seal(made, { ...status, journal }, (sealed) =>
      client.replace(resources.canaryplans, { ...made, status: sealed }, { fieldManager: "serin", subresource: "status" }),
    );
    options.onBypass?.(status.reason);
    await tell(plan, status);
    const { namespace, name } = plan.metadata;
    log.warn({ namespace, name: plan.spec.deployment.name, plan: name, reason: status.reason }, status.message);
  }

  const tell = (plan: CanaryPlan, { reason, message }: PlanStatus): Promise<void> => {
    const { namespace } = plan.metadata;
    const told = { type: "Warning" as const, reason, message, namespace, deployment: plan.spec.deployment, plan, now: now(), instance };
    return writeEvent(client, told).catch((error: unknown) => log.warn({ err: error }, "an Event could not be written"));
  };

  return { record, recorded };
}
