/**
 * The names of the subsets: `rev-<hash>` for a revision, `rev-<hash>-<subset>` where the team routes to a subset of its own, which is
 * split inside that subset's labels. A subset is never re-pointed at other pods (design §2), so its name is made of the pod-template-hash.
 *
 * Istio wants a DNS label of at most 63 characters (`IsDNS1123Label`, pkg/config/labels). A longer name is cut and ends in eight hex digits of
 * the SHA-256 of the team's subset; it is always exactly 63 long, whole ones are at most 62, so the two can't be mixed up.
 */

import { createHash } from "node:crypto";
import type { Destination } from "./wire.ts";

const longest = 63;

export interface RevisionSubset {
  /** The pod-template-hash. */
  readonly hash: string;
  /** The team's own subset; absent where the team routes to the Service as a whole. */
  readonly teamSubset?: string;
}

export function subsetName(hash: string, teamSubset?: string): string {
  const whole = teamSubset === undefined ? `rev-${hash}` : `rev-${hash}-${teamSubset}`;
  return shortened(whole, teamSubset ?? hash, "");
}

/** `<service>-serin`, the name of our DestinationRule and of our VirtualService, shortened in the same way. */
export function ruleName(service: string): string {
  return shortened(`${service}-serin`, service, "-serin");
}

function shortened(whole: string, distinct: string, ending: string): string {
  if (whole.length < longest) return whole;
  const tail = `-${createHash("sha256").update(distinct).digest("hex").slice(0, 8)}${ending}`;
  return whole.slice(0, longest - tail.length) + tail;
}

/**
 * What a subset's name says, undefined when it is none of ours. Names in `teamSubsets` are the team's, also when they look like ours.
 * The team's part of a shortened name is found among `teamSubsets`; if it is not there, the name can't be read back and the part is left
 * out: a destination without subset still has pods, one with a subset nobody defined has none.
 */
export function readSubset(name: string | undefined, teamSubsets: readonly string[] = []): RevisionSubset | undefined {
  if (name === undefined || teamSubsets.includes(name)) return undefined;
  const [, hash, rest] = /^rev-([a-z0-9]+)(?:-(.+))?$/.exec(name) ?? [];
  if (hash === undefined) return undefined;
  if (rest === undefined) return { hash };
  const teamSubset = name.length < longest ? rest : teamSubsets.find((subset) => subsetName(hash, subset) === name);
  return teamSubset === undefined ? { hash } : { hash, teamSubset };
}

/** The destination within one revision: key order kept, a new `subset` comes last. */
export function toRevision(destination: Destination, hash: string): Destination {
  return { ...destination, subset: subsetName(hash, destination.subset) };
}

/** The destination as the team has it. */
export function fromRevision(destination: Destination, subset: RevisionSubset): Destination {
  if (subset.teamSubset !== undefined) return { ...destination, subset: subset.teamSubset };
  const { subset: _, ...rest } = destination;
  return rest as Destination;
}
