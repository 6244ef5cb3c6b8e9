import { z } from "zod";
import { canaryPlanKind, kinds } from "./crd.ts";
import { type MetricTemplate, metricTemplateSpec } from "./metricTemplate.ts";
import { apiVersion } from "./names.ts";
import { metadata, sentence, wording } from "./parsed.ts";
import { type CanaryPolicy, policySpec, policyStatus } from "./policy.ts";
import { type SidecarPolicy, sidecarPolicySpec, sidecarPolicyStatus } from "./sidecarPolicy.ts";

export { fieldPath } from "./parsed.ts";
export { type PlanResult, parsePlan } from "./parsePlan.ts";

/*
 * Objects from the API server as values that the rest of Serin can trust. A stored object has passed the CRD of its time, which may be
 * older or newer than this program: so what doesn't fit gives a sentence for a condition or a log line, and never a throw.
 */

export type PolicyResult = { policy: CanaryPolicy; error?: never } | { policy?: never; error: string };
export type TemplateResult = { template: MetricTemplate; error?: never } | { template?: never; error: string };

// Made once: zod compiles a parser for each schema when it is first used.
const policy = z.object({ metadata, spec: policySpec, status: policyStatus.optional().catch(undefined) });
const sidecarPolicy = z.object({ metadata, spec: sidecarPolicySpec, status: sidecarPolicyStatus.optional().catch(undefined) });
const metricTemplate = z.object({ metadata, spec: metricTemplateSpec });

/** A policy with all defaults. An unknown field is an error: it would change what the policy means. A status that a newer Serin wrote is overlooked. */
export function parsePolicy(object: unknown): PolicyResult {
  const parsed = policy.safeParse(object, { error: wording });
  if (!parsed.success) return { error: sentence("CanaryPolicy", object, parsed.error) };
  return { policy: { apiVersion, kind: "CanaryPolicy", ...parsed.data } as CanaryPolicy };
}

export type SidecarPolicyResult = { policy: SidecarPolicy; error?: never } | { policy?: never; error: string };

/** A SidecarPolicy, as `parsePolicy` does it. */
export function parseSidecarPolicy(object: unknown): SidecarPolicyResult {
  const parsed = sidecarPolicy.safeParse(object, { error: wording });
  if (!parsed.success) return { error: sentence("SidecarPolicy", object, parsed.error) };
  return { policy: { apiVersion, kind: "SidecarPolicy", ...parsed.data } as SidecarPolicy };
}

/** A template with all defaults. An unknown field is an error, as in a policy. */
export function parseMetricTemplate(object: unknown): TemplateResult {
  const parsed = metricTemplate.safeParse(object, { error: wording });
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
