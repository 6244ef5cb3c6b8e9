import { istio } from "../../../api/names.ts";

/** One pod, as far as metrics can tell it from others. */
export interface RevisionOfPod {
  readonly hash: string;
  /** `metricsRevision` of its labels. */
  readonly revision: string;
}

/** By what the canary's requests are known, or why they can't be. */
export type CanaryRevision = { readonly value: string } | { readonly missing: string };

/**
 * The value of `destination_canonical_revision` that Istio gives to the requests of a pod with these labels (istio:pkg/model/label.go,
 * `GetOrDefaultCanonicalRevision…`). Serin's pod webhook names the pod-template-hash where the team names nothing.
 */
export function metricsRevision(labels: Readonly<Record<string, string>>): string {
  const named = [istio.canonicalRevision, "app.kubernetes.io/version", "version"].find((key) => Object.hasOwn(labels, key));
  return (named && labels[named]) || "latest";
}

/** Read from the pods themselves: a team may have a label of its own, and pods may have been made while the webhook was down. */
export function canaryRevision(pods: readonly RevisionOfPod[], hash: string): CanaryRevision {
  const named = new Set(pods.filter((pod) => pod.hash === hash).map(({ revision }) => revision));
  const others = new Set(pods.filter((pod) => pod.hash !== hash).map(({ revision }) => revision));
  const [value = hash, ...more] = named;
  if (more.length > 0)
    return { missing: `the canary's pods are of several revisions in Istio's metrics (${[...named].join(", ")}): ${advice}` };
  if (others.has(value)) return { missing: `canary and stable pods are both of revision ${value} in Istio's metrics: ${advice}` };
  return { value };
}

/** The value that most of stable's pods have; their hash where there are none. A query that names it counts the requests of those. */
export function stableRevision(pods: readonly RevisionOfPod[], hash: string): string {
  const counts = new Map<string, number>();
  for (const pod of pods) if (pod.hash === hash) counts.set(pod.revision, (counts.get(pod.revision) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? hash;
}

const advice = `label pods with a ${istio.canonicalRevision} of their own for each version, or with none, and Serin's webhook names it when a pod is made`;
