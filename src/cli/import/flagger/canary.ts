import { formatDuration } from "../../../api/duration.ts";
import { apiVersion } from "../../../api/names.ts";
import type { Written } from "../../manifest/read.ts";
import { duration, milliseconds } from "../duration.ts";
import { matchFor } from "../match.ts";
import { type Fields, fieldsOf, listOf, numberOf, present, textOf, textsOf } from "../raw.ts";
import { Remarks } from "../remark.ts";
import { metricOf, type Ticks } from "./metrics.ts";

/** One Canary as a CanaryPolicy; undefined when it shifts no traffic in steps. */
export function policyOfCanary(
  canary: Written,
  all: readonly Written[],
  template: (reference: Fields) => Written | undefined,
): { policy: object | undefined; remarks: Remarks } {
  const remarks = new Remarks(canary);
  const { metadata, spec: written } = fieldsOf(canary.object);
  const spec = fieldsOf(written);
  const target = fieldsOf(spec["targetRef"]);
  const at = remarks.in("spec");
  const where = spec["analysis"] === undefined && spec["canaryAnalysis"] !== undefined ? "canaryAnalysis" : "analysis";
  const analysis = fieldsOf(spec[where]);
  const none = noCanary(target, analysis);
  if (none !== undefined) {
    at.matters(none.path, none.message);
    return { policy: undefined, remarks };
  }
  const ticks = ticksOf(analysis);
  const skips = spec["skipAnalysis"] === true || Object.keys(analysis).length === 0;
  if (skips)
    at.matters(
      ["skipAnalysis"],
      'promotes without looking, and so does this policy: for no canary at all annotate the Deployment with serin.dev/canary: "off"',
    );
  const metrics = skips
    ? []
    : listOf(analysis["metrics"]).flatMap(
        (metric, index) => metricOf(fieldsOf(metric), ticks, template, at.in(where, "metrics", index)) ?? [],
      );
  const namespace = textOf(fieldsOf(metadata)["namespace"]);
  const name = textOf(target["name"]) ?? canary.name;
  tellTheRest(spec, analysis, metrics.length, at, where);
  const policy = {
    apiVersion,
    kind: "CanaryPolicy",
    metadata: { name: [namespace, canary.name].filter((part) => part !== undefined).join("-") },
    spec: present({
      suspend: spec["suspend"] === true ? true : undefined,
      match: matchFor({ namespace, labels: labelsOf(name, all) }, remarks),
      steps: skips ? [{ setWeight: 100 }] : stepsOf(analysis, ticks),
      analysis: metrics.length === 0 ? undefined : { metrics },
      canary: spec["progressDeadlineSeconds"] === undefined ? undefined : { progressDeadline: duration(spec["progressDeadlineSeconds"]) },
      // Nothing, NaN and no answer are failed checks there (F7), so many of which end the canary.
      onNoData: metrics.length === 0 ? undefined : { after: formatDuration(ticks.threshold * ticks.intervalMs), action: "Fail" },
    }),
  };
  return { policy, remarks };
}

function noCanary(target: Fields, analysis: Fields): { path: string[]; message: string } | undefined {
  if (target["kind"] !== "Deployment")
    return { path: ["targetRef", "kind"], message: "is no Deployment, so no policy was made: Serin canaries only Deployments" };
  if (listOf(analysis["match"]).length > 0)
    return {
      path: ["analysis", "match"],
      message: "chooses requests by header, so no policy was made: Serin shifts by weight; write stepWeight and maxWeight instead",
    };
  if ((numberOf(analysis["iterations"]) ?? 0) > 0)
    return {
      path: ["analysis", "iterations"],
      message: "is blue-green, so no policy was made: Serin shifts by weight; write stepWeight and maxWeight instead",
    };
  return undefined;
}

/** F1, F2. */
function ticksOf(analysis: Fields): Ticks {
  const intervalMs = Math.max(10_000, milliseconds(analysis["interval"]) ?? 60_000);
  const threshold = numberOf(analysis["threshold"]) ?? 0;
  return { interval: formatDuration(intervalMs), intervalMs, threshold: threshold > 0 ? Math.round(threshold) : 1 };
}

/** F9–F11: each weight for one interval, then the next; after the last one the promotion. */
function stepsOf(analysis: Fields, { interval }: Ticks): object[] {
  const listed = listOf(analysis["stepWeights"]).flatMap((weight) => numberOf(weight) ?? []);
  const step = numberOf(analysis["stepWeight"]) ?? 0;
  const highest = Math.min(100, listed.at(-1) ?? numberOf(analysis["maxWeight"]) ?? 100);
  const weights = step > 0 ? upTo(highest, step) : listed.length > 0 ? listed : [highest];
  return weights.flatMap((weight) => [{ setWeight: weight }, { pause: { duration: interval } }]);
}

function upTo(highest: number, step: number): number[] {
  const count = Math.max(1, Math.ceil(highest / step));
  return Array.from({ length: count }, (_, index) => Math.min(highest, step * (index + 1)));
}

function labelsOf(name: string, all: readonly Written[]): Record<string, string> | undefined {
  const deployment = all.find((one) => one.kind === "Deployment" && one.name === name);
  return deployment === undefined ? undefined : textsOf(fieldsOf(fieldsOf(deployment.object)["metadata"])["labels"]);
}

const hooks: Record<string, string> = {
  "confirm-rollout": "asks before the start; write `- pause: {}` as the first step: a person approves",
  "confirm-traffic-increase": "asks before each weight; write `- pause: {}` before each setWeight: a person approves",
  "confirm-promotion": "asks before the promotion; write `- pause: {}` as the last step: a person approves",
  "pre-rollout": "tests before the canary has traffic; run it in the pipeline, with a gate (pause: {}) as the first step until it is done",
  rollout: "is called at each check, and its answer counts; judge what it does by a query, or run it in the pipeline",
  rollback: "may ask for a rollback; put the old image back, which cancels the canary at once",
};

const inService = ["name", "port", "portName", "targetPort", "portDiscovery", "appProtocol"];
const spoken = [
  "targetRef",
  "analysis",
  "canaryAnalysis",
  "service",
  "skipAnalysis",
  "progressDeadlineSeconds",
  "suspend",
  "provider",
  "autoscalerRef",
];
const inAnalysis = [
  "interval",
  "threshold",
  "maxWeight",
  "stepWeight",
  "stepWeights",
  "metrics",
  "webhooks",
  "match",
  "iterations",
  "alerts",
];

function tellTheRest(spec: Fields, analysis: Fields, metrics: number, remarks: Remarks, where: string): void {
  remarks.leftover(spec, [...spoken, "revertOnDeletion"]);
  const at = remarks.in(where);
  at.leftover(analysis, [...inAnalysis, "mirror", "mirrorWeight", "stepWeightPromotion", "primaryReadyThreshold", "canaryReadyThreshold"]);
  const provider = textOf(spec["provider"]);
  if (provider !== undefined && provider !== "istio")
    remarks.matters(["provider"], `${provider} is no way in that Serin shifts: it splits Istio's routes, else by the number of pods`);
  if (analysis["mirror"] === true)
    at.matters(["mirror"], "nothing is mirrored here: write a mirror into your VirtualService, and a first step with a small weight");
  if (analysis["stepWeightPromotion"] !== undefined)
    at.matters(["stepWeightPromotion"], "the promotion moves what is left at once: write further steps up to setWeight: 100");
  listOf(analysis["webhooks"]).forEach((hook, index) => {
    const { type = "rollout", name } = fieldsOf(hook);
    const instead = hooks[textOf(type) ?? ""];
    if (instead === undefined)
      at.note(["webhooks", index], `${textOf(name) ?? "this hook"} only tells: the plan and its events say what happens`);
    else at.matters(["webhooks", index], `${textOf(name) ?? "this hook"} ${instead}`);
  });
  if (analysis["alerts"] !== undefined) at.note(["alerts"], "are not sent: watch the events of the plan and of the Deployment");
  if (spec["autoscalerRef"] !== undefined) remarks.note(["autoscalerRef"], "needs no mention: the Deployment keeps its own autoscaler");
  for (const field of Object.keys(fieldsOf(spec["service"])).filter((key) => !inService.includes(key)))
    remarks.matters(
      ["service", field],
      "was written into routes that Flagger made and that go with it: write it into your own VirtualService or DestinationRule",
    );
  if (metrics > 1) at.note(["metrics"], "failed checks of all metrics were counted together; here each metric counts its own");
  if (metrics > 0)
    at.note(
      [],
      "differences on purpose: traffic goes back when the last failure counts, not one interval later, and the Deployment itself is the stable one: there is no primary",
    );
}
