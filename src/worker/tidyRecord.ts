import type { CanaryPlan } from "../api/plan.ts";
import { policySpec } from "../api/policy.ts";
import { plansToPrune } from "../core/audit/prune.ts";
import { resources } from "../kube/resources.ts";
import type { Hands } from "./act/act.ts";
import { storeStatus } from "./act/writeStatus.ts";

/**
 * Once nothing else is to be done about a Deployment (`namespace/name`): seals what ended while nothing could be sealed, and prunes.
 * @returns whether it is to be looked at again soon
 */
export async function tidyRecord(key: string, hands: Hands, mayWrite: () => boolean): Promise<boolean> {
  const { caches, sealer } = hands;
  const plans = caches.plans.index("deployment", key);
  const late = plans.filter((plan) => sealer.isLate(plan));
  for (const plan of late) if (plan.status) await sealer.seal(plan, plan.status, (sealed) => storeStatus(plan, sealed, hands));
  return (await prune(plans, hands, mayWrite)) || late.length > 0;
}

/** Of a plan that says nothing of its policy. */
const usualHistory = policySpec.shape.history.parse(undefined);

/**
 * Removes finished plans that are beyond their policy's `history`. That they go is written into the signed heads
 * before, so that the chain of seals has no hole that nobody explains; after a crash in between they go at the next look.
 * @returns whether there may be more
 */
async function prune(plans: readonly CanaryPlan[], { client, caches, sealer, now }: Hands, mayWrite: () => boolean): Promise<boolean> {
  const policyOf = (name: string | undefined) => (name === undefined ? undefined : caches.policies.get(name));
  const gone = plansToPrune(plans, now(), ({ spec }) => (policyOf(spec.policy?.name)?.spec ?? spec.policy?.spec)?.history ?? usualHistory);
  if (
    gone.length === 0 ||
    !(await sealer.note(
      "pruned",
      gone.flatMap(({ status }) => status?.seal?.number ?? []),
    ))
  )
    return false;
  for (const { metadata } of gone) {
    if (!mayWrite()) return false;
    const { name, namespace, uid, resourceVersion } = metadata;
    await client.remove(resources.canaryplans, name, namespace, {
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
    });
  }
  return true;
}
