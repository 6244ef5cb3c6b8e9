import type { SidecarPolicy } from "../../api/sidecarPolicy.ts";
import type { Lack } from "./demand.ts";
import { demandsOn } from "./demandsOn.ts";
import type { PodCase } from "./pod.ts";
import type { LackReason } from "./reasons.ts";

/** Whether a pod that is made anew from the same template would most likely have it: the others say something about the pod, the namespace or the policies. */
const cured: ReadonlySet<LackReason> = new Set<LackReason>(["CreatedBefore", "NotAdded", "NotInjected"]);
export const isRepairable = (reason: LackReason): boolean => cured.has(reason);

/** What some policy finds lacking in a pod. */
export interface PodLacks {
  pod: string;
  policy: string;
  lacks: Lack[];
}

/** What a restart of a workload would do for its pods. */
export interface Repair {
  /** Pods that some policy asks something of. */
  matched: number;
  /** What new pods would carry. */
  brought: PodLacks[];
  /** What they would lack too. */
  left: PodLacks[];
}

/**
 * Asks the same decision that the webhook makes about a pod of the workload's template, so that nobody restarts in vain.
 * @param pods as they are stored
 * @param fresh the template as a pod that is being made
 */
export function repairOf(pods: readonly PodCase[], fresh: PodCase, policies: readonly SidecarPolicy[], ownNamespace: string): Repair {
  const foreseen = new Map(demandsOn(fresh, policies, ownNamespace).map((demand) => [demand.policy.metadata.name, demand]));
  const repair: Repair = { matched: 0, brought: [], left: [] };
  for (const c of pods) {
    const demands = demandsOn(c, policies, ownNamespace);
    if (demands.length > 0) repair.matched += 1;
    for (const { policy, lacks } of demands) {
      const { name } = policy.metadata;
      const ahead = policy.spec.enforcement === "Enforce" ? foreseen.get(name) : undefined;
      const willCome = ({ what }: Lack) => ahead?.lacks.every((lack) => lack.what !== what || lack.fixes.length > 0) ?? false;
      const add = (to: PodLacks[], some: Lack[]) =>
        some.length > 0 && to.push({ pod: c.pod.metadata.name ?? "", policy: name, lacks: some });
      add(repair.brought, lacks.filter(willCome));
      add(
        repair.left,
        lacks.filter((lack) => !willCome(lack)),
      );
    }
  }
  return repair;
}
