import type { z } from "zod";
import { apiVersion } from "../../src/api/names.ts";
import { parseSidecarPolicy } from "../../src/api/parse.ts";
import type { SidecarPolicy, SidecarPolicyStatus, sidecarPolicySpec } from "../../src/api/sidecarPolicy.ts";
import { built, type Change } from "./change.ts";

/** What an administrator writes, before defaults. */
export type SidecarPolicyInput = z.input<typeof sidecarPolicySpec>;

export interface SidecarPolicyDraft {
  metadata: {
    name: string;
    uid: string;
    generation: number;
    resourceVersion: string;
    creationTimestamp: string;
    deletionTimestamp?: string;
  };
  spec: SidecarPolicyInput;
  status?: SidecarPolicyStatus;
}

export const tracer = { name: "tracer", image: "tracer:1", volumeMounts: [{ name: "traces", mountPath: "/traces" }] };

/** A tracer with a volume of its own, for every pod. @throws when the result is no valid policy */
export function aSidecarPolicy(...changes: ReadonlyArray<Change<SidecarPolicyDraft>>): SidecarPolicy {
  const draft: SidecarPolicyDraft = {
    metadata: {
      name: "tracing",
      uid: "d0000000-0000-4000-8000-000000000001",
      generation: 1,
      resourceVersion: "10",
      creationTimestamp: "2026-11-23T09:00:00Z",
    },
    spec: { containers: [tracer], volumes: [{ name: "traces", emptyDir: {} }] },
  };
  const { policy, error } = parseSidecarPolicy({ apiVersion, kind: "SidecarPolicy", ...built(draft, changes) });
  if (error !== undefined) throw new Error(error);
  return policy;
}

/** Any fields of the spec, instead of the tracer when they ask for something else. */
export const asking =
  (spec: Partial<SidecarPolicyInput>): Change<SidecarPolicyDraft> =>
  (draft) => {
    draft.spec = spec;
  };

export const withFields =
  (spec: Partial<SidecarPolicyInput>): Change<SidecarPolicyDraft> =>
  (draft) => {
    draft.spec = { ...draft.spec, ...spec };
  };
