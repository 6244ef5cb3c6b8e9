import { z } from "zod";
import { apiVersion } from "./names.ts";
import { metadata, sentence, wording } from "./parsed.ts";
import { type CanaryPlan, type PlanMetadata, planSpec, planStatus } from "./plan.ts";

/* By itself, so that `kubectl serin get` need not make the schemas of all kinds first: 25 ms. */

export type PlanResult = { plan: CanaryPlan; error?: never } | { plan?: never; error: string };

const schema = z.object({ metadata: metadata.extend({ namespace: z.string() }), spec: planSpec, status: planStatus.optional() });

/** A plan with all defaults. Unknown fields, which a newer Serin may have left, are overlooked: a plan under way must not be stranded. */
export function parsePlan(object: unknown): PlanResult {
  const first = schema.safeParse(object, { error: wording });
  const parsed = first.success ? first : schema.safeParse(withoutUnknown(first.error, object), { error: wording });
  if (!parsed.success) return { error: sentence("CanaryPlan", object, parsed.error) };
  return { plan: { apiVersion, kind: "CanaryPlan", ...parsed.data, metadata: parsed.data.metadata as PlanMetadata } as CanaryPlan };
}

/** The object without the fields that a strict schema doesn't know. A copy; the same object when there are none. */
function withoutUnknown({ issues }: z.ZodError, object: unknown): unknown {
  const unknown = issues.filter((issue) => issue.code === "unrecognized_keys");
  if (unknown.length === 0) return object;
  const copy = structuredClone(object);
  for (const { path, keys } of unknown) {
    const parent = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], copy);
    for (const key of keys) delete (parent as Record<string, unknown>)[key];
  }
  return copy;
}
