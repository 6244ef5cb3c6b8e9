import { containersOf, type PodContainer, type PodLike } from "../../../src/core/sidecars/pod.ts";

/*
 * PodSecurity *restricted*, written again from k8s.io/pod-security-admission v0.36.3, policy/: check_allowPrivilegeEscalation.go
 * (allowPrivilegeEscalation_1_25), check_capabilities_restricted.go, check_runAsNonRoot.go (1.0), check_runAsUser.go (1.23),
 * check_seccompProfile_restricted.go, check_restrictedVolumes.go, check_privileged.go, check_hostPorts.go, check_hostNamespaces.go,
 * check_hostProbesAndhostLifecycle.go. Independent of the code under test; test/lab/sidecars.test.ts asks the real one.
 */

interface Context {
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  runAsNonRoot?: boolean;
  runAsUser?: number;
  capabilities?: { add?: string[]; drop?: string[] };
  seccompProfile?: { type: string };
}

const volumeKinds = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"];

/** What *restricted* has against the pod; empty when it admits it. */
export function violations(pod: PodLike): string[] {
  const spec = pod.spec as PodLike["spec"] & { hostPID?: boolean; hostIPC?: boolean };
  const around = (spec.securityContext ?? {}) as Context;
  const found: string[] = [];
  if (spec.hostNetwork || spec.hostPID || spec.hostIPC) found.push("host namespaces");
  for (const volume of spec.volumes ?? []) if (!volumeKinds.some((kind) => volume[kind] !== undefined)) found.push(`volume ${volume.name}`);
  if (around.runAsNonRoot === false || around.runAsUser === 0) found.push("pod runs as root");
  if (around.seccompProfile && !isConfined(around)) found.push("pod seccomp");
  return [
    ...found,
    ...containersOf(pod).flatMap((container) => ofContainer(container, around).map((what) => `${container.name}: ${what}`)),
  ];
}

function ofContainer(container: PodContainer, around: Context): string[] {
  const context = (container["securityContext"] ?? {}) as Context;
  const ports = (container["ports"] ?? []) as Array<{ hostPort?: number }>;
  const probes = ["startupProbe", "livenessProbe", "readinessProbe"].map(
    (probe) => container[probe] as { httpGet?: { host?: string }; tcpSocket?: { host?: string } } | undefined,
  );
  return [
    context.privileged === true && "privileged",
    context.allowPrivilegeEscalation !== false && "allowPrivilegeEscalation",
    !context.capabilities?.drop?.includes("ALL") && "capabilities.drop",
    (context.capabilities?.add ?? []).some((added) => added !== "NET_BIND_SERVICE") && "capabilities.add",
    (context.runAsNonRoot ?? around.runAsNonRoot) !== true && "runAsNonRoot",
    context.runAsUser === 0 && "runAsUser",
    !isConfined(context.seccompProfile ? context : around) && "seccompProfile",
    ports.some(({ hostPort }) => hostPort) && "hostPort",
    probes.some((probe) => probe?.httpGet?.host || probe?.tcpSocket?.host) && "probe host",
  ].filter((what) => what !== false);
}

const isConfined = ({ seccompProfile }: Context): boolean =>
  seccompProfile?.type === "RuntimeDefault" || seccompProfile?.type === "Localhost";
