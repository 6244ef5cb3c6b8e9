import { systemNamespace } from "../../api/names.ts";
import { parsePlan } from "../../api/parsePlan.ts";
import type { CanaryPlan, PlanSpec } from "../../api/plan.ts";
import { isProven } from "../../core/audit/forgedStamps.ts";
import type { KubeObject } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { Cluster } from "../io.ts";
import { UserError } from "../userError.ts";

type Client = Cluster["client"];
export type Field = keyof PlanSpec["control"];
/** What is written, without who and when; null takes it back. */
type Wish = { step?: number; full?: boolean } | null;

export const fieldManager = "kubectl-serin";

/** Writes one field of `spec.control`. @returns the plan as it was stored, with the webhook's stamp where it was there */
export async function write(client: Client, { metadata }: CanaryPlan, field: Field, wish: Wish): Promise<CanaryPlan | undefined> {
  const patch = { type: "merge", body: { spec: { control: { [field]: wish } } } } as const;
  const stored = await client.patch<KubeObject>(resources.canaryplans, metadata.name, metadata.namespace, patch, { fieldManager });
  return parsePlan(stored).plan;
}

/** Who asked, by the webhook's signature: a name without it may be anybody's, and the worker counts it for nothing. */
export const askedBy = (plan: CanaryPlan | undefined, field: Field): string | undefined =>
  plan !== undefined && isProven(plan, field) ? plan.spec.control[field]?.by : undefined;

/**
 * Only the webhook's stamp of who and when makes it a request. A wish is stamped when it is new, not when it stays: so one that is there already, from
 * a time when the webhook was away or for an earlier gate, is taken back before asking, and a new one after asking in vain.
 * @returns who asked, by the webhook's word. @throws UserError when nobody stamped it
 */
export async function ask(client: Client, plan: CanaryPlan, field: Field, wish: NonNullable<Wish>, verb: string): Promise<string> {
  if (plan.spec.control[field] !== undefined) await write(client, plan, field, null);
  const by = askedBy(await write(client, plan, field, wish), field);
  if (by !== undefined) return by;
  await write(client, plan, field, null);
  throw new UserError({
    what: `can't ${verb} plan ${plan.metadata.name}`,
    why: "Serin's webhook, which records who asks, was not asked itself: it is down or not installed",
    todo: `try again when it is back: kubectl get pods -n ${systemNamespace}`,
  });
}

/** For what is safe at any time: it counts without a stamp too. @returns who asked, undefined when nobody stamped it */
export const askSafely = async (client: Client, plan: CanaryPlan, field: "hold" | "abort"): Promise<string | undefined> =>
  askedBy(await write(client, plan, field, {}), field);
