import type { KubeObject } from "./clusterClient.ts";

/** What the kubelet reads of a pod, and nothing more. */
export interface Pod extends KubeObject {
  spec: {
    nodeName?: string;
    nodeSelector?: Record<string, string>;
    schedulingGates?: { name: string }[];
    hostNetwork?: boolean;
    readinessGates?: { conditionType: string }[];
    containers: PodContainer[];
    initContainers?: PodContainer[];
  };
  status?: PodStatus;
}

export interface PodContainer {
  name: string;
  image: string;
  restartPolicy?: string;
  ports?: { containerPort: number; protocol?: string }[];
}

export interface PodCondition {
  type: string;
  status: "True" | "False" | "Unknown";
  lastTransitionTime?: string;
  reason?: string | null;
  message?: string | null;
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  containerID?: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
}

export interface ContainerState {
  running?: { startedAt: string };
  waiting?: { reason: string; message: string };
  terminated?: { exitCode: number; reason: string; startedAt: string; finishedAt: string; containerID: string };
}

export interface PodStatus {
  phase?: string;
  observedGeneration?: number;
  podIP?: string;
  podIPs?: { ip: string }[];
  hostIP?: string;
  hostIPs?: { ip: string }[];
  startTime?: string;
  conditions?: PodCondition[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
}

export const HOLLOW_LABEL = "lab.serin.dev/hollow";
export const ADDRESS_ANNOTATION = "lab.serin.dev/ip";

/** A hollow pod has a status but no server: something else answers on its address (the Envoy gateway), or nothing does. */
export function isHollow(pod: Pod): boolean {
  return pod.spec.hostNetwork === true || pod.metadata.labels?.[HOLLOW_LABEL] === "true";
}

/**
 * The container whose image gives the pod's behaviour: the one that `kubectl logs` would choose. That is the first one,
 * unless an injector put its proxy in front; then the injector says so in this annotation.
 */
export function mainContainer(pod: Pod): PodContainer {
  const named = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  const found = pod.spec.containers.find((c) => c.name === named) ?? pod.spec.containers[0];
  if (found === undefined) throw new Error(`pod ${pod.metadata.name} has no containers`);
  return found;
}

/** The TCP ports that the containers declare, each once; 80 and 8080 if there are none. */
export function portsOf(pod: Pod): number[] {
  const declared = pod.spec.containers.flatMap((c) => c.ports ?? []).filter((p) => (p.protocol ?? "TCP") === "TCP");
  return declared.length === 0 ? [80, 8080] : [...new Set(declared.map((p) => p.containerPort))];
}
