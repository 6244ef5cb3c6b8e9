import { z } from "zod";
import { text, time } from "./statusField.ts";

/** Most measurements that measurementRetention may keep of one metric; a plan must stay far below etcd's 1.5 MiB. */
export const mostKept = 50;

export const verdicts = ["pass", "fail", "inconclusive", "no-data", "error"] as const;
export type Verdict = (typeof verdicts)[number];

export const measurement = z
  .strictObject({
    verdict: z.enum(verdicts).describe("pass, fail, inconclusive, no-data or error."),
    startedAt: time("When it was asked."),
    finishedAt: time("When the answer was there."),
    weight: z.int().min(0).max(100).describe("The canary's weight at that time."),
    value: text("The numbers, as text.", 512).optional(),
    message: text("The verdict in a sentence, with its numbers.", 1024),
    counted: z.boolean().describe("false: a closing look that did not count against the limits."),
  })
  .describe("One measurement.");
export type Measurement = z.infer<typeof measurement>;

const tally = (whose: string) =>
  z
    .strictObject({
      requests: z.number().describe("Requests."),
      bad: z.number().describe("Bad ones: failed, or slower than boundMs."),
    })
    .describe(`The ${whose} requests.`);

export const counted = z
  .strictObject({
    weight: z.int().min(0).max(100).describe("The canary's weight at which these requests were counted."),
    since: time("Since when."),
    canary: tally("canary's"),
    stable: tally("stable"),
    boundMs: z.number().optional().describe("Of a latency: the bound of the histogram, in milliseconds, beyond which a request is slow."),
    evidence: text("What the judge remembers since the metric began, as JSON.", 4096).optional(),
  })
  .describe("What a built-in has counted under the weight now in force.");
export type Counted = z.infer<typeof counted>;

export const metricStatus = z
  .strictObject({
    name: text("Name of the metric.", 63),
    step: z.int().optional().describe("Index of the analysis step it belongs to; absent for background metrics."),
    dryRun: z.boolean().optional().describe("true: measured and shown, but the plan does not hear of it."),
    phase: z.enum(["Pending", "Running", "Successful", "Failed", "Inconclusive", "Error"]).describe("Where the metric stands."),
    startedAt: time("When its analysis started."),
    message: text("Why, with the numbers.", 1024).optional(),
    successful: z.int().describe("Passes."),
    failed: z.int().describe("Failures that counted."),
    inconclusive: z.int().describe("Inconclusive measurements."),
    errors: z.int().describe("Errors."),
    noData: z.int().describe("Measurements without data."),
    consecutiveErrors: z.int().describe("Errors in a row, up to the latest measurement."),
    consecutiveSuccesses: z.int().describe("Passes in a row, up to the latest measurement."),
    noDataSince: time("Since when there is no data.").optional(),
    measured: z
      .int()
      .optional()
      .describe("Measurements that count towards count: no errors, no missing data, no closing looks. Absent: 0."),
    lastScheduledAt: time(
      "When the latest measurement of its own schedule ended; closing looks in between don't move the schedule.",
    ).optional(),
    counted: counted.optional(),
    lastFailureAt: time("When a failure last counted.").optional(),
    lastInconclusiveAt: time("When an inconclusive measurement last counted.").optional(),
    measurements: z
      .array(measurement)
      .max(mostKept)
      .describe(
        "The latest measurements, oldest first: ten, or as measurementRetention says. Beyond the latest ten without their message.",
      ),
  })
  .describe("One metric.");
export type MetricStatus = z.infer<typeof metricStatus>;
