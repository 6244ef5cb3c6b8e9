import type { PodTemplate } from "../../api/template.ts";

/* What in a pod template keeps two versions from running beside each other. Admission and the worker's record of bypasses both ask here. */

/** Names of the claims that all pods of the template share. Ephemeral volumes have a claim for each pod, so they are no matter. */
export function claimsIn({ spec }: PodTemplate): string[] {
  return (spec.volumes ?? []).flatMap((volume) => {
    const claim = volume["persistentVolumeClaim"] as { claimName?: unknown } | undefined;
    return typeof claim?.claimName === "string" ? [claim.claimName] : [];
  });
}

/** The first port of the node that the pods take. With hostNetwork every container port is one. */
export function hostPortIn({ spec }: PodTemplate): number | undefined {
  const ports = [...spec.containers, ...(spec.initContainers ?? [])].flatMap((container) => container.ports ?? []);
  return ports.flatMap((port) => port.hostPort || (spec["hostNetwork"] === true ? port.containerPort : []))[0];
}
