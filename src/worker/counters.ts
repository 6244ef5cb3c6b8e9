import { Counter, Gauge, type Registry } from "prom-client";
import { type CanaryPlan, isLive, type Phase, phases } from "../api/plan.ts";
import { admissionReasons } from "../core/admission/reasons.ts";
import { type OwnFiguresOptions, ownFigures } from "../prometheus/registry.ts";

/** The worker's own figures, for `/metrics`. */
export interface WorkerCounters {
  /** An image change went past the canary; the reason is one of the catalogue's. */
  bypassed(reason: string): void;
  /** A plan has ended in this phase. */
  ended(phase: Phase): void;
  /** A query to Prometheus was answered, or was not. */
  asked(isAnswered: boolean): void;
  /** From now on plans and queue are read here, at each scrape. */
  watch(look: () => WorkerState): void;
  contentType: string;
  render(): Promise<string>;
}

/** What a worker shows of itself. */
export interface WorkerState {
  plans: Iterable<CanaryPlan>;
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
  // From the start, so that the first one is an increase.
  for (const outcome of outcomes) ends.inc({ outcome }, 0);
  for (const result of ["answered", "failed"]) queries.inc({ result }, 0);
  for (const reason of [...Object.keys(admissionReasons).filter((name) => name.startsWith("Bypass")), unasked]) bypasses.inc({ reason }, 0);
  // Only the leader's: with every worker's, a sum over them would count each plan twice.
  showPlans(registry, () => (isLeader() ? look() : undefined), now);
  showQueue(registry, () => (isLeader() ? look().queue : undefined));
  return {
    contentType,
    render,
    bypassed: (reason) => bypasses.inc({ reason }),
    ended: (outcome) => ends.inc({ outcome }),
    asked: (isAnswered) => queries.inc({ result: isAnswered ? "answered" : "failed" }),
    watch(from) {
      look = from;
    },
  };
}

function showPlans(registry: Registry, look: () => WorkerState | undefined, now: () => number): void {
  const registers = [registry];
  /** What is left of an earlier scrape goes first; whoever does not lead shows nothing. */
  const ofLeader = <Label extends string>(fill: (gauge: Gauge<Label>, plans: Iterable<CanaryPlan>) => void) =>
    function collect(this: Gauge<Label>): void {
      this.reset();
      const state = look();
      if (state) fill(this, state.plans);
    };
  new Gauge({
    name: "serin_plans",
    help: "Plans stored in the cluster, by phase. Of the leader only.",
    labelNames: ["phase"],
    registers,
    collect: ofLeader<"phase">((gauge, plans) => {
      for (const phase of phases) gauge.set({ phase }, 0);
      for (const { status } of plans) gauge.inc({ phase: status?.phase ?? "Preparing" });
    }),
  });
  new Gauge({
    name: "serin_plan_stage_age_seconds",
    help: "How long the live plan that has stood longest at its stage or step has done so, by phase; 0 without one. Of the leader only.",
    labelNames: ["phase"],
    registers,
    collect: ofLeader<"phase">((gauge, plans) => {
      const ages = new Map<string, number>(livePhases.map((phase) => [phase, 0]));
      for (const { status, metadata } of live(plans)) {
        const phase = status?.phase ?? "Preparing";
        const since = Date.parse(status?.stageSince ?? status?.step?.startedAt ?? status?.startedAt ?? metadata.creationTimestamp ?? "");
        if (now() - since > (ages.get(phase) ?? 0)) ages.set(phase, now() - since);
      }
      for (const [phase, age] of ages) gauge.set({ phase }, age / 1_000);
    }),
  });
  new Gauge({
    name: "serin_plan_weight",
    help: `Percent that the canary of a live plan should get; of the first ${mostWeights} live plans. Of the leader only.`,
    labelNames: ["namespace", "deployment"],
    registers,
    collect: ofLeader<"namespace" | "deployment">((gauge, plans) => {
      for (const { metadata, spec, status } of live(plans).slice(0, mostWeights))
        gauge.set({ namespace: metadata.namespace, deployment: spec.deployment.name }, status?.weight?.desired ?? 0);
    }),
  });
  new Gauge({
    name: "serin_plan_weights_left_out",
    help: `Live plans without a serin_plan_weight, since there are more than ${mostWeights}.`,
    registers,
    collect: ofLeader<never>((gauge, plans) => gauge.set(Math.max(0, live(plans).length - mostWeights))),
  });
}

const live = (plans: Iterable<CanaryPlan>): CanaryPlan[] => [...plans].filter(isLive);

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
