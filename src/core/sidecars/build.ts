import { type ImageReference, parseImageReference } from "../../api/imageReference.ts";
import type { SidecarContainer } from "../../api/sidecarContainer.ts";
import type { SidecarPolicySpec, SidecarVolume } from "../../api/sidecarPolicy.ts";
import { contains } from "./contains.ts";
import { endsByItself, type PodContainer, type PodLike } from "./pod.ts";

/* From what a policy writes to what a pod has. */

/** A user that is not root, for a container that would inherit user 0 from its pod and then be kept from starting by runAsNonRoot. */
const nobody = 65_532;

export const isNative = (container: SidecarContainer, pod: PodLike): boolean => container.as === "Native" || endsByItself(pod);

/** The container as it goes into this pod. */
export function built(container: SidecarContainer, security: SidecarPolicySpec["security"], pod: PodLike): PodContainer {
  const { as: _, securityContext, resources, ...rest } = container;
  const context = security === "Restricted" ? restricted(securityContext, pod) : securityContext;
  return {
    ...rest,
    // The amounts of a pod as a whole must cover those of its containers (`validatePodResourceConsistency` in kubernetes:pkg/apis/core/validation).
    ...(resources === undefined || pod.spec.resources !== undefined ? {} : { resources }),
    ...(context === undefined ? {} : { securityContext: context }),
    ...(isNative(container, pod) ? { restartPolicy: "Always" } : {}),
  } as PodContainer;
}

type Context = NonNullable<SidecarContainer["securityContext"]>;

/** With all that PodSecurity *restricted* wants to see on a container, so that it doesn't matter what the pod says. */
function restricted(written: Context | undefined, pod: PodLike): Context {
  const drop = written?.capabilities?.drop ?? [];
  const inheritsRoot = written?.runAsUser === undefined && pod.spec.securityContext?.runAsUser === 0;
  return {
    ...written,
    ...(inheritsRoot ? { runAsUser: nobody } : {}),
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    capabilities: { ...written?.capabilities, drop: drop.includes("ALL") ? drop : [...drop, "ALL"] },
    seccompProfile: written?.seccompProfile ?? { type: "RuntimeDefault" },
  };
}

/** Whether PodSecurity *restricted* has nothing against this container, whatever the pod around it says. See `api/sidecarSecurity.ts` for the sources. */
export function isRestricted({ securityContext }: SidecarContainer): boolean {
  const { privileged, allowPrivilegeEscalation, runAsNonRoot, runAsUser, capabilities, seccompProfile } = securityContext ?? {};
  return (
    privileged !== true &&
    allowPrivilegeEscalation === false &&
    runAsNonRoot === true &&
    runAsUser !== 0 &&
    (capabilities?.drop ?? []).includes("ALL") &&
    (capabilities?.add ?? []).every((added) => added === "NET_BIND_SERVICE") &&
    (seccompProfile?.type === "RuntimeDefault" || seccompProfile?.type === "Localhost")
  );
}

/** What other webhooks and controllers change for good reasons: Istio's injector the probes, LimitRanger and the autoscaler the resources. */
export const othersChange: ReadonlySet<string> = new Set([
  "resources",
  "startupProbe",
  "livenessProbe",
  "readinessProbe",
  "imagePullPolicy",
  "securityContext",
]);

/** Whether the container that is there is the one that is asked for. */
export function isSameContainer(present: PodContainer, asked: PodContainer): boolean {
  const compared = Object.fromEntries(Object.entries(asked).filter(([field]) => field !== "image" && !othersChange.has(field)));
  // A list of words is a list, not a set; and a plain container is another thing than a native one.
  const words = (["command", "args"] as const).every(
    (field) => JSON.stringify(present[field] ?? []) === JSON.stringify(asked[field] ?? []),
  );
  const isSame = words && present.restartPolicy === asked.restartPolicy && isSameImage(present["image"], asked["image"]);
  return isSame && contains(present, compared);
}

/**
 * Whether one image may be the other, as a webhook has written it: with a mirror's registry and folders before the name, or with the digest that the
 * tag stood for. What a pod with another version has is not the same.
 */
export function isSameImage(present: unknown, asked: unknown): boolean {
  if (present === asked) return true;
  const [there, wanted] = [present, asked].map((image) => (typeof image === "string" ? parseImageReference(image) : undefined));
  if (there === undefined || wanted === undefined || nameOf(there) !== nameOf(wanted)) return false;
  if (wanted.digest !== undefined) return there.digest === wanted.digest;
  return there.digest !== undefined && there.tag === undefined ? true : tagOf(there) === tagOf(wanted);
}

const nameOf = ({ path }: ImageReference): string => path.slice(path.lastIndexOf("/") + 1);
const tagOf = ({ tag = "latest" }: ImageReference): string => tag;

/** Whether the volume that is there is the one that is asked for. Sizes are spelled in many ways, so they are not compared. */
export function isSameVolume(present: Readonly<Record<string, unknown>>, { name: _, emptyDir, ...rest }: SidecarVolume): boolean {
  if (emptyDir === undefined) return contains(present, rest);
  const there = present["emptyDir"] as { medium?: string } | undefined;
  return there !== undefined && there !== null && (there.medium ?? "") === (emptyDir.medium ?? "");
}
