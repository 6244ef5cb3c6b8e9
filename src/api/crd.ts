import type { z } from "zod";
import { metricTemplateSpec } from "./metricTemplate.ts";
import { group, version } from "./names.ts";
import { planSpec, planStatus } from "./plan.ts";
import { policySpec, policyStatus } from "./policy.ts";
import { sidecarPolicySpec, sidecarPolicyStatus } from "./sidecarPolicy.ts";
import { type StructuralSchema, structural } from "./structural.ts";

/*
 * The CustomResourceDefinitions, made from the same schemas that Serin reads objects with. `make generate` writes them to `manifests/crd`;
 * a test fails when those files are older than this source.
 */

export interface CustomResourceDefinition {
  apiVersion: "apiextensions.k8s.io/v1";
  kind: "CustomResourceDefinition";
  metadata: { name: string };
  spec: Record<string, unknown>;
}

/** A column of `kubectl get`. With priority 1 only `-o wide` shows it. */
interface Column {
  name: string;
  type: "string" | "integer" | "boolean" | "date";
  jsonPath: string;
  description: string;
  priority?: 1;
}

interface Kind {
  kind: string;
  singular: string;
  plural: string;
  shortName: string;
  scope: "Cluster" | "Namespaced";
  description: string;
  spec: z.ZodType;
  /** Absent: nobody writes one. */
  status?: z.ZodType;
  columns: Column[];
  selectable: string[];
}

const age: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Time since it was made." };

const conditionStatus = (type: string) => `.status.conditions[?(@.type=="${type}")].status`;

export const canaryPolicyKind: Kind = {
  kind: "CanaryPolicy",
  singular: "canarypolicy",
  plural: "canarypolicies",
  shortName: "cpol",
  scope: "Cluster",
  description: "Says which image changes become canaries, and how each one goes. Written by a cluster administrator.",
  spec: policySpec,
  status: policyStatus,
  columns: [
    { name: "Suspended", type: "boolean", jsonPath: ".spec.suspend", description: "Whether the policy matches nothing." },
    { name: "Priority", type: "integer", jsonPath: ".spec.priority", description: "The highest of the policies that match wins." },
    { name: "Trigger", type: "string", jsonPath: ".spec.trigger", description: "What starts a canary.", priority: 1 },
    { name: "On-Failure", type: "string", jsonPath: ".spec.onFailure", description: "What a rollback does.", priority: 1 },
    {
      name: "Accepted",
      type: "string",
      jsonPath: conditionStatus("Accepted"),
      description: "Whether its queries and conditions can be used.",
    },
    {
      name: "Unjudged",
      type: "string",
      jsonPath: conditionStatus("Unjudged"),
      description: "Whether a step ends by time alone.",
      priority: 1,
    },
    {
      name: "Notified",
      type: "string",
      jsonPath: conditionStatus("Notified"),
      description: "Whether those who are to be told take it.",
      priority: 1,
    },
    age,
  ],
  selectable: [],
};

export const canaryPlanKind: Kind = {
  kind: "CanaryPlan",
  singular: "canaryplan",
  plural: "canaryplans",
  shortName: "plan",
  scope: "Namespaced",
  description:
    "One image change of one Deployment: who asked, which policy, every step, every number that was judged, the outcome. Made by Serin.",
  spec: planSpec,
  status: planStatus,
  columns: [
    { name: "Deployment", type: "string", jsonPath: ".spec.deployment.name", description: "Whose image changed." },
    { name: "Phase", type: "string", jsonPath: ".status.phase", description: "Where the plan stands." },
    { name: "Step", type: "string", jsonPath: ".status.step.label", description: "Steps done, of how many." },
    { name: "Weight", type: "integer", jsonPath: ".status.weight.desired", description: "Percent of the requests for the canary." },
    { name: "Image", type: "string", jsonPath: ".spec.canary.images[0]", description: "The canary's first image." },
    { name: "Reason", type: "string", jsonPath: ".status.reason", description: "Why it stands there." },
    { name: "Policy", type: "string", jsonPath: ".spec.policy.name", description: "The policy it follows.", priority: 1 },
    { name: "Requested-By", type: "string", jsonPath: ".spec.request.user", description: "Who asked for the change.", priority: 1 },
    { name: "Message", type: "string", jsonPath: ".status.message", description: "Why, in a sentence.", priority: 1 },
    age,
  ],
  selectable: [".spec.deployment.name", ".status.phase"],
};

export const sidecarPolicyKind: Kind = {
  kind: "SidecarPolicy",
  singular: "sidecarpolicy",
  plural: "sidecarpolicies",
  shortName: "spol",
  scope: "Cluster",
  description: "Says which pods must carry which sidecars. Written by a cluster administrator.",
  spec: sidecarPolicySpec,
  status: sidecarPolicyStatus,
  columns: [
    { name: "Enforcement", type: "string", jsonPath: ".spec.enforcement", description: "Whether what is missing is added." },
    { name: "Track", type: "string", jsonPath: ".spec.match.track", description: "All pods, or canary pods only." },
    { name: "Matched", type: "integer", jsonPath: ".status.matched", description: "Running pods that the policy is for." },
    { name: "Carrying", type: "integer", jsonPath: ".status.carrying", description: "Pods that carry all that it asks for." },
    { name: "Missing", type: "integer", jsonPath: ".status.missing", description: "Pods that lack something." },
    { name: "Suspended", type: "boolean", jsonPath: ".spec.suspend", description: "Whether the policy asks nothing.", priority: 1 },
    { name: "Istio", type: "string", jsonPath: ".spec.istio.inject", description: "What it tells Istio's injector.", priority: 1 },
    { name: "Security", type: "string", jsonPath: ".spec.security", description: "What its containers may do.", priority: 1 },
    age,
  ],
  selectable: [],
};

export const metricTemplateKind: Kind = {
  kind: "MetricTemplate",
  singular: "metrictemplate",
  plural: "metrictemplates",
  shortName: "mtpl",
  scope: "Cluster",
  description: "A metric with arguments, for several policies. Written by a cluster administrator; a policy names it by templateRef.",
  spec: metricTemplateSpec,
  columns: [
    { name: "Args", type: "string", jsonPath: ".spec.args[*].name", description: "Names of its arguments." },
    { name: "Interval", type: "string", jsonPath: ".spec.metric.interval", description: "Time between measurements." },
    { name: "Success", type: "string", jsonPath: ".spec.metric.successCondition", description: "What is good enough.", priority: 1 },
    age,
  ],
  selectable: [],
};

/** The definition of one kind. */
export function crd(kind: Kind): CustomResourceDefinition {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${group}` },
    spec: {
      group,
      scope: kind.scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        singular: kind.singular,
        plural: kind.plural,
        shortNames: [kind.shortName],
        categories: ["serin"],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(kind.status === undefined ? {} : { subresources: { status: {} } }),
          additionalPrinterColumns: kind.columns,
          ...(kind.selectable.length > 0 ? { selectableFields: kind.selectable.map((jsonPath) => ({ jsonPath })) } : {}),
          schema: { openAPIV3Schema: objectSchema(kind) },
        },
      ],
    },
  };
}

/** The whole object. The API server itself describes and checks apiVersion, kind and metadata. */
function objectSchema({ description, spec, status }: Kind): StructuralSchema {
  return {
    description,
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: `The group and version: ${group}/${version}.` },
      kind: { type: "string", description: "The kind." },
      metadata: { type: "object" },
      spec: structural(spec),
      ...(status === undefined ? {} : { status: structural(status) }),
    },
  };
}

/** All of them, in the order in which they are documented. */
export const kinds = [canaryPolicyKind, canaryPlanKind, metricTemplateKind, sidecarPolicyKind] as const;
