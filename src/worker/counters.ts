import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ReceiverKind } from "../api/notification.ts";
import { type CanaryPlan, isLive, type Phase, type PlanStatus, phases } from "../api/plan.ts";
import type { CanaryPolicy } from "../api/policy.ts";
import type { SidecarPolicy } from "../api/sidecarPolicy.ts";
import { admissionReasons } from "../core/admission/reasons.ts";
import { durationsOf } from "../core/plan/durations.ts";
import { type OwnFiguresOptions, ownFigures } from "../prometheus/registry.ts";

/** The worker's own figures, for `/metrics`. */
export interface WorkerCounters {
  /** An image change went past the canary; the reason is one of the catalogue's. */
  bypassed(reason: string): void;
  /** A plan has ended with this status. */
  ended(status: PlanStatus): void;
  /** A query to Prometheus was answered, or was not. */
  asked(isAnswered: boolean): void;
  /** A receiver was to be told something: it took it, it will be asked again, or it is lost. */
  notified(kind: ReceiverKind, result: (typeof notificationResults)[number]): void;
  /** From now on plans and queue are read here, at each scrape. */
  watch(look: () => WorkerState): void;
  contentType: string;
  render(): Promise<string>;
}

/** What a worker shows of itself. */
export interface WorkerState {
  plans: Iterable<CanaryPlan>;
  policies?: ReadonlyArray<CanaryPolicy | SidecarPolicy>;
  /** Seconds since the API server last sent anything, by kind. */
  watches?: ReadonlyArray<[kind: string, seconds: number]>;
  /** Of the leader only: Deployments and policies that wait to be looked at, how long the first of them has, and the time since the last look; milliseconds. */
  queue?: { depth: number; oldestMs: number; sinceLookMs: number };
}

export interface WorkerCounterOptions extends OwnFiguresOptions {
  isLeader(): boolean;
  /** Milliseconds since the epoch. */
  now?(): number;
}

/** Each live plan is one series of `serin_plan_weight`; more than so many at once are counted instead of shown. */
export const mostWeights = 500;

/** Phases that a plan of a request ends in. */
const outcomes = ["Promoted", "RolledBack", "Held", "Cancelled", "Superseded"] as const satisfies readonly Phase[];
const livePhases = ["Preparing", "Progressing", "Paused", "Promoting", "RollingBack", "Cancelling"] as const satisfies readonly Phase[];

const receiverKinds = ["cloudEvents", "slack", "alertmanager"] as const satisfies readonly ReceiverKind[];
const notificationResults = ["sent", "failed", "lost"] as const;

/** Upper bounds in seconds: a plan takes a minute or, with gates, days; to take the traffic away takes seconds. */
const buckets = { plan: [60, 300, 900, 1_800, 3_600, 10_800, 43_200, 86_400, 259_200], drain: [0.5, 1, 2, 3, 5, 10, 30, 60] };

/** Where a change that nobody asked the webhook about was seen. */
const unasked = "Bypassed";

export function workerCounters({ isLeader, now = Date.now, ...options }: WorkerCounterOptions): WorkerCounters {
  const { registry, contentType, render } = ownFigures("worker", options);
  const registers = [registry];
  let look: () => WorkerState = () => ({ plans: [] });
  new Gauge({
    name: "serin_worker_leader",
    help: "1 while this process holds the Lease.",
    registers,
    collect() {
      this.set(isLeader() ? 1 : 0);
    },
  });
  const bypasses = new Counter({
    name: "serin_bypasses_total",
    help: "Image changes that reached the cluster without a canary, by why.",
    labelNames: ["reason"],
    registers,
  });
  const ends = new Counter({
    name: "serin_plans_total",
    help: "Plans that this process has ended, by the phase that they ended in.",
    labelNames: ["outcome"],
    registers,
  });
  const queries = new Counter({
    name: "serin_prometheus_queries_total",
    help: "Queries to Prometheus, by whether there was an answer.",
    labelNames: ["result"],
    registers,
  });
  const notifications = new Counter({
    name: "serin_notifications_total",
    help: "Attempts to tell a receiver of something: taken, failed and tried again, or given up.",
    labelNames: ["kind", "result"],
    registers,
  });
  const durations = new Histogram({
    name: "serin_plan_duration_seconds",
    help: "From the making of a plan to its end, gates and pauses included, by the phase that it ended in.",
    labelNames: ["outcome"],
    buckets: buckets.plan,
    registers,
  });
  const drains = new Histogram({
    name: "serin_rollback_drain_seconds",
    help: "From the decision to turn back to the moment from which the canary surely gets no requests any more.",
    buckets: buckets.drain,
    registers,
  });
  // From the start, so that the first one is an increase.
  for (const kind of receiverKinds) for (const result of notificationResults) notifications.inc({ kind, result }, 0);
  for (const outcome of outcomes) ends.inc({ outcome }, 0);
  for (const result of ["answered", "failed"]) queries.inc({ result }, 0);
  for (const reason of [...Object.keys(admissionReasons).filter((name) => name.startsWith("Bypass")), unasked]) bypasses.inc({ reason }, 0);
  // Only the leader's: with every worker's, a sum over them would count each plan twice.
  showPlans(registry, () => (isLeader() ? look() : undefined), now);
  showPolicies(registry, () => (isLeader() ? look().policies : undefined));
  showWatches(registry, () => look().watches);
  showQueue(registry, () => (isLeader() ? look().queue : undefined));
  return {
    contentType,
    render,
    bypassed: (reason) => bypasses.inc({ reason }),
    ended(status) {
      const { plan, drain } = durationsOf(status);
      ends.inc({ outcome: status.phase });
      if (plan !== undefined) durations.observe({ outcome: status.phase }, plan);
      if (drain !== undefined) drains.observe(drain);
    },
    notified: (kind, result) => notifications.inc({ kind, result }),
    asked: (isAnswered) => queries.inc({ result: isAnswered ? "answered" : "failed" }),
    watch(from) {
      look = from;
    },
  };
}

function showPlans(registry: Registry, look: () => WorkerState | undefined, now: () => number): void {
  const registers = [registry];
  new Gauge({
    name: "serin_plans",
    help: "Plans stored in the cluster, by phase. Of the leader only.",
    labelNames: ["phase"],
    registers,
    collect() {
      this.reset();
      const state = look();
      if (!state) return;
      for (const phase of phases) this.set({ phase }, 0);
      for (const { status } of state.plans) this.inc({ phase: status?.phase ?? "Preparing" });
    },
  });
  new Gauge({
    name: "serin_plan_stage_age_seconds",
    help: "How long the live plan that has stood longest at its stage or step has done so, by phase; 0 without one. Of the leader only.",
    labelNames: ["phase"],
    registers,
    collect() {
      this.reset();
      const state = look();
      if (!state) return;
      const ages = new Map<string, number>(livePhases.map((phase) => [phase, 0]));
      for (const plan of state.plans) {
        if (!isLive(plan)) continue;
        const phase = plan.status?.phase ?? "Preparing";
        const since = Date.parse(
          plan.status?.stageSince ?? plan.status?.step?.startedAt ?? plan.status?.startedAt ?? plan.metadata.creationTimestamp ?? "",
        );
        if (now() - since > (ages.get(phase) ?? 0)) ages.set(phase, now() - since);
      }
      for (const [phase, age] of ages) this.set({ phase }, age / 1_000);
    },
  });
  new Gauge({
    name: "serin_plan_weight",
    help: `Percent that the canary of a live plan should get; of the first ${mostWeights} live plans. Of the leader only.`,
    labelNames: ["namespace", "deployment"],
    registers,
    collect() {
      this.reset();
      for (const { metadata, spec, status } of live(look()).slice(0, mostWeights))
        this.set({ namespace: metadata.namespace, deployment: spec.deployment.name }, status?.weight?.desired ?? 0);
    },
  });
  new Gauge({
    name: "serin_plan_weights_left_out",
    help: `Live plans without a serin_plan_weight, since there are more than ${mostWeights}.`,
    registers,
    collect() {
      this.set(Math.max(0, live(look()).length - mostWeights));
    },
  });
}

function showPolicies(registry: Registry, policies: () => WorkerState["policies"]): void {
  new Gauge({
    name: "serin_policies",
    help: "Policies that Serin can read, by whether their queries and conditions can be used (unknown: not looked at yet). Of the leader only.",
    labelNames: ["kind", "accepted"],
    registers: [registry],
    collect() {
      this.reset();
      const found = policies();
      if (!found) return;
      for (const accepted of ["true", "false", "unknown"]) this.set({ kind: "CanaryPolicy", accepted }, 0);
      this.set({ kind: "SidecarPolicy", accepted: "true" }, 0);
      for (const policy of found) this.inc({ kind: policy.kind, accepted: isAccepted(policy) });
    },
  });
}

/** A SidecarPolicy has nothing that could be wrong once it is read. */
const isAccepted = ({ kind, status }: CanaryPolicy | SidecarPolicy): string =>
  kind === "SidecarPolicy" ? "true" : (status?.conditions?.find(({ type }) => type === "Accepted")?.status ?? "Unknown").toLowerCase();

function showWatches(registry: Registry, watches: () => WorkerState["watches"]): void {
  new Gauge({
    name: "serin_worker_watch_age_seconds",
    help: "Since the API server last sent anything about this kind, bookmarks included; without kinds that are not installed.",
    labelNames: ["kind"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [kind, seconds] of watches() ?? []) this.set({ kind }, seconds);
    },
  });
}

const live = (state: WorkerState | undefined): CanaryPlan[] => [...(state?.plans ?? [])].filter(isLive);

function showQueue(registry: Registry, queue: () => WorkerState["queue"]): void {
  const show = (name: string, help: string, value: (state: NonNullable<WorkerState["queue"]>) => number) =>
    new Gauge({
      name,
      help: `${help} Of the leader only.`,
      registers: [registry],
      collect() {
        const state = queue();
        if (state) this.set(value(state));
        else this.remove();
      },
    });
  show("serin_worker_queue_depth", "Deployments and policies that wait to be looked at.", ({ depth }) => depth);
  show("serin_worker_queue_oldest_seconds", "How long the first of them has waited.", ({ oldestMs }) => oldestMs / 1_000);
  show(
    "serin_worker_last_look_age_seconds",
    "Since a Deployment or a policy was last looked at.",
    ({ sinceLookMs }) => sinceLookMs / 1_000,
  );
}
