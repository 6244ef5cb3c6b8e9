import { z } from "zod";
import { istioWish } from "./istioMarks.ts";
import { labelSelector } from "./match.ts";
import { annotations, type apiVersion } from "./names.ts";
import { withRules } from "./rule.ts";
import { containers } from "./sidecarContainer.ts";
import { env } from "./sidecarEnv.ts";
import { restrictedRules } from "./sidecarSecurity.ts";
import { volumes } from "./sidecarVolume.ts";
import { conditions, text, time } from "./statusField.ts";

/* Which pods must carry which sidecars (design §4). What is asked of a pod, and what it lacks, is decided in core/sidecars. */

const match = z
  .strictObject({
    namespaceSelector: labelSelector(
      "Namespaces by their labels. {} means every namespace that is not a system namespace (kube-system, kube-public, kube-node-lease, istio-system and Serin's own are never touched).",
    ).default({}),
    podSelector: labelSelector("Pods by their labels, as the pod template has them. {} means all.").default({}),
    track: z
      .enum(["Any", "Canary"])
      .default("Any")
      .describe(
        "Any: all pods. Canary: only the pods of a canary, while its plan lives and before it is promoted; the promoted pods keep what they have, and new ones don't get it.",
      ),
  })
  .describe("Which pods. Mirror pods of the kubelet, pods on the node's network and Windows pods are never touched.");

const policyFields = z.strictObject({
  suspend: z.boolean().default(false).describe("true: the policy asks nothing."),
  priority: z
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .default(0)
    .describe(
      "Every policy that matches asks for its part. Where two ask different things of the same label, annotation, variable, container or volume, the higher priority wins, then the name in byte order.",
    ),
  match: match.prefault({}),
  istio: istioWish.optional(),
  containers: containers.optional(),
  volumes: volumes.optional(),
  env: env(
    "Variables for each of the pod's own containers: those in `containers`, not init containers, not Istio's proxy, not what policies add. A variable that the container has already stays as it is.",
  ).optional(),
  enforcement: z
    .enum(["Enforce", "Audit"])
    .default("Enforce")
    .describe(
      "Enforce: what is missing is added when a pod is made. Audit: nothing is added; it is said in a warning, in the audit log and in the status.",
    ),
  optOut: z
    .enum(["Allow", "Forbid"])
    .default("Allow")
    .describe(
      `Whether a pod may opt out with the annotation ${annotations.sidecars}: "off", and whether its own labels and annotations for Istio's injector stand against the policy's. Allow: they do, and it counts as missing. Forbid: they are ignored and overwritten, with a warning.`,
    ),
  security: z
    .enum(["Restricted", "AsWritten"])
    .default("Restricted")
    .describe(
      [
        "What the added containers may do. Restricted: what PodSecurity restricted would refuse can't be written, and what it wants is filled in where nothing is written:",
        "allowPrivilegeEscalation: false, capabilities.drop: [ALL], runAsNonRoot: true, seccompProfile RuntimeDefault, and runAsUser 65532 in a pod that runs as user 0.",
        "AsWritten: the containers are added exactly as they are written, in so many words against that rule;",
        "in a namespace that enforces PodSecurity baseline or restricted they are left out all the same, since the pod would be refused, unless they satisfy restricted.",
      ].join(" "),
    ),
});

export const sidecarPolicySpec = withRules(policyFields, { description: "What an administrator wants pods to carry." }, [
  {
    cel: "has(self.istio) || (has(self.containers) && self.containers.size() > 0) || (has(self.env) && self.env.size() > 0)",
    holds: ({ istio, containers = [], env = [] }) => istio !== undefined || containers.length > 0 || env.length > 0,
    message: "the policy asks for nothing: write istio, containers or env",
  },
  {
    cel: "!has(self.volumes) || self.volumes.all(v, has(self.containers) && self.containers.exists(c, has(c.volumeMounts) && c.volumeMounts.exists(m, m.name == v.name)))",
    holds: ({ volumes = [], containers = [] }) =>
      volumes.every(({ name }) => containers.some(({ volumeMounts = [] }) => volumeMounts.some((mount) => mount.name === name))),
    message: "a volume is mounted by no container of the policy: add a volumeMount, or take the volume out",
  },
  ...restrictedRules,
]);

/** How many pods the status names. */
export const longestMissingList = 50;

export const sidecarPolicyStatus = z
  .strictObject({
    observedGeneration: z.int().optional().describe("The generation that the rest speaks of."),
    inForceSince: time(
      "When this generation was first seen: pods that are older were made before the policy said what it says now.",
    ).optional(),
    matched: z.int().min(0).optional().describe("Running pods that the policy is for."),
    carrying: z.int().min(0).optional().describe("Of those, how many carry all that it asks for."),
    missing: z.int().min(0).optional().describe("Of those, how many lack something."),
    pods: z
      .array(
        z
          .strictObject({
            namespace: text("Namespace of the pod.", 63),
            name: text("Name of the pod.", 253),
            reason: text("Why it lacks something, in one word.", 64),
            message: text("What it lacks and why, in a sentence.", 512),
          })
          .describe("One pod."),
      )
      .max(longestMissingList)
      .optional()
      .describe(
        `Pods that lack something, at most ${longestMissingList}, by namespace and name. All of them: kubectl serin sidecars -A --missing.`,
      ),
    conditions: conditions("Complete: every pod that the policy is for carries what it asks for.", "What Serin thinks of this policy."),
  })
  .describe("What Serin observed.");

/** A policy's content with all defaults filled in. */
export type SidecarPolicySpec = z.output<typeof sidecarPolicySpec>;
export type SidecarPolicyStatus = z.infer<typeof sidecarPolicyStatus>;
export type SidecarVolume = NonNullable<SidecarPolicySpec["volumes"]>[number];

export interface SidecarPolicy {
  apiVersion: typeof apiVersion;
  kind: "SidecarPolicy";
  metadata: {
    name: string;
    uid?: string;
    generation?: number;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
  };
  spec: SidecarPolicySpec;
  status?: SidecarPolicyStatus;
}
