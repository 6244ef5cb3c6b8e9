import { z } from "zod";
import { withRules } from "./rule.ts";

/* Which changes a policy is for. */

const labelValue = z.string().max(63);

export const labelSelector = (description: string) =>
  z
    .strictObject({
      matchLabels: z.record(z.string().max(317), labelValue).optional().describe("Labels that must be there with these values."),
      matchExpressions: z
        .array(
          withRules(
            z.strictObject({
              key: z.string().min(1).max(317).describe("The label's key."),
              operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]).describe("How the label's value relates to the values."),
              values: z.array(labelValue).max(64).optional().describe("The values, for In and NotIn."),
            }),
            { description: "One condition on one label." },
            [
              {
                cel: "(self.operator == 'In' || self.operator == 'NotIn') == (has(self.values) && size(self.values) > 0)",
                holds: (it) => ["In", "NotIn"].includes(it.operator) === (it.values ?? []).length > 0,
                message: "In and NotIn need values, Exists and DoesNotExist have none: write for example `operator: In, values: [web]`",
              },
            ],
          ),
        )
        .max(32)
        .optional()
        .describe("Conditions on labels; all must hold."),
    })
    .describe(description);

export const match = z
  .strictObject({
    namespaceSelector: labelSelector(
      "Namespaces by their labels. {} means every namespace that is not a system namespace (kube-system, kube-public, kube-node-lease, istio-system and Serin's own are never touched).",
    ).default({}),
    deploymentSelector: labelSelector("Deployments by their labels. {} means all.").default({}),
    images: z
      .array(z.string().min(1).max(512))
      .max(64)
      .default(["*"])
      .describe(
        [
          "Globs on images: a change of a container, init containers too, whose old or new image matches one of them triggers.",
          "`*` stands for any characters, `/`, `:` and `@` among them; everything else stands for itself, and a glob is for the whole text.",
          "A glob matches an image when it matches the reference as written in the pod template or any spelling of the same image:",
          "with or without the default registry (Docker Hub) and its `library/`; the repository alone, with its tag (`latest` where neither tag nor digest is written), with its digest, or with both.",
          "So `nginx:*` matches nginx, nginx:1.24.0 and the fully qualified spelling of both, but no image that is given by digest alone;",
          "`registry.example:5000/team/app`, without a tag, matches every tag and digest of that repository (the colon of a port is no tag);",
          "`localhost:5000/team/*` matches every repository of the team; `*@sha256:*` matches images with a digest; `*` matches all.",
          "Whether an image has changed is another question: that goes by the text alone. Another spelling of the same image is a change, for which Kubernetes makes new pods, and so it triggers.",
        ].join(" "),
      ),
  })
  .describe("Which image changes this policy is for.");
