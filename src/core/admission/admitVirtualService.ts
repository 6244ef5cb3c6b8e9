import { keepSplit } from "../traffic/reapply.ts";
import type { VirtualServiceSpec } from "../traffic/wire.ts";
import { type Admission, allowed, patched } from "./admission.ts";
import type { Asking } from "./deploymentReview.ts";
import { type JsonPatchOperation, jsonPointer } from "./jsonPatch.ts";
import { silent } from "./reasons.ts";
import { others } from "./words.ts";
import type { World } from "./world.ts";

export interface VirtualServiceReview {
  asking: Asking;
  object: { spec: VirtualServiceSpec };
  oldObject: { spec: VirtualServiceSpec };
}

const protocols = ["http", "tls", "tcp"] as const;

/**
 * A VirtualService that carries the split of a live plan is applied from Git. The team's change goes in and the split stays, in this very write:
 * repaired a moment later, the weights would have jumped and come back.
 */
export function admitVirtualService({ asking, object, oldObject }: VirtualServiceReview, world: World): Admission {
  if (asking.operation !== "UPDATE") return allowed(silent("NotForUs"));
  if (asking.user === world.workerUser) return allowed(silent("WorkerWrite"));
  const plans = world.plansRouting(asking.namespace, asking.name).filter((plan) => plan.live);
  let spec = object.spec;
  for (const plan of plans) {
    const hosts = plan.services.map((name) => ({ name, namespace: plan.namespace }));
    spec = keepSplit(spec, oldObject.spec, { namespace: asking.namespace, hosts });
  }
  const operations = protocols.flatMap((protocol): JsonPatchOperation[] => {
    const routes = spec[protocol];
    return routes === object.spec[protocol] || routes === undefined
      ? []
      : [{ op: "replace", path: jsonPointer("spec", protocol), value: routes }];
  });
  const names = plans.map((plan) => plan.name).join(", ");
  return operations.length === 0
    ? allowed(silent("NothingAsked"))
    : patched("SplitKept", others.splitKept(names), operations, { plan: names });
}
