/** The status that a kubelet would write, from the pod's spec and where it stands in its life. Pure. */
import { type ImageBehaviour, imageBehaviour } from "./imageBehaviour.ts";
import type { ContainerState, ContainerStatus, Pod, PodCondition, PodContainer, PodStatus } from "./pod.ts";

/**
 *  start ──1 s──► readyAt ──────► leaving (deletionTimestamp) ──► gone
 *    └ crash: restarts 1, 2, 3 …   └ not ready, answers go on
 *    └ notfound: pullBackOff
 */
export interface PodLife {
  readonly address: string;
  readonly hostAddress: string;
  readonly startedAt: string;
  readonly readyAt: string | undefined;
  readonly leaving: boolean;
  readonly restarts: number;
  /** When it last crashed, if it ever was started again after a crash. */
  readonly crashedAt?: string;
  readonly pullBackOff: boolean;
}

export function podStatus(pod: Pod, life: PodLife, now: string): PodStatus {
  const sidecars = (pod.spec.initContainers ?? []).map((c) =>
    c.restartPolicy === "Always" ? running(pod, c, life) : completed(pod, c, life),
  );
  const containers = pod.spec.containers.map((c) => running(pod, c, life));
  const pulling = containers.some((c) => c.state.waiting !== undefined && c.restartCount === 0);
  return {
    phase: pulling ? "Pending" : "Running",
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    podIP: life.address,
    podIPs: [{ ip: life.address }],
    hostIP: life.hostAddress,
    hostIPs: [{ ip: life.hostAddress }],
    startTime: life.startedAt,
    conditions: conditions(pod, [...sidecars, ...containers], now),
    containerStatuses: containers,
    ...(sidecars.length === 0 ? {} : { initContainerStatuses: sidecars }),
  };
}

function running(pod: Pod, container: PodContainer, life: PodLife): ContainerStatus {
  const behaviour = imageBehaviour(container.image);
  const id = containerId(pod, container, life.restarts);
  const up = !behaviour.crash && !behaviour.notFound;
  return {
    name: container.name,
    image: container.image,
    imageID: behaviour.notFound ? "" : `lab://${container.image}`,
    ...(behaviour.notFound ? {} : { containerID: id }),
    ready: up && !behaviour.unready && life.readyAt !== undefined && !life.leaving,
    started: up,
    restartCount: behaviour.crash ? life.restarts : 0,
    state: state(pod, container, behaviour, life),
    lastState: behaviour.crash && life.restarts > 0 ? crashed(id, life) : {},
  };
}

function state(pod: Pod, container: PodContainer, behaviour: ImageBehaviour, life: PodLife): ContainerState {
  if (behaviour.notFound) {
    return life.pullBackOff
      ? { waiting: { reason: "ImagePullBackOff", message: `Back-off pulling image "${container.image}"` } }
      : { waiting: { reason: "ErrImagePull", message: `failed to pull and unpack image "${container.image}": not found` } };
  }
  if (behaviour.crash) {
    if (life.restarts === 0) return crashed(containerId(pod, container, 0), life);
    const { name, namespace } = pod.metadata;
    const message = `back-off restarting failed container=${container.name} pod=${name}_${namespace}`;
    return { waiting: { reason: "CrashLoopBackOff", message } };
  }
  return { running: { startedAt: life.startedAt } };
}

function crashed(containerID: string, life: PodLife): ContainerState {
  const at = life.crashedAt ?? life.startedAt;
  return { terminated: { exitCode: 1, reason: "Error", startedAt: at, finishedAt: at, containerID } };
}

/** An ordinary init container has nothing to wait for here: it is done at once. */
function completed(pod: Pod, container: PodContainer, life: PodLife): ContainerStatus {
  const containerID = containerId(pod, container, 0);
  return {
    name: container.name,
    image: container.image,
    imageID: `lab://${container.image}`,
    containerID,
    ready: true,
    started: false,
    restartCount: 0,
    state: { terminated: { exitCode: 0, reason: "Completed", startedAt: life.startedAt, finishedAt: life.startedAt, containerID } },
    lastState: {},
  };
}

function containerId(pod: Pod, container: PodContainer, restarts: number): string {
  return `lab://${pod.metadata.uid}/${container.name}/${restarts}`;
}

function conditions(pod: Pod, statuses: ContainerStatus[], now: string): PodCondition[] {
  const unready = statuses.filter((c) => !c.ready).map((c) => c.name);
  const notReady = { reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` };
  const gates = (pod.spec.readinessGates ?? []).map((gate) => gate.conditionType);
  const closed = gates.filter((gate) => !pod.status?.conditions?.some((c) => c.type === gate && c.status === "True"));
  const gatesClosed = { reason: "ReadinessGatesNotReady", message: `readiness gates not ready: ${closed.join(", ")}` };
  const whyContainers = unready.length === 0 ? undefined : notReady;
  const whyReady = whyContainers ?? (closed.length === 0 ? undefined : gatesClosed);
  return [
    condition(pod, "PodReadyToStartContainers", undefined, now),
    condition(pod, "Initialized", undefined, now),
    condition(pod, "ContainersReady", whyContainers, now),
    condition(pod, "Ready", whyReady, now),
    condition(pod, "PodScheduled", undefined, now),
  ];
}

/** Keeps the transition time of a condition that stays as it is: `minReadySeconds` is counted from it. */
function condition(pod: Pod, type: string, whyNot: { reason: string; message: string } | undefined, now: string): PodCondition {
  const status = whyNot === undefined ? "True" : "False";
  const before = pod.status?.conditions?.find((c) => c.type === type);
  const since = before?.status === status ? before.lastTransitionTime : undefined;
  // null, not absent: a strategic merge patch would keep the reason of the time before.
  return { type, status, lastTransitionTime: since ?? now, reason: whyNot?.reason ?? null, message: whyNot?.message ?? null };
}

/** The API's times have whole seconds. */
export function apiTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
