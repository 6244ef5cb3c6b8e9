import type { Measurement, MetricStatus } from "../../src/api/metricStatus.ts";
import { apiVersion, finalizers, labels } from "../../src/api/names.ts";
import { parsePlan } from "../../src/api/parse.ts";
import type { CanaryPlan, JournalEntry, Phase, PlanMetadata, PlanSpec, PlanStatus, Request } from "../../src/api/plan.ts";
import { terminalPhases } from "../../src/api/plan.ts";
import type { CanaryPolicy } from "../../src/api/policy.ts";
import { built, type Change } from "./change.ts";
import { aPolicy } from "./policy.ts";
import { at, canaryImage, deploymentName, deploymentUid, namespace, planUid, revisionOf, stableImage } from "./story.ts";

export interface PlanDraft {
  metadata: PlanMetadata;
  spec: PlanSpec;
  status?: PlanStatus;
}

/** The plan for nginx:1.23.0 → nginx:1.24.0 under `aPolicy()`, Progressing at its first step. @throws when the result is no valid plan */
export function aPlan(...changes: ReadonlyArray<Change<PlanDraft>>): CanaryPlan {
  const draft = built(firstDraft(), changes);
  fillIn(draft);
  const { plan, error } = parsePlan({ apiVersion, kind: "CanaryPlan", ...draft });
  if (error !== undefined) throw new Error(error);
  return plan;
}

export const aRequest = (fields: Partial<Request> = {}): Request => ({
  uid: "e0000000-0000-4000-8000-000000000001",
  user: "alice",
  groups: ["developers", "system:authenticated"],
  fieldManager: "kubectl-set",
  operation: "UPDATE",
  at: at(0),
  ...fields,
});

function firstDraft(): PlanDraft {
  return {
    metadata: {
      name: `${deploymentName}-x7k2m`,
      namespace,
      uid: planUid,
      generation: 1,
      resourceVersion: "100",
      creationTimestamp: at(0),
      finalizers: [finalizers.plan],
      labels: { [labels.deployment]: deploymentName },
    },
    spec: {
      deployment: { name: deploymentName, uid: deploymentUid },
      stable: revisionOf(stableImage),
      canary: revisionOf(canaryImage),
      policy: snapshotOf(aPolicy()),
      request: aRequest(),
      control: {},
    },
    status: {
      phase: "Progressing",
      reason: "StepStarted",
      message: "step 1 of 4: weight 30",
      startedAt: at(0),
      step: { index: 0, total: 4 },
      weight: { desired: 0 },
    },
  };
}

const snapshotOf = (policy: CanaryPolicy): NonNullable<PlanSpec["policy"]> => ({
  name: policy.metadata.name,
  generation: policy.metadata.generation ?? 1,
  spec: policy.spec,
});

/** What follows from the rest: the number of steps, and the label that the column STEP shows. */
function fillIn({ spec, status }: PlanDraft): void {
  if (status?.step === undefined) return;
  const total = spec.policy?.spec.steps.length ?? status.step.total;
  status.step = { ...status.step, total, label: `${status.step.index}/${total}` };
}

/** A change of the status, which a plan that nobody has looked at doesn't have. */
const onStatus =
  (change: (status: PlanStatus, draft: PlanDraft) => void): Change<PlanDraft> =>
  (draft) => {
    draft.status ??= { phase: "Preparing", reason: "PlanCreated", message: "the plan was made" };
    change(draft.status, draft);
  };

export const following =
  (policy: CanaryPolicy): Change<PlanDraft> =>
  ({ spec }) => {
    spec.policy = snapshotOf(policy);
  };

/** Just made: no status yet. */
export const withoutStatus = (): Change<PlanDraft> => (draft) => {
  delete draft.status;
};

/** In the step with this index, from 0, since so many seconds of the story. */
export const atStep = (index: number, sinceSeconds = 0): Change<PlanDraft> =>
  onStatus((status) => {
    status.step = { ...status.step, index, total: 0, startedAt: at(sinceSeconds) };
  });

/** The weight that is wanted and the one that was counted. */
export const withWeight = (desired: number, observed?: number, requests = 1_000): Change<PlanDraft> =>
  onStatus((status) => {
    status.weight = { desired, ...(observed === undefined ? {} : { observed, requests }), changedAt: at(0) };
  });

export const inPhase = (phase: Phase): Change<PlanDraft> =>
  onStatus((status) => {
    status.phase = phase;
    if (terminalPhases.has(phase)) status.finishedAt ??= at(120);
  });

export const because = (reason: string, message: string): Change<PlanDraft> =>
  onStatus((status) => {
    status.reason = reason;
    status.message = message;
  });

/** Any fields of the status. */
export const withStatus = (fields: Partial<PlanStatus>): Change<PlanDraft> => onStatus((status) => void Object.assign(status, fields));

/** What a person asked for: `asking({ abort: { by: "alice" } })`. */
export const asking =
  (control: PlanSpec["control"]): Change<PlanDraft> =>
  ({ spec }) => {
    spec.control = { ...spec.control, ...control };
  };

export const requestedBy =
  (fields: Partial<Request>): Change<PlanDraft> =>
  ({ spec }) => {
    spec.request = aRequest(fields);
  };

export const withMetricStatus = (...metrics: MetricStatus[]): Change<PlanDraft> => withStatus({ metrics });

export const withJournal = (...journal: JournalEntry[]): Change<PlanDraft> => withStatus({ journal });

/** On its way out: somebody deleted it. */
export const beingDeleted =
  (seconds = 60): Change<{ metadata: { deletionTimestamp?: string } }> =>
  ({ metadata }) => {
    metadata.deletionTimestamp = at(seconds);
  };

/** A metric that passed once. */
export function aMetricStatus(fields: Partial<MetricStatus> = {}): MetricStatus {
  return {
    name: "success-rate",
    phase: "Running",
    startedAt: at(0),
    successful: 1,
    failed: 0,
    inconclusive: 0,
    errors: 0,
    noData: 0,
    consecutiveErrors: 0,
    consecutiveSuccesses: 1,
    measurements: [aMeasurement()],
    ...fields,
  };
}

/** A pass, ten seconds into the story, at weight 30. */
export function aMeasurement(fields: Partial<Measurement> = {}): Measurement {
  return {
    verdict: "pass",
    startedAt: at(10),
    finishedAt: at(10),
    weight: 30,
    value: "[0.99]",
    message: "success-rate [0.99] meets result[0] >= 0.95",
    counted: true,
    ...fields,
  };
}
