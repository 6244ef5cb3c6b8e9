import type { Builtin } from "../../api/builtin.ts";
import { parseDuration } from "../../api/duration.ts";
import type { MetricStatus } from "../../api/metricStatus.ts";
import { type CanaryPlan, isLive } from "../../api/plan.ts";
import type { CountsAnswer, MetricAnswer } from "../../core/analysis/answer.ts";
import { readMeter } from "../../core/analysis/builtin/meter.ts";
import { families, type Source, sourceKey, sourceOf } from "../../core/analysis/builtin/source.ts";
import { nothing } from "../../core/analysis/builtin/tally.ts";
import { metricsInForce } from "../../core/analysis/inForce.ts";
import { metricKey } from "../../core/plan/snapshot.ts";
import { byWorkload, keyOf, readCounters } from "../../prometheus/rawCounters.ts";
import { type MeterMemory, type PlanMemory, revisionOf } from "../memory.ts";
import { isCountingTime } from "./countRequests.ts";
import type { Instruments } from "./measure.ts";

/** A built-in that is in force in one plan. */
interface Reading {
  plan: CanaryPlan;
  memory: PlanMemory;
  meter: MeterMemory;
  key: string;
  builtin: Builtin;
  status: MetricStatus;
}

/** As after an error of a query (row C6): five in a row end a metric, and a hiccup of a few seconds must not. */
const errorEveryMs = 10_000;

/**
 * Reads the counters of all plans' built-ins: one query per source (see `sourceOf`), every two seconds, and never two of one source at a time. What
 * was counted goes to its plan like the answer of a query.
 */
export function builtinReader(instruments: Instruments): () => void {
  const readAt = new Map<string, number>();
  const underWay = new Set<string>();
  const { now } = instruments;

  const read = async (key: string, source: Source, readings: readonly Reading[]): Promise<void> => {
    underWay.add(key);
    readAt.set(key, now());
    try {
      await readSource(source, readings, instruments);
    } finally {
      underWay.delete(key);
    }
  };

  return () => {
    const bySource = Map.groupBy(readingsOf(instruments), ({ builtin }) => sourceKey(sourceOf(builtin)));
    for (const [key, readings] of bySource) {
      const [first] = readings;
      if (first === undefined || underWay.has(key) || !isCountingTime(readAt.get(key) ?? 0, now())) continue;
      void read(key, sourceOf(first.builtin), readings);
    }
  };
}

async function readSource(source: Source, readings: readonly Reading[], { counting, now, look }: Instruments): Promise<void> {
  const { metric, by } = families[source.family];
  const matchers = [{ label: "reporter", value: source.reporter }, ...source.matchers];
  const answer = await readCounters(counting, { metric, matchers, namedBy: byWorkload, by, of: readings.map(workloadOf) }, { now });
  for (const reading of readings) {
    const { plan, memory, meter, builtin, status } = reading;
    if (answer.kind === "error") {
      tellError(reading, answer, now(), look);
      continue;
    }
    const sample = answer.samples.get(keyOf(workloadOf(reading)));
    if (sample === undefined) continue;
    const read = readMeter(meter.meter, builtin, sample, {
      now: now(),
      canaryRevision: revisionOf(plan, memory),
      boundMs: status.counted?.boundMs,
    });
    meter.meter = read.meter;
    // While the canary has no traffic there is nothing to judge; the counters are only followed.
    if (read.answer === undefined || (memory.status?.weight?.desired ?? 0) === 0) continue;
    const { revision } = memory;
    const told = revision && "missing" in revision ? { ...read.answer, ...nothing, missing: revision.missing } : read.answer;
    push(reading, told, { startedAt: read.answer.since, finishedAt: read.answer.missing === undefined ? sample.at : now() }, look);
  }
}

const workloadOf = ({ plan }: Reading) => ({ namespace: plan.metadata.namespace, name: plan.spec.deployment.name });

function tellError(reading: Reading, answer: Extract<MetricAnswer, { kind: "error" }>, now: number, look: Instruments["look"]): void {
  if (now - reading.meter.errorAt < errorEveryMs) return;
  reading.meter.errorAt = now;
  push(reading, answer, { startedAt: now, finishedAt: now }, look);
}

function push(
  { plan, memory, key, status }: Reading,
  answer: MetricAnswer | CountsAnswer,
  when: { startedAt: number; finishedAt: number },
  look: Instruments["look"],
): void {
  memory.answers.push({ key, run: status.startedAt, ...when, weight: memory.status?.weight?.desired ?? 0, closing: false, answer });
  look(`${plan.metadata.namespace}/${plan.spec.deployment.name}`);
}

/** The built-ins in force, once their run has begun and their initialDelay is over. */
function readingsOf({ caches, memories, now }: Instruments): Reading[] {
  return caches.plans.values().flatMap((plan) => {
    const memory = memories.get(plan.metadata.uid);
    const policy = plan.spec.policy?.spec;
    const { phase, step } = memory?.status ?? {};
    if (!isLive(plan) || memory === undefined || policy === undefined || !judgedPhases.has(phase)) return [];
    return metricsInForce(policy, step?.index ?? 0).flatMap(({ metric, step: ofStep }): Reading[] => {
      const status = memory.status?.metrics?.find((each) => each.name === metric.name && each.step === ofStep);
      const delay = metric.initialDelay === undefined ? 0 : parseDuration(metric.initialDelay);
      if (metric.builtin === undefined || status === undefined || now() < Date.parse(status.startedAt) + delay) return [];
      const key = metricKey(metric.name, ofStep);
      return [{ plan, memory, meter: meterOf(memory, `${key} ${status.startedAt}`), key, builtin: metric.builtin, status }];
    });
  });
}

const judgedPhases: ReadonlySet<string | undefined> = new Set(["Preparing", "Progressing", "Paused", "Promoting"]);

/** A new run of a metric starts with counters of its own. */
function meterOf({ meters }: PlanMemory, key: string): MeterMemory {
  const known = meters.get(key);
  if (known) return known;
  const fresh: MeterMemory = { meter: undefined, errorAt: 0 };
  meters.set(key, fresh);
  return fresh;
}
