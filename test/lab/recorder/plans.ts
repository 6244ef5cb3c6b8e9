/** CanaryPlans as the invariants read them. */
import type { RecordedEvent } from "./recordedEvent.ts";

export const TERMINAL_PHASES: ReadonlySet<string> = new Set(["Promoted", "RolledBack", "Held", "Cancelled", "Superseded", "Bypassed"]);

export interface PlanView {
  readonly phase: string;
  readonly ended: boolean;
  readonly deployment: string;
  readonly stableHash: string;
  readonly canaryHash: string;
  /** uid of the admission request that the plan answers, if it names one. */
  readonly request: string | undefined;
}

export function planOf(event: RecordedEvent): PlanView {
  const spec = event.object.spec as
    | { deployment?: { name?: string }; stable?: { hash?: string }; canary?: { hash?: string }; request?: { uid?: string } }
    | undefined;
  const phase = (event.object.status as { phase?: string } | undefined)?.phase ?? "";
  return {
    phase,
    ended: TERMINAL_PHASES.has(phase),
    deployment: spec?.deployment?.name ?? "",
    stableHash: spec?.stable?.hash ?? "",
    canaryHash: spec?.canary?.hash ?? "",
    request: spec?.request?.uid,
  };
}
