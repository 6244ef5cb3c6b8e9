import type { PolicyInput } from "../build/policy.ts";
import { aMetric } from "../build/policy.ts";
import { successRate } from "../fakes/prometheus.ts";

/** The article's story: 30 %, 60 % and 100 %, 70 s of pauses, a success rate of 95 % all along. */
export const articleSteps: PolicyInput["steps"] = [
  { setWeight: 30 },
  { pause: { duration: "30s" } },
  { setWeight: 60 },
  { pause: { duration: "30s" } },
  { setWeight: 100 },
  { pause: { duration: "10s" } },
];

export const successMetric = (fields: Parameters<typeof aMetric>[0] = {}) =>
  aMetric({ interval: "5s", provider: { prometheus: { query: successRate } }, ...fields });

/** Looked at every five seconds; the first failure ends it. */
export const watchful = (fields: Partial<PolicyInput> = {}): Partial<PolicyInput> => ({
  steps: articleSteps,
  analysis: { metrics: [successMetric()] },
  ...fields,
});

/** The article's own analysis: once a minute, one failure forgiven. */
export const asInTheArticle = (): Partial<PolicyInput> =>
  watchful({ analysis: { metrics: [successMetric({ interval: "1m", failureLimit: 1 })] } });

export const quickSteps = [{ setWeight: 30 }, { pause: { duration: "2s" } }, { setWeight: 60 }, { pause: { duration: "2s" } }];

/** The same in a few seconds, for tests that tell the story again and again. */
export const quick = (fields: Partial<PolicyInput> = {}): Partial<PolicyInput> => ({
  steps: quickSteps,
  analysis: { metrics: [successMetric({ interval: "2s" })] },
  revertAfter: "1s",
  traffic: { settle: "500ms" },
  ...fields,
});
