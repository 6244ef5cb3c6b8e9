import { z } from "zod";
import { type CanaryPlan, journalEntry } from "../../api/plan.ts";
import { planSeal } from "../../api/seal.ts";

/**
 * A plan as an auditor has it: from the cluster, or from a line of an export. Only what the checks touch must have its shape; all else may be anything,
 * and is compared with what was sealed.
 */
const shape = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string(), uid: z.string() }),
  spec: z.looseObject({ deployment: z.looseObject({ name: z.string() }), control: z.looseObject({}).optional() }),
  status: z
    .looseObject({ phase: z.string(), journal: z.array(z.looseObject(journalEntry.shape)).optional(), seal: planSeal.optional() })
    .optional(),
});

export type ReadPlan = { plan: CanaryPlan; error?: never } | { plan?: never; error: string };

export function readAuditedPlan(raw: unknown): ReadPlan {
  const read = shape.safeParse(raw);
  if (read.success) {
    const plan = raw as CanaryPlan;
    return { plan: plan.spec.control === undefined ? { ...plan, spec: { ...plan.spec, control: {} } } : plan };
  }
  const { metadata } = (raw ?? {}) as { metadata?: { namespace?: unknown; name?: unknown } };
  const [issue] = read.error.issues;
  return {
    error: `${String(metadata?.namespace ?? "?")}/${String(metadata?.name ?? "?")}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  };
}

export const nameOf = ({ metadata }: CanaryPlan): string => `${metadata.namespace}/${metadata.name}`;
