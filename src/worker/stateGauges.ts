import { Gauge, type Registry } from "prom-client";
import { type CanaryPlan, isLive, type Phase, phases } from "../api/plan.ts";
import type { CanaryPolicy } from "../api/policy.ts";
import type { SidecarPolicy } from "../api/sidecarPolicy.ts";

/** What a worker shows of itself. */
export interface WorkerState {
  plans: Iterable<CanaryPlan>;
  policies?: ReadonlyArray<CanaryPolicy | SidecarPolicy>;
  /** Seconds since the API server last sent anything, by kind. */
  watches?: ReadonlyArray<[kind: string, seconds: number]>;
  /** Of the leader only: Deployments and policies that wait to be looked at, how long the first of them has, and the time since the last look; milliseconds. */
  queue?: { depth: number; oldestMs: number; sinceLookMs: number };
}

/** Each live plan is one series of `serin_plan_weight`; more than so many at once are counted instead of shown. */
export const mostWeights = 500;

const livePhases = ["Preparing", "Progressing", "Paused", "Promoting", "RollingBack", "Cancelling"] as const satisfies readonly Phase[];

/** Gauges that are read off the worker's caches at each scrape. */
export function showState(registry: Registry, look: () => WorkerState, { isLeader, now }: { isLeader(): boolean; now(): number }): void {
  // Only the leader's: with every worker's, a sum over them would count each plan twice.
  showPlans(registry, () => (isLeader() ? look() : undefined), now);
  showPolicies(registry, () => (isLeader() ? look().policies : undefined));
  showWatches(registry, () => look().watches);
  showQueue(registry, () => (isLeader() ? look().queue : undefined));
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
