import { apiVersion } from "../../api/names.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import type { Foreseen } from "../../core/admission/foresee.ts";
import { nothingRoutes, waysInWords } from "../../core/plan/prepare.ts";
import { obstacles, wayOf } from "../../core/plan/routes.ts";
import type { Around } from "../lookAround.ts";
import { stepInWords } from "../step.ts";

/** A change of some containers, and what admission makes of it. */
export interface Explained {
  /** Without `to`: any other image. */
  containers: Array<{ container: string; image: string; to?: string }>;
  foreseen: Foreseen;
}

/** What `explain -o json` prints: fields are only ever added. */
export interface Explanation {
  apiVersion: typeof apiVersion;
  kind: "Explanation";
  deployment: { name: string; namespace: string };
  changes: Array<{
    containers: Explained["containers"];
    /** Absent: no policy applies. */
    policy?: { name: string; priority: number; steps: string[]; analysis?: string };
    decision: Foreseen["decision"];
    reason: string;
    message: string;
    notes: string[];
    /** Why the other policies don't apply. */
    others: Array<{ name: string; why: string }>;
    /** The ways in to the pods, and how traffic would be divided there; only where a canary would begin. */
    ways: Array<{ way: string; by: string; message: string }>;
  }>;
}

/** Everything from what was looked up; no client, no clock. */
export function explanationOf(around: Around, explained: readonly Explained[]): Explanation {
  const { name, namespace } = around.deployment.metadata;
  return {
    apiVersion,
    kind: "Explanation",
    deployment: { name, namespace },
    changes: explained.map(({ containers, foreseen: { policy, others, decision, reason, message, notes } }) => ({
      containers,
      ...(policy === undefined ? {} : { policy: policyInWords(policy) }),
      decision,
      reason,
      message,
      notes: [
        ...notes,
        ...(around.routing.partial ? [`only the routes of namespace ${namespace} could be read: others may split too`] : []),
      ],
      others: [...others, ...around.unusable],
      ways: policy !== undefined && decision === "Held" ? waysOf(around, policy) : [],
    })),
  };
}

function policyInWords({ metadata, spec }: CanaryPolicy): NonNullable<Explanation["changes"][number]["policy"]> {
  const names = (spec.analysis?.metrics ?? []).map((metric) => metric.name).join(", ");
  const from = spec.analysis?.startingStep === 0 ? "" : ` from step ${(spec.analysis?.startingStep ?? 0) + 1} on`;
  return {
    name: metadata.name,
    priority: spec.priority,
    steps: [...spec.steps.map(stepInWords), "promote"],
    ...(names === "" ? {} : { analysis: `${names}, measured all along${from}` }),
  };
}

/** As the plan would record them; what would keep it from starting comes first. */
function waysOf({ routing, deployment }: Around, { spec }: CanaryPolicy): Explanation["changes"][number]["ways"] {
  const templateLabels = deployment.spec.template.metadata?.labels ?? {};
  const look = { snapshot: routing, plan: {}, policy: spec, deployment: { templateLabels } };
  const way = wayOf(look);
  if (way === "none") return [{ way: "none", by: "none", message: `the plan would be held: ${nothingRoutes}` }];
  const inTheWay = way === "routes" ? obstacles(look) : [];
  return [...inTheWay.map((message) => ({ way: "none", by: "none", message: `the plan would be held: ${message}` })), ...waysInWords(look)];
}
