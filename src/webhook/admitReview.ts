import { type Admission, allowed, errored } from "../core/admission/admission.ts";
import { admitCarried } from "../core/admission/admitCarried.ts";
import { admitDeployment } from "../core/admission/admitDeployment.ts";
import { admitPlan } from "../core/admission/admitPlan.ts";
import { admitVirtualService } from "../core/admission/admitVirtualService.ts";
import { silent } from "../core/admission/reasons.ts";
import { others } from "../core/admission/words.ts";
import type { World } from "../core/admission/world.ts";
import { admitPod, type PodWorld } from "../core/sidecars/admitPod.ts";
import type { Review } from "./parseReview.ts";
import { isDeployment, isPlan, isPod, isVirtualService } from "./shapes.ts";

/** All that admission of any kind looks at. */
export type ReviewWorld = World & PodWorld;

/** Tells the kinds apart. A kind that we never asked for is let through: it is not ours to refuse. */
export function admitReview({ kind, asking, object, oldObject }: Review, world: ReviewWorld): Admission {
  if (kind === "/Pod") return isPod(object) ? admitPod({ asking, object }, world) : malformed("Pod");
  if (asking.operation !== "UPDATE") return allowed(silent("NotForUs"));
  switch (kind) {
    case "apps/Deployment":
      if (!isDeployment(object) || !isDeployment(oldObject)) return malformed("Deployment");
      return admitCarried(asking, object, oldObject, world) ?? admitDeployment({ asking, object, oldObject }, world);
    case "serin.dev/CanaryPlan":
      if (!isPlan(object) || !isPlan(oldObject)) return malformed("CanaryPlan");
      return admitPlan({ asking, object, oldObject }, world);
    case "networking.istio.io/VirtualService":
      if (!isVirtualService(object) || !isVirtualService(oldObject)) return malformed("VirtualService");
      return admitCarried(asking, object, oldObject, world) ?? admitVirtualService({ asking, object, oldObject }, world);
    default:
      return allowed(silent("NotForUs"));
  }
}

const malformed = (kind: string): Admission => errored(400, others.badReview(`it holds no ${kind}`));
