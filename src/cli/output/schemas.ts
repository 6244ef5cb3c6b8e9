import { z } from "zod";
import { apiVersion } from "../../api/names.ts";
import { phases } from "../../api/plan.ts";
import {
  auditRows,
  auditVerification,
  doctorReport,
  explanation,
  lintReport,
  sidecarReport,
  simulation,
  templateDiff,
  versionReport,
} from "./reportSchemas.ts";

/*
 * What `-o json` and `-o yaml` print. Fields are only ever added. `make generate` writes it as JSON Schema to schema.json beside this file, for whoever
 * reads it by program. Only types of this file are used at run time.
 */

const time = z.string().describe("RFC 3339.");

const metric = z
  .strictObject({
    name: z.string(),
    phase: z.enum(["Pending", "Running", "Successful", "Failed", "Inconclusive", "Error"]),
    successful: z.int(),
    failed: z.int(),
    inconclusive: z.int(),
    errors: z.int(),
    noData: z.int(),
    dryRun: z.boolean(),
    last: z.strictObject({ at: time, verdict: z.string(), value: z.string().optional(), message: z.string() }).optional(),
  })
  .describe("A metric in force, or one that was: how often it said what, and its last measurement.");

const plan = z
  .strictObject({
    name: z.string(),
    phase: z.enum(phases),
    reason: z.string(),
    message: z.string().describe("The reason in a sentence, with its numbers."),
    step: z
      .strictObject({ index: z.int(), total: z.int(), text: z.string().optional() })
      .describe("index counts from 0 and is total after the last step."),
    weight: z
      .strictObject({ desired: z.int(), observed: z.int().optional(), requests: z.int().optional() })
      .describe("Percent for the canary: wanted, and counted over so many requests."),
    images: z.strictObject({ stable: z.array(z.string()), canary: z.array(z.string()) }),
    policy: z.string().optional(),
    requestedBy: z.string().optional(),
    startedAt: time.optional(),
    finishedAt: time.optional(),
    metrics: z.array(metric),
    approvals: z.array(z.strictObject({ step: z.int(), by: z.string(), at: time, how: z.string() })),
    next: z.string().optional().describe("What comes next and what it waits for."),
  })
  .describe("One image change: a CanaryPlan in short. The whole record is the CanaryPlan itself.");

const deployment = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  images: z.array(z.string()),
  replicas: z.strictObject({ desired: z.int(), ready: z.int(), available: z.int() }),
  held: z.boolean().describe("Paused by Serin: the template is the one that was asked for, the pods are the stable ones."),
});

const revision = z.strictObject({
  replicaSet: z.string(),
  revision: z.int(),
  is: z.enum(["stable", "canary"]).optional(),
  replicas: z.int(),
  ready: z.int(),
  pods: z.array(z.strictObject({ name: z.string(), status: z.string(), ready: z.boolean(), restarts: z.int() })),
});

export const canaryView = z
  .strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("CanaryView"),
    namespace: z.string(),
    name: z.string(),
    standing: z
      .enum(["Promoted", "NotPromoted", "Running", "WaitingForPerson", "NoPlan"])
      .describe("What `kubectl serin status` would exit with: 0, 2, 3, 4, 5."),
    message: z.string(),
    deployment: deployment.optional().describe("Absent: it is gone, and its plan outlives it."),
    plan: plan.optional(),
    revisions: z.array(revision).optional().describe("Only of get: the ReplicaSets and their pods, the newest first."),
  })
  .describe("One Deployment and its canary: get, status, and each item of list.");

export const canaryViewList = z
  .strictObject({ apiVersion: z.literal(apiVersion), kind: z.literal("CanaryViewList"), items: z.array(canaryView) })
  .describe("list: one for each Deployment that has a plan, by namespace and name.");

export const canaryHistory = z
  .strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("CanaryHistory"),
    namespace: z.string(),
    name: z.string(),
    plans: z.array(plan),
  })
  .describe("history: all plans of a Deployment that are kept, the newest first.");

export const canaryEvents = z
  .strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("CanaryEvents"),
    namespace: z.string(),
    name: z.string(),
    events: z.array(z.strictObject({ at: time, type: z.string(), reason: z.string(), message: z.string(), plan: z.string().optional() })),
  })
  .describe("events: what Serin said about a Deployment lately, the oldest first.");

export const policyPreview = z
  .strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal("PolicyPreview"),
    policies: z.array(z.strictObject({ name: z.string(), suspended: z.boolean(), metrics: z.array(z.string()) })),
    deployments: z.array(
      z.strictObject({
        namespace: z.string(),
        name: z.string(),
        containers: z.array(z.strictObject({ container: z.string(), image: z.string() })),
        policy: z.string(),
        decision: z.string().describe("What admission would answer: Held, Bypassed, Denied and so on."),
        reason: z.string(),
        steps: z.array(z.string()),
        analysis: z.string().optional(),
        ways: z.array(z.strictObject({ way: z.string(), by: z.string(), message: z.string() })),
        problems: z.array(z.string()).describe("Why there would be no canary, or not the one that was meant."),
      }),
    ),
  })
  .describe("plan: the Deployments that the policies of the file are for.");

export type CanaryView = z.infer<typeof canaryView>;
export type CanaryViewList = z.infer<typeof canaryViewList>;
export type CanaryHistory = z.infer<typeof canaryHistory>;
export type CanaryEvents = z.infer<typeof canaryEvents>;
export type PolicyPreview = z.infer<typeof policyPreview>;
export type PlanView = z.infer<typeof plan>;

/** The text of schema.json. */
export const schemaText = (): string => {
  const objects = z.discriminatedUnion("kind", [
    canaryView,
    canaryViewList,
    canaryHistory,
    canaryEvents,
    policyPreview,
    explanation,
    templateDiff,
    lintReport,
    doctorReport,
    versionReport,
    simulation,
    sidecarReport,
    auditVerification,
  ]);
  const schema = z.toJSONSchema(z.union([objects, auditRows]));
  return `${JSON.stringify({ title: "What kubectl serin -o json prints", ...schema }, undefined, 2)}\n`;
};
