import type { ManagedFieldsEntry } from "../../api/intent.ts";
import type { Request } from "../../api/plan.ts";
import type { PodTemplate } from "../../api/template.ts";

/** A Deployment as kube-apiserver sends it for review; only what admission reads is named. */
export interface ReviewedDeployment {
  metadata: {
    name: string;
    namespace: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    managedFields?: ManagedFieldsEntry[];
    deletionTimestamp?: string;
  };
  spec: {
    paused?: boolean;
    replicas?: number;
    strategy?: { type?: string };
    template: PodTemplate;
  };
  status?: { availableReplicas?: number };
}

/** Who asks, with which tool. The fields of an AdmissionRequest that are the same for every kind. */
export interface Asking {
  /** uid of the admission request. kube-apiserver makes a new one when it asks again for the same write. */
  requestUid: string;
  user: string;
  groups: readonly string[];
  /** `kubectl-set`, `kubectl-rollout`, `helm` …: the tool (design §3 fact 4). */
  fieldManager?: string;
  operation: string;
  dryRun: boolean;
  namespace: string;
  name: string;
}

export interface DeploymentReview {
  asking: Asking;
  object: ReviewedDeployment;
  oldObject: ReviewedDeployment;
}

/** The lengths that the schema of an intent allows: one user with a thousand groups must not make his intent unreadable. */
const longest = { user: 1024, groups: 64, group: 1024, fieldManager: 256 };

/** The record of who asked, as it goes into intent and plan. */
export function requestOf(asking: Asking, now: string): Request {
  return {
    uid: asking.requestUid.slice(0, 64),
    user: asking.user.slice(0, longest.user),
    groups: asking.groups.slice(0, longest.groups).map((group) => group.slice(0, longest.group)),
    ...(asking.fieldManager === undefined ? {} : { fieldManager: asking.fieldManager.slice(0, longest.fieldManager) }),
    operation: asking.operation.slice(0, 32),
    at: now,
  };
}
