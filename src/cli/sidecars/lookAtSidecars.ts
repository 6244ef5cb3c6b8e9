import { podTemplateHash, systemNamespace } from "../../api/names.ts";
import { parseSidecarPolicy } from "../../api/parse.ts";
import type { SidecarPolicy } from "../../api/sidecarPolicy.ts";
import type { Demand } from "../../core/sidecars/demand.ts";
import { demandsOn } from "../../core/sidecars/demandsOn.ts";
import { type PodCase, type PodLike, podCase, type Role } from "../../core/sidecars/pod.ts";
import { isForbidden } from "../../kube/apiError.ts";
import type { KubeObject, Namespace, Pod, ReplicaSet } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { Cluster } from "../io.ts";

type Reader = Cluster["client"];

export interface Policies {
  policies: SidecarPolicy[];
  /** Those that can't be used, each with the sentence that says why. */
  unusable: Array<{ name: string; why: string }>;
}

/** Who makes a pod again when it is gone. */
export interface Owner {
  kind: string;
  name: string;
}

/** A pod that some policy asks something of. */
export interface AskedPod {
  namespace: string;
  name: string;
  owner: Owner | undefined;
  createdAt: string;
  /** In the order in which the policies go. */
  demands: Demand[];
}

/** @throws ApiError when the person may not read policies */
export async function readSidecarPolicies(client: Reader): Promise<Policies> {
  const { items } = await client.list<KubeObject>(resources.sidecarpolicies);
  const parsed = items.map((item) => ({ name: item.metadata.name ?? "", ...parseSidecarPolicy(item) }));
  return {
    policies: parsed.flatMap(({ policy }) => policy ?? []),
    unusable: parsed.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, why: error }])),
  };
}

/** Reads the pods of a namespace, or of all, and asks what the policies ask of them. Three lists at most. */
export async function lookAtPods(
  client: Reader,
  policies: readonly SidecarPolicy[],
  { namespace, labelSelector }: { namespace: string | undefined; labelSelector: string | undefined },
): Promise<AskedPod[]> {
  const [pods, about] = await Promise.all([
    client.list<Pod>(resources.pods, { namespace, labelSelector }),
    surroundings(client, policies, namespace),
  ]);
  return pods.items
    .map((pod) => ({
      namespace: pod.metadata.namespace ?? "",
      name: pod.metadata.name ?? "",
      owner: ownerOf(pod),
      createdAt: String(pod.metadata.creationTimestamp ?? ""),
      demands: demandsOn(about(pod), policies, systemNamespace),
    }))
    .filter(({ demands }) => demands.length > 0);
}

/**
 * What a pod doesn't say itself: the labels of its namespace, and whether it is a canary's. Who may not read namespaces is told what holds for one
 * that has only its name.
 * @returns each stored pod as the policies look at it
 */
export async function surroundings(
  client: Reader,
  policies: readonly SidecarPolicy[],
  namespace: string | undefined,
): Promise<(pod: Pod) => PodCase> {
  const asksForCanaries = policies.some(({ spec }) => spec.match.track === "Canary");
  const [namespaces, sets] = await Promise.all([
    readable(namespacesOf(client, namespace)),
    asksForCanaries ? client.list<ReplicaSet>(resources.replicasets, { namespace }) : { items: [] },
  ]);
  const known = new Map((namespaces ?? []).map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const canaries = new Set(sets.items.filter(isOfPlan).map(({ metadata }) => metadata.uid));
  return (pod) => {
    const { namespace: of = "" } = pod.metadata;
    const owner = controllerOf(pod);
    const role: Role = owner?.kind !== "ReplicaSet" ? "None" : canaries.has(owner.uid) ? "Canary" : "Stable";
    return podCase(pod as unknown as PodLike, { namespace: of, known: known.get(of), role, stage: "Stored" });
  };
}

async function namespacesOf(client: Reader, namespace: string | undefined): Promise<Namespace[]> {
  if (namespace === undefined) return (await client.list<Namespace>(resources.namespaces)).items;
  const one = await client.get<Namespace>(resources.namespaces, namespace);
  return one === undefined ? [] : [one];
}

/** A person may see the pods of a namespace and not the namespace itself. */
const readable = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: unknown) => {
    if (isForbidden(error)) return undefined;
    throw error;
  });

const isOfPlan = ({ metadata }: ReplicaSet): boolean =>
  metadata.ownerReferences?.some(({ kind, controller }) => controller === true && kind === "CanaryPlan") ?? false;

const controllerOf = ({ metadata }: Pod) => metadata.ownerReferences?.find(({ controller }) => controller === true);

/** The Deployment of a pod by the name of its ReplicaSet, which the Deployment controller makes of the Deployment's name and the hash. */
function ownerOf(pod: Pod): Owner | undefined {
  const owner = controllerOf(pod);
  if (owner === undefined) return undefined;
  const hash = pod.metadata.labels?.[podTemplateHash];
  const end = `-${hash}`;
  return owner.kind === "ReplicaSet" && hash !== undefined && owner.name.endsWith(end)
    ? { kind: "Deployment", name: owner.name.slice(0, -end.length) }
    : { kind: owner.kind, name: owner.name };
}
