import { apiVersion } from "../../api/names.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { eachContainer } from "../explain/explain.ts";
import { explanationOf } from "../explain/explanation.ts";
import type { Around } from "../lookAround.ts";
import type { PolicyPreview } from "../output/schemas.ts";

type Row = PolicyPreview["deployments"][number];

/**
 * What these policies, together with those that are there, would make of the next image change of each Deployment. The question is put to admission
 * and routing themselves, as `explain` does.
 */
export function previewOf(policies: readonly CanaryPolicy[], arounds: readonly Around[]): PolicyPreview {
  const names = policies.map(({ metadata }) => metadata.name);
  return {
    apiVersion,
    kind: "PolicyPreview",
    policies: policies.map(({ metadata, spec }) => ({
      name: metadata.name,
      suspended: spec.suspend,
      metrics: (spec.analysis?.metrics ?? []).map(({ name }) => name),
    })),
    deployments: arounds.flatMap((around) => rowsOf(around, new Set(names))),
  };
}

/** A row for each answer that its containers get; those that no policy of the file is for are left out. */
function rowsOf(around: Around, wanted: ReadonlySet<string>): Row[] {
  const { namespace, name } = around.deployment.metadata;
  const { changes } = explanationOf(around, eachContainer(around));
  return changes.flatMap((change): Row[] => {
    if (change.policy === undefined || !wanted.has(change.policy.name)) return [];
    const isHeld = change.decision === "Held";
    return [
      {
        namespace,
        name,
        containers: change.containers.map(({ container, image }) => ({ container, image })),
        policy: change.policy.name,
        decision: change.decision,
        reason: change.reason,
        steps: change.policy.steps,
        ...(change.policy.analysis === undefined ? {} : { analysis: change.policy.analysis }),
        ways: change.ways.map(({ way, by, message }) => ({ way, by, message })),
        problems: [
          ...(isHeld ? [] : [change.message]),
          ...change.ways.filter(({ by }) => by === "none").map(({ message }) => message),
          ...withoutWeights(change.ways),
          ...change.notes,
        ],
      },
    ];
  });
}

function withoutWeights(ways: Row["ways"]): string[] {
  if (ways.length === 0 || ways.some(({ by }) => by !== "podCount")) return [];
  return ["weights mean nothing here: traffic is divided by the number of pods (no VirtualService leads to them)"];
}
