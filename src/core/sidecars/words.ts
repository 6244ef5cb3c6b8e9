import type { Words } from "../admission/reasons.ts";
import type { Demand, Lack } from "./demand.ts";
import type { LackReason } from "./reasons.ts";

/* What whoever makes a pod reads. Most pods are made by controllers, whose logs get the warnings: so what went well is not told. */

/** Not told: the team's own wish, and what another line tells already. */
const untold = new Set<LackReason>(["OptedOut", "LeftOut", "NotAdded"]);

/** One line for each policy, and its notes. */
export function lines(demands: readonly Demand[]): string[] {
  return demands.flatMap(({ policy, lacks, notes }) => {
    const name = policy.metadata.name;
    const audited = lacks.filter(({ reason }) => reason === "OnlyAudited").map(({ what }) => what);
    const told = lacks.filter(({ reason }) => !untold.has(reason) && reason !== "OnlyAudited");
    return [
      ...told.map(({ message }) => `sidecar policy ${name}: not added: ${message}`),
      ...(audited.length === 0 ? [] : [`sidecar policy ${name} (Audit): this pod lacks ${audited.join(", ")}`]),
      ...notes.map((note) => `sidecar policy ${name}: ${note}`),
    ];
  });
}

export const sidecarsAdded = (added: readonly Lack[], warnings: readonly string[]): Words => ({
  reason: "SidecarsAdded",
  message: `added ${added.map(({ what }) => what).join(", ")}`,
  warnings,
});

export const sidecarsLacking = (warnings: readonly string[]): Words => ({
  reason: "SidecarsLacking",
  message: warnings[0] ?? "the pod lacks something that a SidecarPolicy asks for",
  warnings,
});
