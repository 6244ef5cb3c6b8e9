import type { CanaryPlan } from "../../api/plan.ts";
import type { Pod, ReplicaSet } from "../../kube/object.ts";
import { ageSince } from "../age.ts";
import { hashOf, isPlanDue, revisionOf, type Scene, tagOf } from "../scene.ts";
import { statusOf } from "./header.ts";
import { podInfo, podStatus } from "./podStatus.ts";
import { type Info, type Row, type Status, text } from "./row.ts";

/** Deployment → revisions, the newest first → ReplicaSet → pods, the oldest first. */
export function deploymentRow(scene: Scene, now: number): Row {
  const { deployment, replicaSets, name } = scene;
  const newestFirst = [...replicaSets].sort(
    (a, b) => revisionOf(b) - revisionOf(a) || ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1),
  );
  return {
    icon: "Deployment",
    name,
    kind: "Deployment",
    status: statusOf(scene),
    age: ageSince(deployment?.metadata.creationTimestamp, now),
    info: isHeld(scene) ? [text("held", "waiting")] : [],
    children: newestFirst.map((set) => revisionRow(scene, set, now)),
  };
}

/** Paused because of a plan, not by a person. */
const isHeld = (scene: Scene): boolean => scene.deployment?.spec?.paused === true && (scene.plan !== undefined || isPlanDue(scene));

function revisionRow(scene: Scene, set: ReplicaSet, now: number): Row {
  const number = revisionOf(set);
  return {
    icon: "Revision",
    name: number > 0 ? `revision:${number}` : "revision",
    kind: "",
    status: undefined,
    age: "",
    info: [],
    children: [replicaSetRow(scene, set, now)],
  };
}

function replicaSetRow({ plan, pods }: Scene, set: ReplicaSet, now: number): Row {
  const own = pods.filter((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid));
  const oldestFirst = own.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    icon: "ReplicaSet",
    name: set.metadata.name ?? "",
    kind: "ReplicaSet",
    status: replicaSetStatus(set),
    age: ageSince(set.metadata.creationTimestamp, now),
    info: replicaSetInfo(set, plan),
    children: oldestFirst.map((pod) => podRow(pod, now)),
  };
}

const key = ({ metadata }: Pod): string => `${metadata.creationTimestamp} ${metadata.name}`;

function replicaSetStatus({ spec, status }: ReplicaSet): Status {
  const wanted = spec?.replicas ?? 1;
  if (wanted === 0 && (status?.replicas ?? 0) === 0) return { look: "neutral", word: "ScaledDown" };
  return (status?.availableReplicas ?? 0) === wanted && status?.replicas === wanted
    ? { look: "ok", word: "Healthy" }
    : { look: "progressing", word: "Progressing" };
}

function replicaSetInfo(set: ReplicaSet, plan: CanaryPlan | undefined): Info[] {
  const tag = tagOf(hashOf(set), plan);
  return tag === undefined ? [] : [text(tag, tag === "stable" ? "ok" : "waiting")];
}

function podRow(pod: Pod, now: number): Row {
  return {
    icon: "Pod",
    name: pod.metadata.name ?? "",
    kind: "Pod",
    status: podStatus(pod),
    age: ageSince(pod.metadata.creationTimestamp, now),
    info: [text(podInfo(pod))],
    children: [],
  };
}
