import { z } from "zod";
import { durationPattern } from "./duration.ts";
import { matching, withRules } from "./rule.ts";

/** Metrics that need no query: Serin counts the requests of each revision in Istio's standard metrics. */

const compareWith = z
  .enum(["Stable"])
  .optional()
  .describe("Stable: compare with the stable pods' requests of the same minutes. The default when no threshold is written.");

const share = (description: string) => z.number().min(0).max(1).describe(description);

const judging = {
  alpha: z
    .number()
    .min(0.000001)
    .max(0.2)
    .optional()
    .describe(
      "How often a release without any difference may be stopped, per plan, however often it is looked at; a plan with several built-ins shares it among them. Default 0.01.",
    ),
  tolerance: z
    .number()
    .min(1)
    .max(10)
    .optional()
    .describe(
      "With compareWith: how many times the odds of a bad request may be the stable ones' without being a difference; less than 1.13 times is never seen as one. Default 1.",
    ),
  minRequests: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      "So many requests of the canary under the weight now in force are needed for a pass; fewer count as missing data. Default 50.",
    ),
};

const successRate = withRules(
  z.strictObject({ min: share("The least share of good requests, such as 0.99.").optional(), compareWith, ...judging }),
  {
    description:
      "The share of good requests. Bad are: HTTP 5xx; of gRPC the statuses UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS; of TCP connections that a proxy ended for a fault upstream.",
  },
  [
    {
      cel: "!(has(self.min) && has(self.compareWith))",
      holds: (it) => it.min === undefined || it.compareWith === undefined,
      message: "write min for a fixed threshold, or compareWith for a comparison; for both write two metrics",
    },
  ],
);

const latency = withRules(
  z.strictObject({
    quantile: z.literal([0.5, 0.9, 0.95, 0.99]).describe("Which requests count: 0.99 means that one in a hundred may be slower."),
    max: withRules(
      z.string().max(32),
      {
        description: "The longest time that so many requests may take, such as 500ms. It is measured at the next bound of Istio's buckets.",
      },
      [
        matching(durationPattern, "write a duration such as 500ms or 2s"),
        matching("[1-9]", "0 is faster than any request: write a duration such as 500ms"),
      ],
    ).optional(),
    compareWith,
    ...judging,
  }),
  { description: "How long requests take, from Istio's histogram. The canary's first 30 seconds are not counted: a cold process is slow." },
  [
    {
      cel: "!(has(self.max) && has(self.compareWith))",
      holds: (it) => it.max === undefined || it.compareWith === undefined,
      message: "write max for a fixed threshold, or compareWith for a comparison; for both write two metrics",
    },
  ],
);

const matcher = z
  .strictObject({
    label: withRules(z.string().min(1).max(64), { description: "Name of a label of Istio's metrics, such as source_workload." }, [
      matching("^[a-zA-Z_][a-zA-Z0-9_]*$", "write the name of a label, such as source_workload"),
    ]),
    value: z.string().max(256).describe("The value that it must have, taken literally."),
  })
  .describe("One label and its value.");

const fields = z.strictObject({
  successRate: successRate.optional(),
  latency: latency.optional(),
  protocol: z
    .enum(["HTTP", "GRPC", "TCP"])
    .optional()
    .describe(
      "HTTP (the default): all requests, gRPC ones by their own status. GRPC: only those. TCP: connections, counted when they end.",
    ),
  reporter: z
    .enum(["source", "destination"])
    .optional()
    .describe(
      "Whose proxies count: source (the default), the callers' and gateways', which also see what never reached a pod; or destination, the pods' own.",
    ),
  matchers: z
    .array(matcher)
    .max(8)
    .optional()
    .meta({
      description: "Only requests with these labels are counted.",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["label"],
    }),
});

export const builtin = withRules(fields, { description: "A metric that needs no query and no condition." }, [
  {
    cel: "has(self.successRate) != has(self.latency)",
    holds: (it) => (it.successRate === undefined) !== (it.latency === undefined),
    message: "a built-in is exactly one of successRate and latency: write for example `successRate: {}`",
  },
  {
    cel: "!(has(self.latency) && has(self.protocol) && self.protocol == 'TCP')",
    holds: (it) => it.latency === undefined || it.protocol !== "TCP",
    message: "Istio measures no latency of TCP connections: write successRate, or another protocol",
  },
]);

export type Builtin = z.infer<typeof builtin>;
