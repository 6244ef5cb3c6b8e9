import type { SidecarPolicy, SidecarPolicyStatus } from "../../api/sidecarPolicy.ts";
import type { Demand } from "./demand.ts";
import { demandsOn } from "./demandsOn.ts";
import { lacksInWords, mainReason } from "./lackWords.ts";
import type { PodCase } from "./pod.ts";

export type MissingPod = NonNullable<SidecarPolicyStatus["pods"]>[number];

/** How many pods a policy is for, and those that lack something. */
export interface Count {
  matched: number;
  /** By the pod's key. */
  missing: ReadonlyMap<string, MissingPod>;
}

/**
 * What a set of policies finds in all pods, kept up pod by pod: an event of one pod costs what that pod costs (some 30 µs for each policy that it lacks something of), however many there are.
 * For other policies there is another tally.
 */
export interface Tally {
  /** How the pod is now; undefined: it is gone. @returns the policies whose count that changes */
  put(key: string, c: PodCase | undefined): string[];
  of(policy: string): Count;
}

export function tallyOf(policies: readonly SidecarPolicy[], ownNamespace: string): Tally {
  /** What each pod adds to the counts: by policy, undefined where it carries all. Only pods that some policy is for. */
  const found = new Map<string, Map<string, MissingPod | undefined>>();
  const counts = new Map(policies.map(({ metadata }) => [metadata.name, { matched: 0, missing: new Map<string, MissingPod>() }]));

  const count = (key: string, policy: string, change: 1 | -1, pod: MissingPod | undefined): void => {
    const of = counts.get(policy);
    if (of === undefined) return;
    of.matched += change;
    if (pod === undefined || change < 0) of.missing.delete(key);
    else of.missing.set(key, pod);
  };

  return {
    put(key, c) {
      const before = found.get(key) ?? new Map<string, MissingPod | undefined>();
      const now = new Map(
        (c === undefined ? [] : demandsOn(c, policies, ownNamespace)).map((demand) => [demand.policy.metadata.name, missingPod(c, demand)]),
      );
      const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
        (policy) => before.has(policy) !== now.has(policy) || !isSame(before.get(policy), now.get(policy)),
      );
      for (const policy of changed) {
        if (before.has(policy)) count(key, policy, -1, before.get(policy));
        if (now.has(policy)) count(key, policy, 1, now.get(policy));
      }
      if (now.size === 0) found.delete(key);
      else found.set(key, now);
      return changed;
    },
    of: (policy) => counts.get(policy) ?? { matched: 0, missing: new Map() },
  };
}

const isSame = (a: MissingPod | undefined, b: MissingPod | undefined): boolean => a?.reason === b?.reason && a?.message === b?.message;

/** Longest message of a pod in a status, characters; the rest is for `kubectl serin sidecars`. */
const longestMessage = 512;

function missingPod(c: PodCase | undefined, { lacks }: Demand): MissingPod | undefined {
  if (c === undefined || lacks.length === 0) return undefined;
  const message = lacksInWords(lacks);
  return {
    namespace: c.namespace,
    name: c.pod.metadata.name ?? "",
    reason: mainReason(lacks),
    message: message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 1)}…`,
  };
}
