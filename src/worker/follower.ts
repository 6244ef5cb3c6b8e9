import type { CanaryPlan } from "../api/plan.ts";
import type { CanaryPolicy } from "../api/policy.ts";

/** Somebody who reads the leader's plans as they are stored, beside the loop. Nothing waits for him: no function of his returns a promise. */
export interface Follower {
  /** A term of leadership begins; it ends with the signal. */
  lead(world: World, signal: AbortSignal): void;
  /** A plan is stored anew. Also told outside of a term. */
  changed(plan: CanaryPlan): void;
  policyChanged?(policy: CanaryPolicy): void;
}

export interface World {
  plans(): Iterable<CanaryPlan>;
  policy(name: string): CanaryPolicy | undefined;
  /** The status of this policy is to be written anew. */
  lookAtPolicy(name: string): void;
}
