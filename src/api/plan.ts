import { z } from "zod";
import { metricStatus } from "./metricStatus.ts";
import type { apiVersion } from "./names.ts";
import { policySpec } from "./policy.ts";
import { planSeal } from "./seal.ts";
import { conditions, text, time } from "./statusField.ts";

/*
 * The life of a plan
 *
 *   Preparing ─▶ Progressing ⇄ Paused ─▶ Promoting ─▶ Promoted
 *       │              │          │
 *       └──────────────┴──────────┴─▶ RollingBack ─▶ RolledBack | Held      (a verdict, or a person's abort)
 *       └──────────────┴──────────┴─▶ Cancelling  ─▶ Cancelled              (the request was taken back)
 *       └──────────────┴──────────┴─▶ Cancelling  ─▶ Superseded             (another template was asked for)
 *   Bypassed: an image change that reached the cluster without a canary; only the record.
 */
export const phases = [
  "Preparing",
  "Progressing",
  "Paused",
  "Promoting",
  "Promoted",
  "RollingBack",
  "RolledBack",
  "Held",
  "Cancelling",
  "Cancelled",
  "Superseded",
  "Bypassed",
] as const;
export type Phase = (typeof phases)[number];

/** Phases that never change again. `Held` is terminal for the plan, live for admission (design §4). */
export const terminalPhases: ReadonlySet<Phase> = new Set(["Promoted", "RolledBack", "Held", "Cancelled", "Superseded", "Bypassed"]);

const revisionOf = (which: string) =>
  z
    .strictObject({
      hash: text(`The pod-template-hash of the ${which} pods.`, 63),
      digest: text("SHA-256 over the pod template, by which Serin tells templates apart.", 80),
      images: z.array(text("An image.", 1024)).max(64).describe("The images of its containers, in order."),
    })
    .describe(`The ${which} revision.`);

export const request = z
  .strictObject({
    uid: text("uid of the admission request.", 64),
    user: text("Who asked.", 1024),
    groups: z.array(text("A group.", 1024)).max(64).describe("The groups of who asked."),
    fieldManager: text("The tool: kubectl-set, kubectl-client-side-apply, helm and so on.", 256).optional(),
    operation: text("How: UPDATE.", 32),
    at: time("When the request was admitted."),
  })
  .describe("Who asked for the change.");

/** What the webhook adds to a wish: all four, or nothing (`core/admission/stamp.ts`). */
const stamp = {
  by: text("Who; stamped by the webhook.", 1024).optional(),
  at: time("When; stamped by the webhook.").optional(),
  key: text("Which key signed the stamp.", 253).optional(),
  mac: text("The stamp's signature: HMAC-SHA-256 over the plan's uid, what is asked, who and when.", 64).optional(),
};

const asked = (what: string) => z.strictObject(stamp).describe(what);

export const control = z
  .strictObject({
    hold: asked("Stay at the weight now in force until this is removed.").optional(),
    approve: z
      .strictObject({
        step: z.int().min(0).max(50).describe("Index of the gate that is approved."),
        ...stamp,
      })
      .optional()
      .describe("Approves one gate."),
    promote: z
      .strictObject({
        full: z.boolean().default(false).describe("Skip the remaining steps and their analysis (break-glass)."),
        ...stamp,
      })
      .optional()
      .describe("Go on: end the pause now in force, or with full: true promote now."),
    abort: asked("Roll back now.").optional(),
    retry: asked("Try again after a rollback.").optional(),
  })
  .describe("What a person asked for. The only part of the spec that may change. Only hold and abort count without the webhook's stamp.");

export const planSpec = z
  .strictObject({
    deployment: z
      .strictObject({ name: text("Name of the Deployment.", 253), uid: text("uid of the Deployment.", 64) })
      .describe("The Deployment whose image changed."),
    stable: revisionOf("stable"),
    canary: revisionOf("canary"),
    policy: z
      .strictObject({
        name: text("Name of the policy.", 253),
        generation: z.int().describe("Its generation at that time."),
        spec: policySpec.describe("Its content at that time; later edits don't change this plan."),
      })
      .optional()
      .describe("The policy that this plan follows."),
    request: request.optional(),
    overwritten: z
      .array(request)
      .max(10)
      .optional()
      .describe("Requests that were overwritten by a later edit before a plan was made for them."),
    restore: text(
      "What a revert needs to give fields back to their owners (gzip, base64): field ownership and last-applied-configuration before the change.",
      262144,
    ).optional(),
    control: control.prefault({}),
  })
  .meta({
    description: "The change, and the rules it goes by. Immutable but for control.",
    "x-kubernetes-validations": [
      {
        rule: "self.deployment == oldSelf.deployment && self.stable == oldSelf.stable && self.canary == oldSelf.canary",
        message: "a plan records one change and can't be edited but for spec.control: ask for another change on the Deployment instead",
      },
      {
        rule: "has(self.policy) == has(oldSelf.policy) && has(self.request) == has(oldSelf.request) && (!has(self.policy) || (self.policy.name == oldSelf.policy.name && self.policy.generation == oldSelf.policy.generation)) && (!has(self.request) || self.request == oldSelf.request)",
        message: "a plan's policy and request are a record and can't be edited: ask for another change on the Deployment instead",
      },
    ],
  });

export const journalEntry = z
  .strictObject({
    at: time("When."),
    reason: text("The reason in one word.", 128),
    message: text("The reason in a sentence, with its numbers.", 2048),
    left: z.int().min(1).optional().describe("How many entries are left out here; hash is that of the last of them."),
    hash: text(
      "SHA-256 over the hash of the entry before (for the first: over what the plan is) and this one, in hexadecimal.",
      64,
    ).optional(),
  })
  .describe("One decision.");
export type JournalEntry = z.infer<typeof journalEntry>;

export const routeRecord = z
  .strictObject({
    kind: z
      .enum(["VirtualService", "MeshVirtualService"])
      .describe("VirtualService: the team's, edited in place. MeshVirtualService: made by Serin, removed at the end."),
    namespace: text("Its namespace.", 63),
    name: text("Its name.", 253),
    original: text("Its spec before the first edit, as JSON.", 524288).optional(),
  })
  .describe("One routing object of this plan.");
export type RouteRecord = z.infer<typeof routeRecord>;

/** How many stamps a plan remembers: a person asks for less than one thing a minute, and after twenty minutes one that was taken back is forgotten. */
export const mostStamps = 50;

/** Of how many metrics a plan keeps the status, and how many approvals: the latest. */
export const mostMetrics = 64;
export const mostApprovals = 50;

/** How many Services of one Deployment a plan records; routes to further ones are split too. */
export const mostServices = 32;

export const planStatus = z
  .strictObject({
    observedGeneration: z.int().optional().describe("The generation that this speaks of."),
    phase: z.enum(phases).describe("Where the plan stands."),
    reason: text("The reason in one word.", 128),
    message: text("The reason in a sentence, with its numbers."),
    outcome: z
      .enum(["RolledBack", "Held", "Cancelled", "Superseded"])
      .optional()
      .describe("While the plan unwinds: the phase that it ends in."),
    stage: text("Where inside its phase the plan stands: the last thing it waited for.", 64).optional(),
    stageSince: time("Since when.").optional(),
    request: request
      .optional()
      .describe("Who asked for a change that was let through without a canary, as the webhook noted it; what was held has spec.request."),
    startedAt: time("When the plan was made.").optional(),
    finishedAt: time("When the plan ended.").optional(),
    step: z
      .strictObject({
        index: z.int().describe("Index of the step, from 0; equal to total after the last."),
        total: z.int().describe("How many steps there are."),
        label: text("index/total, for the column STEP: 2/6.", 16).optional(),
        startedAt: time("When this step started.").optional(),
        text: text("The step in a few words.", 128).optional(),
      })
      .optional()
      .describe("The step now in force."),
    weight: z
      .strictObject({
        desired: z.int().min(0).max(100).describe("Percent that the canary should get."),
        observed: z
          .int()
          .min(0)
          .max(100)
          .optional()
          .describe("Percent that it got, counted from the requests of each revision after the last change had settled."),
        requests: z.int().optional().describe("How many requests were counted for that."),
        changedAt: time("When the routes were last changed.").optional(),
      })
      .optional()
      .describe("The canary's share of the requests."),
    replicas: z
      .strictObject({
        desired: z.int().describe("Canary pods wanted."),
        ready: z.int().describe("Canary pods ready."),
        stable: z.int().describe("Stable pods ready."),
      })
      .optional()
      .describe("Pods of each revision."),
    canaryReplicaSet: text("Name of the canary's ReplicaSet.", 253).optional(),
    stableReplicaSet: text("Name of the stable ReplicaSet.", 253).optional(),
    services: z
      .array(text("Name of a Service.", 63))
      .max(mostServices)
      .optional()
      .describe("The Services that select the Deployment's pods."),
    routes: z.array(routeRecord).max(64).optional().describe("The routing objects that carry the split."),
    ways: z
      .array(
        z.strictObject({
          way: text("The way in.", 128),
          by: z.enum(["split", "podCount", "none"]).describe("How traffic is divided there."),
          message: text("In a sentence.", 512),
        }),
      )
      .max(64)
      .optional()
      .describe("The ways in to the pods, and how each is divided."),
    metrics: z.array(metricStatus).max(mostMetrics).optional().describe("The metrics and their last measurements."),
    approvals: z
      .array(
        z.strictObject({
          step: z.int().describe("The gate."),
          by: text("Who.", 1024),
          at: time("When."),
          how: text("kubectl rollout resume, or the plan's control.", 64),
        }),
      )
      .max(mostApprovals)
      .optional()
      .describe("Gates that a person approved."),
    stamps: z
      .array(
        z.strictObject({
          mac: text("The stamp's signature.", 64),
          at: time("When it was made."),
          takenBack: z.boolean().optional().describe("The wish is gone from spec.control, so its stamp is worth nothing any more."),
        }),
      )
      .max(mostStamps)
      .optional()
      .describe("Stamps of promote, approve and retry that were heard."),
    conditions: conditions("Progressing, Paused, Promoted, RolledBack or Conflict.", "For `kubectl wait`."),
    journal: z.array(journalEntry).max(200).optional().describe("Every decision with its numbers, oldest first."),
    seal: planSeal.optional(),
  })
  .describe("Written by the worker alone.");

export type PlanSpec = z.output<typeof planSpec>;
export type PlanStatus = z.infer<typeof planStatus>;
export type Request = z.infer<typeof request>;
export type Condition = NonNullable<PlanStatus["conditions"]>[number];

export interface PlanMetadata {
  name: string;
  namespace: string;
  uid?: string;
  generation?: number;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface CanaryPlan {
  apiVersion: typeof apiVersion;
  kind: "CanaryPlan";
  metadata: PlanMetadata;
  spec: PlanSpec;
  status?: PlanStatus;
}

/** Who asked for the change, whether it was held or let through. Undefined: the webhook was not asked. */
export const askedIn = ({ spec, status }: CanaryPlan): Request | undefined => spec.request ?? status?.request;

/** Whether the plan still moves anything. A plan without a status has just been made; one without a request only records a bypass. */
export const isLive = ({ spec, status }: CanaryPlan): boolean =>
  spec.request !== undefined && (status === undefined || !terminalPhases.has(status.phase));
