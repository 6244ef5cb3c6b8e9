import type { SidecarContainer } from "../../api/sidecarContainer.ts";
import type { SidecarVolume } from "../../api/sidecarPolicy.ts";
import { built, isNative, isRestricted, isSameContainer, isSameVolume } from "./build.ts";
import { type Asked, blocked, type Findings, type Lack, missing, whyMissing } from "./demand.ts";
import { containersOf, own, type PodLike } from "./pod.ts";

/* Containers with their volumes. All of a policy's go together: a tracer without its volume, or half of a pair, would be worse than none. */

export function containerPart(asked: Asked): Findings {
  const { policy, c } = asked;
  const containers = policy.spec.containers ?? [];
  const volumes = policy.spec.volumes ?? [];
  const lacks = [
    ...volumes.map((volume) => volumeLack(asked, volume)),
    ...containers.map((container) => containerLack(asked, container, volumes)),
  ].filter((lack) => lack !== undefined);
  const turned = containers.filter((container) => container.as === "Container" && isNative(container, c.pod));
  return { lacks, notes: turned.map(({ name }) => `container ${name} is added as a native sidecar: the pod is to end by itself`) };
}

function volumeLack(asked: Asked, volume: SidecarVolume): Lack | undefined {
  const what = `volume ${volume.name}`;
  const present = (asked.c.pod.spec.volumes ?? []).find(({ name }) => name === volume.name);
  const twice = present === undefined ? pathTwice(volume) : undefined;
  if (twice !== undefined) return blocked(what, "WouldBeRefused", `two of its sources write the file ${twice}`);
  if (present === undefined) return missing(asked, what, [{ kind: "volume", volume }]);
  return isSameVolume(present, volume) ? undefined : blocked(what, "NameTaken", "the pod has another volume of that name");
}

/** A path that two sources of a projected volume claim: `conflicting duplicate paths` in kubernetes:pkg/apis/core/validation. One list has none twice. */
function pathTwice({ projected }: SidecarVolume): string | undefined {
  const paths = (projected?.sources ?? []).flatMap(({ configMap, downwardAPI }) =>
    [...(configMap?.items ?? []), ...(downwardAPI?.items ?? [])].map(({ path }) => path),
  );
  return paths.find((path, index) => paths.indexOf(path) !== index);
}

/** Ordered: a name that is taken says more than what else would have been wrong. */
function containerLack(asked: Asked, container: SidecarContainer, volumes: readonly SidecarVolume[]): Lack | undefined {
  const { c, policy } = asked;
  const what = `container ${container.name}`;
  const wanted = built(container, policy.spec.security, c.pod);
  const present = containersOf(c.pod).find(({ name }) => name === wanted.name);
  if (present) return isSameContainer(present, wanted) ? undefined : differs(asked, what);
  if (policy.spec.security === "AsWritten" && !isRestricted(container)) {
    const refuses = whyPodSecurityRefuses(asked);
    if (refuses !== undefined) return blocked(what, "PodSecurityRefuses", refuses);
  }
  const absent = (container.volumeMounts ?? []).find(({ name }) => !hasVolume(c.pod, name) && !volumes.some((own) => own.name === name));
  if (absent) return blocked(what, "NoSuchVolume", `it mounts volume ${absent.name}, which neither the policy nor the pod has`);
  return missing(asked, what, [{ kind: "container", container: wanted, isNative: isNative(container, c.pod) }]);
}

/** In a stored pod another container of that name is most likely what the policy asked for before it was changed. */
function differs(asked: Asked, what: string): Lack {
  const before = asked.c.stage === "Stored" && whyMissing(asked) === "CreatedBefore";
  return before
    ? blocked(what, "CreatedBefore", "the pod has it as the policy said before")
    : blocked(what, "NameTaken", "the pod has another container of that name");
}

const hasVolume = ({ spec }: PodLike, wanted: string): boolean => (spec.volumes ?? []).some(({ name }) => name === wanted);

/** The label by which a namespace enforces (k8s.io/pod-security-admission/api/constants.go `EnforceLevelLabel`). A cluster-wide default can't be seen. */
const enforceLevel = "pod-security.kubernetes.io/enforce";

/** Of a namespace that was made a moment ago the worst is assumed: its first pod must not be refused for a container of ours. */
function whyPodSecurityRefuses({ c }: Asked): string | undefined {
  if (c.stage === "Admission" && !c.isNamespaceKnown)
    return `nothing is known yet of namespace ${c.namespace}, which may enforce PodSecurity`;
  const level = own(c.namespaceLabels, enforceLevel);
  const enforces = level !== undefined && level !== "privileged";
  return enforces ? `namespace ${c.namespace} enforces PodSecurity, which refuses it as it is written` : undefined;
}
