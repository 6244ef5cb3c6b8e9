import { z } from "zod";
import { canaryPlanKind, kinds } from "./crd.ts";
import { type MetricTemplate, metricTemplateSpec } from "./metricTemplate.ts";
import { apiVersion } from "./names.ts";
import { type CanaryPlan, type PlanMetadata, planSpec, planStatus } from "./plan.ts";
import { type CanaryPolicy, policySpec, policyStatus } from "./policy.ts";
import { type SidecarPolicy, sidecarPolicySpec, sidecarPolicyStatus } from "./sidecarPolicy.ts";

/*
 * Objects from the API server as values that the rest of Serin can trust. A stored object has passed the CRD of its time, which may be
 * older or newer than this program: so what doesn't fit gives a sentence for a condition or a log line, and never a throw.
 */

export type PolicyResult = { policy: CanaryPolicy; error?: never } | { policy?: never; error: string };
export type TemplateResult = { template: MetricTemplate; error?: never } | { template?: never; error: string };
export type PlanResult = { plan: CanaryPlan; error?: never } | { plan?: never; error: string };

/** A policy with all defaults. An unknown field is an error: it would change what the policy means. A status that a newer Serin wrote is overlooked. */
export function parsePolicy(object: unknown): PolicyResult {
  const parsed = z
    .object({ metadata, spec: policySpec, status: policyStatus.optional().catch(undefined) })
    .safeParse(object, { error: wording });
  if (!parsed.success) return { error: sentence("CanaryPolicy", object, parsed.error) };
  return { policy: { apiVersion, kind: "CanaryPolicy", ...parsed.data } as CanaryPolicy };
}

export type SidecarPolicyResult = { policy: SidecarPolicy; error?: never } | { policy?: never; error: string };

/** A SidecarPolicy, as `parsePolicy` does it. */
export function parseSidecarPolicy(object: unknown): SidecarPolicyResult {
  const parsed = z
    .object({ metadata, spec: sidecarPolicySpec, status: sidecarPolicyStatus.optional().catch(undefined) })
    .safeParse(object, { error: wording });
  if (!parsed.success) return { error: sentence("SidecarPolicy", object, parsed.error) };
  return { policy: { apiVersion, kind: "SidecarPolicy", ...parsed.data } as SidecarPolicy };
}

/** A template with all defaults. An unknown field is an error, as in a policy. */
export function parseMetricTemplate(object: unknown): TemplateResult {
  const parsed = z.object({ metadata, spec: metricTemplateSpec }).safeParse(object, { error: wording });
  if (!parsed.success) return { error: sentence("MetricTemplate", object, parsed.error) };
  return { template: { apiVersion, kind: "MetricTemplate", ...parsed.data } as MetricTemplate };
}

/** One problem of an object, and the fields that lead to it. */
export interface Issue {
  readonly path: ReadonlyArray<string | number>;
  readonly message: string;
}

/** The kinds that people write; plans are Serin's own. */
const written = new Map<string, z.ZodType>(kinds.filter((each) => each !== canaryPlanKind).map(({ kind, spec }) => [kind, spec]));
export const writtenKinds: readonly string[] = [...written.keys()];

/** Everything that the API server would refuse about an object that somebody wrote, each problem at its field; of an unknown field, at itself. */
export function issuesOf(kind: string, object: unknown): Issue[] {
  const parsed = z.object({ metadata, spec: written.get(kind) ?? z.unknown() }).safeParse(object, { error: wording });
  return (parsed.error?.issues ?? []).flatMap((issue): Issue[] => {
    const path = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({ path: [...path, key], message: `unknown field "${key}"` }));
  });
}

/** A plan with all defaults. Unknown fields, which a newer Serin may have left, are overlooked: a plan under way must not be stranded. */
export function parsePlan(object: unknown): PlanResult {
  const schema = z.object({ metadata: metadata.extend({ namespace: z.string() }), spec: planSpec, status: planStatus.optional() });
  const known = withoutUnknown(schema, object);
  const parsed = schema.safeParse(known, { error: wording });
  if (!parsed.success) return { error: sentence("CanaryPlan", object, parsed.error) };
  return { plan: { apiVersion, kind: "CanaryPlan", ...parsed.data, metadata: parsed.data.metadata as PlanMetadata } as CanaryPlan };
}

const metadata = z.looseObject({ name: z.string() });

/** The object without the fields that a strict schema doesn't know. A copy; the same object when there are none. */
function withoutUnknown(schema: z.ZodType, object: unknown): unknown {
  const result = schema.safeParse(object);
  const unknown = (result.error?.issues ?? []).filter((issue) => issue.code === "unrecognized_keys");
  if (unknown.length === 0) return object;
  const copy = structuredClone(object);
  for (const { path, keys } of unknown) {
    const parent = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], copy);
    for (const key of keys) delete (parent as Record<string, unknown>)[key];
  }
  return copy;
}

/** At most three problems in one sentence, each with the path that kubectl users know: `spec.steps[0].setWeight: …`. */
function sentence(kind: string, object: unknown, error: z.ZodError): string {
  const name = z.object({ metadata }).safeParse(object).data?.metadata.name;
  const problems = error.issues.map(({ path, message }) => (path.length > 0 ? `${fieldPath(path)}: ${message}` : message));
  const more = problems.length > 3 ? `; and ${problems.length - 3} more` : "";
  return `${kind}${name === undefined ? "" : ` ${name}`} can't be used: ${problems.slice(0, 3).join("; ")}${more}`;
}

/** `spec.steps[0].setWeight`, as kubectl users know it. */
export const fieldPath = (path: readonly PropertyKey[]): string =>
  path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`)).join("");

/** Our words where zod's would speak to a programmer. Undefined leaves the rest to zod. */
const wording: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === "unrecognized_keys") return `unknown field ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
  if (issue.code === "invalid_type" && issue.input === undefined) return "is required";
  if (issue.code === "invalid_type") return `must be ${article(issue.expected)}`;
  if (issue.code === "too_small") return `must be at least ${issue.minimum}${unit(issue.origin)}`;
  if (issue.code === "too_big") return `must be at most ${issue.maximum}${unit(issue.origin)}`;
  if (issue.code === "invalid_value") return `must be ${issue.values.map((value) => String(value)).join(" or ")}`;
  return undefined;
};

const unit = (origin: string): string => (origin === "string" ? " characters long" : origin === "array" ? " items long" : "");

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);
