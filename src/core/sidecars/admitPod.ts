import type { CanaryPolicy } from "../../api/policy.ts";
import type { SidecarPolicy } from "../../api/sidecarPolicy.ts";
import { type Admission, allowed, patched } from "../admission/admission.ts";
import type { Asking } from "../admission/deploymentReview.ts";
import type { JsonPatchOperation } from "../admission/jsonPatch.ts";
import { silent } from "../admission/reasons.ts";
import type { PlanFact } from "../admission/world.ts";
import { applied } from "./applied.ts";
import { asWritten, markOperations } from "./asked.ts";
import type { Demand, Fix } from "./demand.ts";
import { addedNames, equipment } from "./demandsOn.ts";
import { podOperations } from "./operations.ts";
import { type PodCase, type PodLike, podCase, whyExempt } from "./pod.ts";
import { revisionFix, roleByHash } from "./revision.ts";
import { lines, sidecarsAdded, sidecarsLacking } from "./words.ts";

/** What is known when a pod is made. From caches, which may be behind. */
export interface PodWorld {
  ownNamespace: string;
  policies: readonly CanaryPolicy[];
  sidecarPolicies: readonly SidecarPolicy[];
  /** Undefined: the namespace is newer than the cache. */
  namespaceLabels(namespace: string): Record<string, string> | undefined;
  /** Plans of the namespace whose canary has this pod-template-hash. */
  plansOfRevision(namespace: string, hash: string): readonly PlanFact[];
}

/**
 * What happens to a pod that is made. It is always let through: a policy about sidecars stops no pod. Pure: the same pod and world give the same
 * answer, a dry-run gets it too, and asking again with the patched pod changes nothing, whether or not Istio's injector came between.
 */
export function admitPod({ asking, object }: { asking: Asking; object: PodLike }, world: PodWorld): Admission {
  if (asking.operation !== "CREATE") return allowed(silent("NotForUs"));
  if (world.sidecarPolicies.length === 0 && world.policies.length === 0) return allowed(silent("NoPolicy"));
  const { namespace } = asking;
  const role = roleByHash(object, (hash) => world.plansOfRevision(namespace, hash));
  const written = asWritten(object, world.sidecarPolicies);
  const c = podCase(written, { namespace, known: world.namespaceLabels(namespace), role, stage: "Admission" });
  if (whyExempt(c, world.ownNamespace) !== undefined) return allowed(silent("NotForUs"));
  const { demands, fixes } = equipment(c, world.sidecarPolicies, world.ownNamespace);
  return answer(object, c, demands, [...revisionFix(c, world.policies), ...fixes]);
}

/** @param object the pod as it comes; `pod` of the case is the same before inject.serin.dev has asked for anything */
function answer(object: PodLike, { pod }: PodCase, demands: readonly Demand[], fixes: readonly Fix[]): Admission {
  const operations = operationsOn(object, pod, fixes, addedNames(demands));
  const lacking = demands.filter(({ standing }) => standing === "Missing");
  if (lacking.length === 0) {
    if (fixes.length > 0) return patched("Equipped", silent("RevisionNamed"), operations);
    return operations.length > 0 ? patched("Stripped", silent("LeftoverRemoved"), operations) : untouched(demands);
  }
  const warnings = lines(demands);
  const lacks = lacking.flatMap((demand) => demand.lacks);
  const added = new Set(lacking.filter(isEnforced).flatMap((demand) => demand.lacks.filter((lack) => lack.fixes.length > 0)));
  const left = lacks.filter((lack) => !added.has(lack));
  const subject = {
    policy: lacking.map(({ policy }) => policy.metadata.name).join(", "),
    ...(left.length === 0
      ? {}
      : {
          lacks: left
            .map(({ message }) => message)
            .join("; ")
            .slice(0, longestNote),
        }),
  };
  const words = added.size > 0 ? sidecarsAdded([...added], warnings) : sidecarsLacking(warnings);
  const findings = lacks.map((lack) => (added.has(lack) ? "Added" : lack.reason));
  return { ...patched(added.size > 0 ? "Equipped" : "Lacking", words, operations, subject), findings };
}

function operationsOn(object: PodLike, pod: PodLike, fixes: readonly Fix[], added: ReadonlySet<string>): JsonPatchOperation[] {
  if (object === pod) return podOperations(pod, fixes, added);
  const rest = fixes.filter(({ kind }) => kind !== "label" && kind !== "annotation");
  return [...markOperations(object, applied(pod, fixes, added)), ...podOperations(pod, rest, added)];
}

const isEnforced = ({ policy }: Demand): boolean => policy.spec.enforcement === "Enforce";

/** A note is about what is asked for and was there before, so it has been told when it was added. */
const untouched = (demands: readonly Demand[]): Admission => allowed(silent(demands.length === 0 ? "NoPolicy" : "NothingAsked"));

/** Characters of one audit annotation: what a pod lacks is one sentence for each thing. */
const longestNote = 1_000;
