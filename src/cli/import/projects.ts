/** Projects whose manifests can be read, and the kinds of each. */
export const kinds = {
  argo: "Rollout, AnalysisTemplate or ClusterAnalysisTemplate",
  flagger: "Canary or MetricTemplate",
} as const;

export type Project = keyof typeof kinds;
