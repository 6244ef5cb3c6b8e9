import { annotations, revision } from "../../src/api/names.ts";
import type { PodTemplate } from "../../src/api/template.ts";
import type { Deployment, PodTemplateSpec } from "../../src/kube/object.ts";
import { built, type Change } from "./change.ts";
import { at, canaryImage, deploymentName, deploymentUid, labels, namespace, stableImage, template } from "./story.ts";

export type DeploymentDraft = Deployment & { spec: NonNullable<Deployment["spec"]>; status: NonNullable<Deployment["status"]> };

/** nginx:1.23.0, four pods, all of them available, nothing going on. */
export function aDeployment(...changes: ReadonlyArray<Change<DeploymentDraft>>): DeploymentDraft {
  return built(firstDraft(), changes);
}

function firstDraft(): DeploymentDraft {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: deploymentName,
      namespace,
      uid: deploymentUid,
      generation: 3,
      resourceVersion: "200",
      creationTimestamp: at(-86_400),
      annotations: { [revision]: "3" },
      labels: { ...labels },
    },
    spec: {
      replicas: 4,
      selector: { matchLabels: { ...labels } },
      template: wire(template(stableImage)),
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
    status: { observedGeneration: 3, replicas: 4, updatedReplicas: 4, readyReplicas: 4, availableReplicas: 4 },
  };
}

const wire = (pods: PodTemplate): PodTemplateSpec => pods as unknown as PodTemplateSpec;

export const withImage =
  (image: string): Change<DeploymentDraft> =>
  ({ spec }) => {
    spec.template = wire(template(image));
  };

/** Any fields of the spec: `withDeploymentSpec({ strategy: { type: "Recreate" } })`. */
export const withDeploymentSpec =
  (fields: Partial<DeploymentDraft["spec"]>): Change<DeploymentDraft> =>
  ({ spec }) =>
    void Object.assign(spec, fields);

/** So many pods wanted, and all of them there. */
export const withReplicas =
  (replicas: number): Change<DeploymentDraft> =>
  ({ spec, status }) => {
    spec.replicas = replicas;
    Object.assign(status, { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas });
  };

export const withDeploymentStatus =
  (fields: Partial<DeploymentDraft["status"]>): Change<DeploymentDraft> =>
  ({ status }) =>
    void Object.assign(status, fields);

export const paused = (): Change<DeploymentDraft> => withDeploymentSpec({ paused: true });

/** Held by Serin: the new template is there, paused, with an intent. Its text is given where a test reads it. */
export const held =
  (intent = '{"v":1}', image: string = canaryImage): Change<DeploymentDraft> =>
  (draft) => {
    withImage(image)(draft);
    draft.spec.paused = true;
    draft.metadata.generation = 4;
    draft.metadata.annotations = { ...draft.metadata.annotations, [annotations.intent]: intent };
    Object.assign(draft.status, { observedGeneration: 4, updatedReplicas: 0 });
  };
