import { apiVersion } from "../../../api/names.ts";
import type { Written } from "../../manifest/read.ts";
import { duration } from "../duration.ts";
import { matchFor } from "../match.ts";
import { type Fields, fieldsOf, listOf, numberOf, present, textOf, textsOf } from "../raw.ts";
import { Remarks } from "../remark.ts";
import { analysisOf, type TemplatesOfArgo } from "./analysis.ts";
import { type Known, metadataOf } from "./args.ts";
import { needsTraffic, stepsOf } from "./steps.ts";

/** One Rollout as a CanaryPolicy; undefined when there is nothing of a canary in it. */
export function policyOfRollout(
  rollout: Written,
  all: readonly Written[],
  templates: TemplatesOfArgo,
  remarks: Remarks,
): object | undefined {
  const { metadata, spec: written } = fieldsOf(rollout.object);
  const spec = fieldsOf(written);
  const strategy = remarks.in("spec", "strategy");
  if (fieldsOf(spec["strategy"])["canary"] === undefined) {
    strategy.matters([], "is no canary, so no policy was made: Serin shifts traffic in steps and has no blue-green");
    return undefined;
  }
  const canary = fieldsOf(fieldsOf(spec["strategy"])["canary"]);
  const at = strategy.in("canary");
  const known = knownOf(rollout, canary, all);
  const using = { templates, known };
  const steps = stepsOf(listOf(canary["steps"]), (analysis, inside) => analysisOf(analysis, using, inside), at.in("steps"));
  const background = canary["analysis"] === undefined ? undefined : analysisOf(fieldsOf(canary["analysis"]), using, at.in("analysis"));
  const startingStep = numberOf(fieldsOf(canary["analysis"])["startingStep"]);
  if (startingStep !== undefined && steps.length !== listOf(canary["steps"]).length)
    at.matters(["analysis", "startingStep"], "is an index of steps of which some were left out: count anew");
  const window = numberOf(fieldsOf(spec["rollbackWindow"])["revisions"]);
  tellTheRest(spec, canary, remarks.in("spec"), at);
  return {
    apiVersion,
    kind: "CanaryPolicy",
    metadata: { name: [known.namespace, known.name].filter((part) => part !== undefined).join("-") },
    spec: present({
      match: matchFor({ namespace: known.namespace, labels: labelsOf(spec, metadata, all) }, remarks),
      steps: needsTraffic(steps, canary["steps"], at),
      analysis: background && { ...(startingStep !== undefined && { startingStep }), ...background },
      canary: podsOf(spec, canary),
      traffic: canary["trafficRouting"] === undefined ? { withoutRoute: "Replicas" } : undefined,
      rollbackWindow: window === undefined ? undefined : { revisions: window },
    }),
  };
}

/** Of the Deployment that the Rollout refers to, else its own: what it becomes will carry them. */
function labelsOf(spec: Fields, metadata: unknown, all: readonly Written[]): Record<string, string> | undefined {
  const name = textOf(fieldsOf(spec["workloadRef"])["name"]);
  const referred = name === undefined ? undefined : all.find((one) => one.kind === "Deployment" && one.name === name);
  if (name !== undefined && referred === undefined) return undefined;
  return textsOf(fieldsOf(referred === undefined ? metadata : fieldsOf(referred.object)["metadata"])["labels"]);
}

function knownOf(rollout: Written, canary: Fields, all: readonly Written[]): Known {
  const { metadata, spec } = fieldsOf(rollout.object);
  const labels = textsOf(fieldsOf(fieldsOf(fieldsOf(fieldsOf(spec)["template"])["metadata"]))["labels"]);
  const selecting = all.filter(({ kind, object }) => {
    const selector = Object.entries(textsOf(fieldsOf(fieldsOf(object)["spec"])["selector"]));
    return kind === "Service" && selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
  });
  const rule = textOf(fieldsOf(fieldsOf(fieldsOf(canary["trafficRouting"])["istio"])["destinationRule"])["name"]);
  const host = textOf(
    fieldsOf(fieldsOf(all.find(({ kind, name }) => kind === "DestinationRule" && name === rule)?.object)["spec"])["host"],
  );
  const [canaryService, stableService] = [textOf(canary["canaryService"]), textOf(canary["stableService"])];
  const services = [stableService, host?.split(".")[0], ...selecting.map(({ name }) => name)].filter((name) => name !== undefined);
  return {
    namespace: textOf(fieldsOf(metadata)["namespace"]),
    name: rollout.name,
    services: services.filter((name) => name !== canaryService),
    canaryService,
    stableService,
    metadata: metadataOf(metadata),
  };
}

function podsOf(spec: Fields, canary: Fields): object | undefined {
  const fields = present({
    minReplicas: numberOf(canary["minPodsPerReplicaSet"]),
    progressDeadline: spec["progressDeadlineSeconds"] === undefined ? undefined : duration(spec["progressDeadlineSeconds"]),
    scaleDownDelay: canary["scaleDownDelaySeconds"] === undefined ? undefined : duration(canary["scaleDownDelaySeconds"]),
  });
  return Object.keys(fields).length === 0 ? undefined : fields;
}

const spoken = [
  "replicas",
  "selector",
  "template",
  "workloadRef",
  "strategy",
  "minReadySeconds",
  "revisionHistoryLimit",
  "progressDeadlineSeconds",
];
const alsoSpoken = ["paused", "analysis", "rollbackWindow", "progressDeadlineAbort", "restartAt"];
const inCanary = [
  "steps",
  "analysis",
  "trafficRouting",
  "canaryService",
  "stableService",
  "maxSurge",
  "maxUnavailable",
  "minPodsPerReplicaSet",
];
const notes: Record<string, string> = {
  antiAffinity: "pods are spread as the pod template says",
  canaryMetadata: "labels and annotations of pods are those of the pod template",
  stableMetadata: "labels and annotations of pods are those of the pod template",
  scaleDownDelayRevisionLimit: "only the revision that was replaced is kept for scaleDownDelay",
  abortScaleDownDelaySeconds: "after a rollback the canary's pods go when no request is on its way to them",
  dynamicStableScale: "the stable pods stay until the promotion",
};

function tellTheRest(spec: Fields, canary: Fields, remarks: Remarks, at: Remarks): void {
  remarks.leftover(spec, [...spoken, ...alsoSpoken]);
  at.leftover(canary, [...inCanary, ...Object.keys(notes), "scaleDownDelaySeconds"]);
  for (const [field, why] of Object.entries(notes)) if (canary[field] !== undefined) at.note([field], why);
  if (canary["canaryService"] !== undefined)
    at.note(["canaryService"], "no second Service is needed: both revisions are behind one; delete it when the Rollout is gone");
  if (spec["workloadRef"] === undefined) remarks.note([], "write a Deployment with this selector and template in place of the Rollout");
  const routing = fieldsOf(canary["trafficRouting"]);
  const { istio, managedRoutes, maxTrafficWeight, ...others } = routing;
  for (const field of Object.keys(others))
    at.matters(["trafficRouting", field], "is no way in that Serin shifts: it splits Istio's routes, else by the number of pods");
  if (managedRoutes !== undefined) at.note(["trafficRouting", "managedRoutes"], "are for header and mirror routes, which are left out");
  if (maxTrafficWeight !== undefined && numberOf(maxTrafficWeight) !== 100)
    at.matters(["trafficRouting", "maxTrafficWeight"], "weights are percent here: divide each setWeight by it");
  if (canary["trafficRouting"] === undefined)
    at.note(
      [],
      "shifts by the number of pods, and so does this policy where nothing routes (withoutRoute: Replicas); where a VirtualService routes, its weights are used",
    );
  for (const one of [fieldsOf(istio)["virtualService"], ...listOf(fieldsOf(istio)["virtualServices"])].map(fieldsOf))
    if (listOf(one["routes"]).length > 0)
      at.note(["trafficRouting", "istio"], "names routes; here every route to the Deployment's Services is split");
}

/** What holds of all of them, said once. */
export function tellInGeneral(remarks: Remarks): void {
  remarks.note(
    [],
    "differences on purpose: missing data (nothing, NaN) never passes, it holds the plan until onNoData; a step ends with a pass, never by time alone; a rollback puts the stable template back (onFailure)",
  );
}

export const remarksOn = (rollout: Written): Remarks => new Remarks(rollout);
