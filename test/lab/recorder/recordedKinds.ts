/** What the recorder watches unless told otherwise: every kind that Serin reads or writes on a user's behalf. */
export const RECORDED_KINDS = {
  deployments: { kind: "Deployment", path: "/apis/apps/v1/deployments" },
  replicasets: { kind: "ReplicaSet", path: "/apis/apps/v1/replicasets" },
  pods: { kind: "Pod", path: "/api/v1/pods" },
  services: { kind: "Service", path: "/api/v1/services" },
  endpointslices: { kind: "EndpointSlice", path: "/apis/discovery.k8s.io/v1/endpointslices" },
  virtualservices: { kind: "VirtualService", path: "/apis/networking.istio.io/v1/virtualservices" },
  destinationrules: { kind: "DestinationRule", path: "/apis/networking.istio.io/v1/destinationrules" },
  canaryplans: { kind: "CanaryPlan", path: "/apis/serin.dev/v1alpha1/canaryplans" },
  horizontalpodautoscalers: { kind: "HorizontalPodAutoscaler", path: "/apis/autoscaling/v2/horizontalpodautoscalers" },
} as const;

export type RecordedResource = keyof typeof RECORDED_KINDS;
