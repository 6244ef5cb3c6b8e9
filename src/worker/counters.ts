import { Counter, Gauge, Histogram } from "prom-client";
import type { ReceiverKind } from "../api/notification.ts";
import type { Phase, PlanStatus } from "../api/plan.ts";
import { admissionReasons } from "../core/admission/reasons.ts";
import { durationsOf } from "../core/plan/durations.ts";
import { type OwnFiguresOptions, ownFigures } from "../prometheus/registry.ts";
import { showState, type WorkerState } from "./stateGauges.ts";

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

export interface WorkerCounterOptions extends OwnFiguresOptions {
  isLeader(): boolean;
  /** Milliseconds since the epoch. */
  now?(): number;
}

/** Phases that a plan of a request ends in. */
const outcomes = ["Promoted", "RolledBack", "Held", "Cancelled", "Superseded"] as const satisfies readonly Phase[];

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
  showState(registry, () => look(), { isLeader, now });
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
