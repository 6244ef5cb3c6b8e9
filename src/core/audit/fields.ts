import { hash } from "node:crypto";
import { type CanaryPlan, type PlanSpec, type PlanStatus, planSpec } from "../../api/plan.ts";
import { type StructuralSchema, structural } from "../../api/structural.ts";
import { canonicalJson } from "../../api/template.ts";
import { withoutDefaults } from "../../api/withoutDefaults.ts";

/** What may differ after the end without anything being wrong: the worker notes which generation it has seen, the seal itself comes last. */
const unsealed: ReadonlySet<string> = new Set(["observedGeneration", "journal", "seal"]);

/** `retry` is asked of a plan that is over, and has a plan of its own. */
const controls = ["hold", "approve", "promote", "abort"] as const;
export type Control = (typeof controls)[number];

/** What people have asked of a plan, each as canonical JSON. */
export function askedOf({ control }: PlanSpec): Partial<Record<Control, string>> {
  const asked = controls.flatMap((name) =>
    control[name] === undefined || control[name] === null ? [] : [[name, canonicalJson(control[name])]],
  );
  return Object.fromEntries(asked) as Partial<Record<Control, string>>;
}

export type Digests = Record<string, string>;

/**
 * Half a SHA-256 of each field of the spec that nobody may change, by its path: `spec.request`. Without what the API server fills in by itself.
 */
export function specDigests({ control: _, ...spec }: PlanSpec): Digests {
  specSchema ??= structural(planSpec);
  const digests: Digests = {};
  for (const [name, value] of Object.entries(withoutDefaults(spec, specSchema) as object)) put(digests, `spec.${name}`, value);
  return digests;
}
let specSchema: StructuralSchema | undefined;

/** The same of everything that a seal covers: `spec.request`, `status.metrics`. */
export function fieldDigests({ spec }: Pick<CanaryPlan, "spec">, status: PlanStatus, fixed: Digests = specDigests(spec)): Digests {
  const digests: Digests = { ...fixed };
  for (const [name, value] of Object.entries(status)) if (!unsealed.has(name)) put(digests, `status.${name}`, value);
  return digests;
}

function put(digests: Digests, path: string, value: unknown): void {
  if (value !== undefined && value !== null) digests[path] = hash("sha256", canonicalJson(value), "hex").slice(0, 32);
}
