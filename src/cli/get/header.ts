import type { CanaryPlan } from "../../api/plan.ts";
import { imagesOf, type PodTemplate } from "../../api/template.ts";
import type { ReplicaSet } from "../../kube/object.ts";
import { hashOf, isPlanDue, type Scene, tagOf } from "../scene.ts";
import { type HeaderLine, type Info, planStatus, type Status, text } from "./row.ts";

/** The block above the tree, in the order that Argo Rollouts' users know. */
export function headerOf(scene: Scene): HeaderLine[] {
  const { plan } = scene;
  const message = messageOf(scene);
  return [
    line("Name", text(scene.name)),
    line("Namespace", text(scene.namespace)),
    { ...line("Status"), status: statusOf(scene) },
    ...(message === "" ? [] : [line("Message", text(message))]),
    ...(plan === undefined ? [] : strategy(plan)),
    ...images(scene),
    ...replicas(scene),
  ];
}

const line = (label: string, ...value: Info[]): HeaderLine => ({ label, indented: false, value });
const below = (label: string, ...value: Info[]): HeaderLine => ({ label, indented: true, value });

/** The plan's phase; without a plan the Deployment's own state. */
export function statusOf(scene: Scene): Status {
  const { deployment, plan } = scene;
  if (isPlanDue(scene)) return { look: "waiting", word: "Held" };
  if (plan !== undefined) return planStatus(plan);
  if (deployment === undefined) return { look: "unknown", word: "NotFound" };
  const wanted = deployment.spec?.replicas ?? 1;
  const { updatedReplicas = 0, availableReplicas = 0 } = deployment.status ?? {};
  if (deployment.spec?.paused) return { look: "paused", word: "Paused" };
  return updatedReplicas === wanted && availableReplicas >= wanted
    ? { look: "ok", word: "Healthy" }
    : { look: "progressing", word: "Progressing" };
}

function messageOf(scene: Scene): string {
  if (isPlanDue(scene)) return "the change is held and waits for Serin's worker to make its plan";
  const { plan } = scene;
  if (plan === undefined) return "no canary plan: no image change of this Deployment has met a policy yet";
  return plan.status === undefined ? "the plan was made" : `${plan.status.reason}: ${plan.status.message}`;
}

function strategy({ status, spec }: CanaryPlan): HeaderLine[] {
  const total = status?.step?.total ?? spec.policy?.spec.steps.length ?? 0;
  const { observed, requests, desired = 0 } = status?.weight ?? {};
  const counted = requests === undefined ? "" : ` (of ${requests} requests)`;
  return [
    line("Strategy", text("Canary")),
    below("Step", text(`${status?.step?.index ?? 0}/${total}`)),
    below("SetWeight", text(String(desired))),
    below("ActualWeight", text(observed === undefined ? "not counted yet" : `${observed}${counted}`)),
  ];
}

/** One line for each image that runs or is wanted, with what it is. */
function images({ deployment, plan, replicaSets }: Scene): HeaderLine[] {
  const tagged = new Map<string, Set<string>>();
  const add = (image: string, tag: string | undefined) => tagged.set(image, (tagged.get(image) ?? new Set()).add(tag ?? ""));
  for (const set of [...replicaSets].filter((each) => (each.status?.replicas ?? 0) > 0 || tagOf(hashOf(each), plan) !== undefined)) {
    for (const image of imagesIn(set)) add(image, tagOf(hashOf(set), plan));
  }
  if (tagged.size === 0 && deployment?.spec?.template)
    for (const image of imagesOf(deployment.spec.template as unknown as PodTemplate)) add(image, undefined);
  return [...tagged]
    .sort(([a, tagsOfA], [b, tagsOfB]) => order(tagsOfA) - order(tagsOfB) || (a < b ? -1 : 1))
    .map(([image, tags], index) => line(index === 0 ? "Images" : "", text(image), ...tagInfo([...tags].filter((tag) => tag !== ""))));
}

const imagesIn = (set: ReplicaSet): string[] => (set.spec?.template ? imagesOf(set.spec.template as unknown as PodTemplate) : []);
const order = (tags: Set<string>): number => (tags.has("stable") ? 0 : tags.has("canary") ? 1 : 2);
const tagInfo = (tags: string[]): Info[] =>
  tags.length === 0 ? [] : [text(`(${tags.sort().reverse().join(", ")})`, tags.includes("stable") ? "ok" : "waiting")];

function replicas({ deployment, plan, replicaSets }: Scene): HeaderLine[] {
  const sum = (count: (set: ReplicaSet) => number | undefined) => replicaSets.reduce((total, set) => total + (count(set) ?? 0), 0);
  const canary = replicaSets.find((set) => plan !== undefined && hashOf(set) === plan.spec.canary.hash);
  return [
    line("Replicas"),
    below("Desired", text(String(deployment?.spec?.replicas ?? 0))),
    below("Current", text(String(sum((set) => set.status?.replicas)))),
    below("Updated", text(String(plan === undefined ? (deployment?.status?.updatedReplicas ?? 0) : (canary?.status?.replicas ?? 0)))),
    below("Ready", text(String(sum((set) => set.status?.readyReplicas)))),
    below("Available", text(String(sum((set) => set.status?.availableReplicas)))),
  ];
}
