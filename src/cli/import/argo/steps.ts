import { duration } from "../duration.ts";
import { type Fields, fieldsOf, listOf, numberOf } from "../raw.ts";
import type { Remarks } from "../remark.ts";

/** What a step of Argo's has no counterpart for, and what to do instead. */
const unknown: Record<string, string> = {
  experiment: "no experiments are run here: judge the canary itself with an analysis",
  setHeaderRoute: "requests are not chosen by header here: write such a route into your VirtualService",
  setMirrorRoute: "nothing is mirrored here: write a mirror into your VirtualService",
  plugin: "there are no step plugins here: an analysis or a gate (pause: {}) may take its place",
};

/** The steps, in Argo's shape, which is Serin's. */
export function stepsOf(
  steps: readonly unknown[],
  analysisOf: (analysis: Fields, remarks: Remarks) => object | undefined,
  remarks: Remarks,
): object[] {
  return steps.flatMap((each, index) => stepOf(fieldsOf(each), analysisOf, remarks.in(index)));
}

function stepOf(step: Fields, analysisOf: (analysis: Fields, remarks: Remarks) => object | undefined, remarks: Remarks): object[] {
  const [kind = "none"] = Object.keys(step);
  if (kind === "setWeight") {
    const weight = numberOf(step[kind]);
    if (weight !== undefined) return [{ setWeight: weight }];
  }
  if (kind === "pause") return pauseOf(fieldsOf(step[kind]), remarks.in(kind));
  if (kind === "analysis") {
    const analysis = analysisOf(fieldsOf(step[kind]), remarks.in(kind));
    return analysis === undefined ? [] : [{ analysis }];
  }
  if (kind === "setCanaryScale") {
    remarks.note([kind], "the canary's pods go by its weight: for another number write canary.replicas, which is for all steps");
    return [];
  }
  if (kind === "replicaProgressThreshold") {
    remarks.note([kind], "a weight waits until all canary pods for it are ready");
    return [];
  }
  remarks.matters([kind], `was left out: ${unknown[kind] ?? "this step is not known here"}`);
  return [];
}

function pauseOf({ duration: written, ...rest }: Fields, remarks: Remarks): object[] {
  remarks.leftover(rest, []);
  if (written === undefined) return [{ pause: {} }];
  const read = duration(written);
  if (read !== undefined) return [{ pause: { duration: read } }];
  remarks.matters(["duration"], "is no duration, so this became a gate, which waits for a person: write one such as 30s");
  return [{ pause: {} }];
}

/** Steps give the canary traffic at some point, or they are no steps. */
export function needsTraffic(steps: object[], written: unknown, remarks: Remarks): object[] {
  if (steps.some((step) => "setWeight" in step && Number(step.setWeight) > 0)) return steps;
  remarks.matters(
    listOf(written).length === 0 ? [] : ["steps"],
    "has no step that gives the canary traffic: it gets all of it at once here; add steps such as setWeight: 10",
  );
  return [...steps, { setWeight: 100 }];
}
