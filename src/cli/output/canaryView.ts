import { annotations, apiVersion } from "../../api/names.ts";
import { askedIn, type CanaryPlan } from "../../api/plan.ts";
import { imagesOf, type PodTemplate } from "../../api/template.ts";
import type { Pod, ReplicaSet } from "../../kube/object.ts";
import { nextOf } from "../get/next.ts";
import { podStatus } from "../get/podStatus.ts";
import { hashOf, isOvertaken, isPlanDue, revisionOf, type Scene, tagOf } from "../scene.ts";
import { isPast, outcomeOf, waitsForPerson } from "../standing.ts";
import { exitCodes } from "../userError.ts";
import type { CanaryView, PlanView } from "./schemas.ts";

/** Everything from what was looked up and the time; no client, no clock. `withPods`: the scene has ReplicaSets and pods too. */
export function canaryView(scene: Scene, now: number, withPods = false): CanaryView {
  const { namespace, name, plan } = scene;
  const view = plan === undefined || isPlanDue(scene) || isPast(scene) ? undefined : planView(plan, now);
  return {
    apiVersion,
    kind: "CanaryView",
    namespace,
    name,
    standing: standingOf(scene),
    message: messageOf(scene),
    ...(scene.deployment === undefined ? {} : { deployment: deploymentView(scene, scene.deployment) }),
    ...(view === undefined ? {} : { plan: view }),
    ...(withPods ? { revisions: revisionsOf(scene) } : {}),
  };
}

function standingOf(scene: Scene): CanaryView["standing"] {
  if (!isPlanDue(scene) && isPast(scene)) return "NoPlan";
  switch (outcomeOf(scene)) {
    case undefined:
      return !isOvertaken(scene) && !isPlanDue(scene) && scene.plan && waitsForPerson(scene.plan) ? "WaitingForPerson" : "Running";
    case exitCodes.promoted:
      return "Promoted";
    case exitCodes.noPlan:
      return "NoPlan";
    default:
      return "NotPromoted";
  }
}

function messageOf(scene: Scene): string {
  if (isPlanDue(scene)) return "the change is held and waits for Serin's worker to make its plan";
  if (scene.plan === undefined) return "no canary plan: no image change of this Deployment has met a policy yet";
  if (isPast(scene)) return `no canary plan for what it runs now; the last plan, ${scene.plan.metadata.name}, was for another change`;
  return scene.plan.status?.message ?? "the plan was made";
}

function deploymentView({ namespace, name }: Scene, { spec, status, metadata }: NonNullable<Scene["deployment"]>) {
  return {
    namespace,
    name,
    images: spec?.template ? imagesOf(spec.template as unknown as PodTemplate) : [],
    replicas: { desired: spec?.replicas ?? 1, ready: status?.readyReplicas ?? 0, available: status?.availableReplicas ?? 0 },
    held: spec?.paused === true && metadata.annotations?.[annotations.intent] !== undefined,
  };
}

/** A plan in short. */
export function planView(plan: CanaryPlan, now: number): PlanView {
  const { metadata, spec, status } = plan;
  const next = nextOf(plan, now);
  const asked = askedIn(plan);
  const { index = 0, total = spec.policy?.spec.steps.length ?? 0, text } = status?.step ?? {};
  const { desired = 0, observed, requests } = status?.weight ?? {};
  const startedAt = status?.startedAt ?? metadata.creationTimestamp;
  return {
    name: metadata.name,
    phase: status?.phase ?? "Preparing",
    reason: status?.reason ?? "PlanCreated",
    message: status?.message ?? "the plan was made",
    step: { index, total, ...(text === undefined ? {} : { text }) },
    weight: { desired, ...(observed === undefined ? {} : { observed }), ...(requests === undefined ? {} : { requests }) },
    images: { stable: spec.stable.images, canary: spec.canary.images },
    ...(spec.policy === undefined ? {} : { policy: spec.policy.name }),
    ...(asked === undefined ? {} : { requestedBy: asked.user }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(status?.finishedAt === undefined ? {} : { finishedAt: status.finishedAt }),
    metrics: (status?.metrics ?? []).map((metric) => {
      const { name, phase, successful, failed, inconclusive, errors, noData, dryRun } = metric;
      const last = metric.measurements.at(-1);
      const said = last && {
        at: last.finishedAt,
        verdict: last.verdict,
        ...(last.value === undefined ? {} : { value: last.value }),
        message: last.message,
      };
      return { name, phase, successful, failed, inconclusive, errors, noData, dryRun: dryRun === true, ...(said ? { last: said } : {}) };
    }),
    approvals: status?.approvals ?? [],
    ...(next === undefined ? {} : { next }),
  };
}

function revisionsOf({ replicaSets, pods, plan }: Scene): NonNullable<CanaryView["revisions"]> {
  return [...replicaSets]
    .sort((a, b) => revisionOf(b) - revisionOf(a))
    .map((set) => {
      const is = tagOf(hashOf(set), plan);
      return {
        replicaSet: set.metadata.name ?? "",
        revision: revisionOf(set),
        ...(is === undefined ? {} : { is }),
        replicas: set.status?.replicas ?? 0,
        ready: set.status?.readyReplicas ?? 0,
        pods: pods.filter((pod) => isOf(pod, set)).map(podView),
      };
    });
}

const isOf = ({ metadata }: Pod, set: ReplicaSet): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) ?? false;

function podView(pod: Pod) {
  const containers = pod.status?.containerStatuses ?? [];
  return {
    name: pod.metadata.name ?? "",
    status: podStatus(pod).word,
    ready: containers.length > 0 && containers.every(({ ready }) => ready),
    restarts: containers.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0),
  };
}
