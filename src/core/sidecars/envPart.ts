import { istio } from "../../api/names.ts";
import { type Asked, type Findings, missing } from "./demand.ts";

/**
 * Variables for the pod's own containers, as the PodPreset of old gave them: those beside each other in `containers`, without Istio's and
 * without what policies add. A variable that a container has already is the team's and stays.
 */
export function envPart(asked: Asked): Findings {
  const { c, policy, added } = asked;
  const variables = policy.spec.env ?? [];
  const lacks = c.pod.spec.containers
    .filter(({ name }) => !added.has(name) && !(istio.containers as readonly string[]).includes(name))
    .flatMap((container) => {
      const absent = variables.filter(({ name }) => !(container.env ?? []).some((present) => present.name === name));
      if (absent.length === 0) return [];
      const what = `variables of container ${container.name} (${absent.map(({ name }) => name).join(", ")})`;
      return [
        missing(
          asked,
          what,
          absent.map((variable) => ({ kind: "variable", container: container.name, variable })),
        ),
      ];
    });
  return { lacks, notes: [] };
}
