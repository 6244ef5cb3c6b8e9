import { hash } from "node:crypto";
import { type CanaryPlan, isLive, type JournalEntry, type PlanStatus } from "../../api/plan.ts";
import { triggersOf } from "../notify/triggers.ts";
import { cancelReasons } from "../plan/cancelReasons.ts";

/*
 * A plan that has ended as a trace, made from its record alone, so every worker makes the same one:
 *
 *   canary ──────────────────────────────────────────────────────────   from the request to the end
 *     prepare ─── setWeight 30 ────────── setWeight 60 ── promote ───   or rollback, or cancel; journal entries are their events
 *                   pause ──  measure success-rate ─
 */

/** Times are RFC 3339. */
export interface Span {
  id: string;
  /** Absent: the root. */
  parent?: string;
  name: string;
  start: string;
  end: string;
  attributes: Record<string, string | number | boolean>;
  events: Array<{ at: string; name: string; message: string }>;
  /** Absent: neither. */
  outcome?: { ok: boolean; message: string };
}

export interface Trace {
  id: string;
  /** The root first, then by their start. */
  spans: Span[];
}

const cancels: ReadonlySet<string> = new Set(cancelReasons);

/** Undefined while the plan lives, and for a bypass, where nothing happened. */
export function traceOf(plan: CanaryPlan): Trace | undefined {
  const { spec, status } = plan;
  const end = status?.finishedAt;
  if (!status || end === undefined || isLive(plan) || !spec.request) return undefined;
  const uid = plan.metadata.uid ?? "";
  const root = rootOf(plan, status, spec.request.at, end);
  const stages = stagesOf(uid, root, status.startedAt ?? root.start, status.journal ?? []);
  const spans = [root, ...stages, ...pausesOf(uid, stages, status.journal ?? [], end), ...measurementsOf(uid, root, stages, status)];
  return { id: hash("sha256", `serin trace ${uid}`, "hex").slice(0, 32), spans };
}

const spanId = (uid: string, ...path: Array<string | number>): string =>
  hash("sha256", `serin span ${uid} ${path.join(" ")}`, "hex").slice(0, 16);

function rootOf({ metadata, spec }: CanaryPlan, status: PlanStatus, start: string, end: string): Span {
  const { phase, reason, message } = status;
  const { request, policy, deployment } = spec;
  const isBad = phase === "RolledBack" || phase === "Held";
  return {
    id: spanId(metadata.uid ?? "", "canary"),
    name: "canary",
    start: earlier(start, status.startedAt),
    end,
    attributes: {
      "k8s.namespace.name": metadata.namespace,
      "k8s.deployment.name": deployment.name,
      "k8s.deployment.uid": deployment.uid,
      "serin.plan": metadata.name,
      "serin.plan.uid": metadata.uid ?? "",
      "serin.policy": policy?.name ?? "",
      "serin.outcome": phase,
      "serin.reason": reason,
      "serin.image.stable": spec.stable.images.join(", "),
      "serin.image.canary": spec.canary.images.join(", "),
      "serin.request.user": request?.user ?? "",
      "serin.request.tool": request?.fieldManager ?? "",
    },
    events: [],
    ...(isBad || phase === "Promoted" ? { outcome: { ok: !isBad, message } } : {}),
  };
}

/** One behind the other, without a gap: an entry that begins a stage ends the one before. */
function stagesOf(uid: string, root: Span, startedAt: string, journal: readonly JournalEntry[]): Span[] {
  const stages: Span[] = [];
  const begin = (name: string, start: string, attributes: Span["attributes"] = {}) => {
    const last = stages.at(-1);
    if (last) last.end = start;
    const id = spanId(uid, "stage", stages.length);
    stages.push({ id, parent: root.id, name, start, end: root.end, attributes, events: [] });
  };
  begin("prepare", startedAt);
  for (const { at, reason, message } of journal) {
    const weight = reason === "TrafficWeightUpdated" ? / → (\d+)$/.exec(message)?.[1] : undefined;
    if (weight !== undefined) begin(`setWeight ${weight}`, at, { "serin.weight": Number(weight) });
    else if (reason === "Promoting") begin("promote", at);
    else if (triggersOf(reason, "RollingBack").includes("RollingBack")) begin("rollback", at, { "serin.reason": reason });
    else if (cancels.has(reason)) begin("cancel", at, { "serin.reason": reason });
    stages.at(-1)?.events.push({ at, name: reason, message });
  }
  return stages;
}

/** When a wait is over is not always told; it ends with the next thing that is. */
function pausesOf(uid: string, stages: readonly Span[], journal: readonly JournalEntry[], end: string): Span[] {
  return journal.flatMap(({ at, reason, message }, index): Span[] => {
    if (!triggersOf(reason, "Paused").includes("Paused")) return [];
    const parent = stageAt(stages, at);
    const attributes = { "serin.reason": reason, "serin.message": message };
    const id = spanId(uid, "pause", at, index);
    return [
      {
        id,
        ...(parent ? { parent: parent.id } : {}),
        name: "pause",
        start: at,
        end: journal[index + 1]?.at ?? end,
        attributes,
        events: [],
      },
    ];
  });
}

/** The latest ten of each metric, as the plan keeps them. */
function measurementsOf(uid: string, root: Span, stages: readonly Span[], { metrics = [] }: PlanStatus): Span[] {
  return metrics
    .flatMap(({ name, step, measurements }) =>
      measurements.map(
        ({ verdict, startedAt, finishedAt, weight, value, message, counted }, index): Span => ({
          id: spanId(uid, "measure", step ?? "", name, startedAt, index),
          parent: stageAt(stages, startedAt)?.id ?? root.id,
          name: `measure ${name}`,
          start: startedAt,
          end: finishedAt,
          attributes: {
            "serin.metric": name,
            "serin.verdict": verdict,
            "serin.weight": weight,
            "serin.counted": counted,
            ...(value === undefined ? {} : { "serin.value": value }),
          },
          events: [],
          ...(verdict === "pass" || verdict === "fail" || verdict === "error" ? { outcome: { ok: verdict === "pass", message } } : {}),
        }),
      ),
    )
    .sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
}

const stageAt = (stages: readonly Span[], at: string): Span | undefined =>
  stages.findLast(({ start }) => Date.parse(start) <= Date.parse(at)) ?? stages[0];

const earlier = (a: string, b: string | undefined): string => (b !== undefined && Date.parse(b) < Date.parse(a) ? b : a);
