import type { z } from "zod";
import type { metric } from "../../src/api/metric.ts";
import { apiVersion } from "../../src/api/names.ts";
import { parsePolicy } from "../../src/api/parse.ts";
import type { CanaryPolicy, policySpec } from "../../src/api/policy.ts";
import { built, type Change } from "./change.ts";

/** What an administrator writes, before defaults. */
export type PolicyInput = z.input<typeof policySpec>;
export type MetricInput = z.input<typeof metric>;

export interface PolicyDraft {
  metadata: { name: string; uid: string; generation: number; resourceVersion: string };
  spec: PolicyInput;
}

/** 30 % and 60 %, thirty seconds each, without analysis. @throws when the result is no valid policy */
export function aPolicy(...changes: ReadonlyArray<Change<PolicyDraft>>): CanaryPolicy {
  const draft: PolicyDraft = {
    metadata: { name: "default", uid: "c0000000-0000-4000-8000-000000000001", generation: 1, resourceVersion: "10" },
    spec: { steps: [{ setWeight: 30 }, { pause: { duration: "30s" } }, { setWeight: 60 }, { pause: { duration: "30s" } }] },
  };
  const { policy, error } = parsePolicy({ apiVersion, kind: "CanaryPolicy", ...built(draft, changes) });
  if (error !== undefined) throw new Error(error);
  return policy;
}

/** Any fields of the spec: `withSpec({ onFailure: "Hold" })`. */
export const withSpec =
  (spec: Partial<PolicyInput>): Change<PolicyDraft> =>
  (draft) => {
    draft.spec = { ...draft.spec, ...spec };
  };

export const withSteps = (...steps: PolicyInput["steps"]): Change<PolicyDraft> => withSpec({ steps });

/** Background analysis from the first step on. */
export const withAnalysis = (...metrics: MetricInput[]): Change<PolicyDraft> => withSpec({ analysis: { metrics } });

export const withPriority = (priority: number): Change<PolicyDraft> => withSpec({ priority });

export const suspended = (): Change<PolicyDraft> => withSpec({ suspend: true });

/** A share of good answers that must reach 95 %, every ten seconds. */
export function aMetric(fields: Partial<MetricInput> = {}): MetricInput {
  return {
    name: "success-rate",
    interval: "10s",
    successCondition: "result[0] >= 0.95",
    provider: { prometheus: { query: 'sum(rate(istio_requests_total{response_code!~"5.."}[1m])) / sum(rate(istio_requests_total[1m]))' } },
    ...fields,
  };
}
