import type { DaemonSet, Deployment, StatefulSet } from "../../kube/object.ts";
import { type Resource, resources } from "../../kube/resources.ts";
import { nameable } from "../target.ts";
import { UserError } from "../userError.ts";

/** What can be restarted at a pace of its own. */
export type WorkloadKind = "Deployment" | "DaemonSet" | "StatefulSet";
export type Workload = Deployment | DaemonSet | StatefulSet;

export interface WorkloadName {
  kind: WorkloadKind;
  resource: Resource;
  name: string;
  /** `deploy/web`, as kubectl's users type it. */
  short: string;
}

const kinds: ReadonlyArray<{ kind: WorkloadKind; resource: Resource; short: string; words: readonly string[] }> = [
  { kind: "Deployment", resource: resources.deployments, short: "deploy", words: ["deploy", "deployment", "deployments"] },
  { kind: "DaemonSet", resource: resources.daemonsets, short: "ds", words: ["ds", "daemonset", "daemonsets"] },
  { kind: "StatefulSet", resource: resources.statefulsets, short: "sts", words: ["sts", "statefulset", "statefulsets"] },
];

/** `deploy/web`, `daemonset/agent`, `statefulset.apps/db`, `deploy web`; a bare name is a Deployment's. @throws UserError */
export function workloadNamed(words: readonly string[], verb: string): WorkloadName {
  const [typed = "", name, ...rest] =
    words.length === 1 && !words[0]?.includes("/") ? ["deploy", words[0]] : words.flatMap((word) => word.split("/"));
  const wrong = (why: string) =>
    new UserError({ what: `can't ${verb} ${words.join(" ")}`, why, todo: `write it like: kubectl serin sidecars ${verb} deploy/web` });
  if (!name || rest.length > 0) throw wrong("that is not one workload");
  if (!nameable.test(name)) throw wrong("nothing can be called that: lower case letters, digits, hyphens and dots, at most 253");
  const kind = kinds.find((each) => each.words.includes(typed.toLowerCase().replace(/\.apps$/, "")));
  if (kind === undefined)
    throw wrong(`${typed} is none of Deployment, DaemonSet and StatefulSet, which replace their pods at their own pace`);
  return { kind: kind.kind, resource: kind.resource, name, short: `${kind.short}/${name}` };
}

/** Why its pods would not be replaced however its template changes; undefined when they would. */
export function whyStill(workload: Workload): string | undefined {
  const spec = workload.spec as { updateStrategy?: { type?: string }; paused?: boolean } | undefined;
  if (spec?.updateStrategy?.type === "OnDelete") return "its updateStrategy is OnDelete: it replaces a pod only when somebody deletes it";
  return spec?.paused ? "it is paused, so a restart would wait until it is resumed" : undefined;
}

/** How far the rollout of the template is. */
export interface Progress {
  line: string;
  isDone: boolean;
  /** It will not go on by itself. */
  failed?: boolean;
}

/** What `kubectl rollout status` goes by (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go). */
export function progressOf({ kind, short }: WorkloadName, workload: Workload): Progress {
  const { metadata, status } = workload;
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0))
    return { line: `${short}: its controller has not seen it yet`, isDone: false };
  switch (kind) {
    case "Deployment":
      return deploymentProgress(short, workload as Deployment);
    case "DaemonSet": {
      const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = (workload as DaemonSet).status ?? {};
      // Its status tells how many are available, old ones among them, as kubectl does.
      return {
        line: `${short}: ${updatedNumberScheduled} of ${desiredNumberScheduled} pods are new, ${numberAvailable} old and new ones available`,
        isDone: updatedNumberScheduled >= desiredNumberScheduled && numberAvailable >= desiredNumberScheduled,
      };
    }
    case "StatefulSet": {
      const { spec, status: of } = workload as StatefulSet;
      const replicas = spec?.replicas ?? 1;
      const wanted = Math.max(0, replicas - (spec?.updateStrategy?.rollingUpdate?.partition ?? 0));
      const { updatedReplicas = 0, readyReplicas = 0, currentRevision, updateRevision } = of ?? {};
      // With all pods updated the controller makes the new revision the current one.
      const updated = currentRevision === updateRevision ? wanted : updatedReplicas;
      return counted(short, { wanted, updated, available: Math.min(updated, Math.max(0, readyReplicas - (replicas - wanted))), old: 0 });
    }
  }
}

function deploymentProgress(short: string, { spec, status }: Deployment): Progress {
  const stuck = status?.conditions?.find(({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded");
  if (stuck) return { line: `${short}: ${stuck.message ?? "its progress deadline has passed"}`, isDone: false, failed: true };
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  const available = Math.min(availableReplicas, updatedReplicas);
  return counted(short, { wanted: spec?.replicas ?? 1, updated: updatedReplicas, available, old: replicas - updatedReplicas });
}

function counted(short: string, { wanted, updated, available, old }: Record<"wanted" | "updated" | "available" | "old", number>): Progress {
  const waiting = old > 0 ? `, ${old} old ${old === 1 ? "one is" : "ones are"} left` : "";
  return {
    line: `${short}: ${updated} of ${wanted} pods are new, ${available} of them available${waiting}`,
    isDone: updated >= wanted && available >= wanted && old <= 0,
  };
}
