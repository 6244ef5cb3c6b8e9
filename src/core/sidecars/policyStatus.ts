import { longestMissingList, type SidecarPolicy, type SidecarPolicyStatus } from "../../api/sidecarPolicy.ts";
import type { completeReasons } from "./reasons.ts";
import type { Count, MissingPod } from "./tally.ts";

type Condition = NonNullable<SidecarPolicyStatus["conditions"]>[number];
type Said = Pick<Condition, "status" | "message"> & { reason: keyof typeof completeReasons };

/**
 * Since when the policy says what it says, as whole seconds like the age of a pod. What is stored stays; a policy that was never changed says it since
 * it was made; otherwise it is now. Rounded up: a pod of the same second may have come before the webhook knew, which is no trouble of the webhook's.
 * @param now milliseconds since the epoch
 */
export function inForceSince({ metadata, status }: SidecarPolicy, now: number): string {
  const { generation = 0, creationTimestamp } = metadata;
  if (status?.observedGeneration === generation && status.inForceSince !== undefined) return status.inForceSince;
  const from = generation === 1 && creationTimestamp !== undefined ? Date.parse(creationTimestamp) : now;
  return `${new Date((Math.floor(from / 1_000) + 1) * 1_000).toISOString().slice(0, 19)}Z`;
}

/** The policy as whoever has seen this generation of it knows it; `whyMissing` goes by that. */
export const asSeen = (policy: SidecarPolicy, since: string): SidecarPolicy => ({
  ...policy,
  status: { ...policy.status, observedGeneration: policy.metadata.generation ?? 0, inForceSince: since },
});

/**
 * What Serin observed of a policy. The same counts give the same status, whichever way they came about, so that nothing is written when nothing changed.
 * @param seen with `inForceSince`, see `asSeen`
 * @param now as RFC 3339
 */
export function sidecarStatus(seen: SidecarPolicy, { matched, missing }: Count, now: string): SidecarPolicyStatus {
  const { metadata, spec, status } = seen;
  const observedGeneration = metadata.generation ?? 0;
  const said = spec.suspend ? suspended : complete(matched, [...missing.values()]);
  const before = status?.conditions?.find(({ type }) => type === "Complete");
  const lastTransitionTime = before?.status === said.status ? before.lastTransitionTime : now;
  return {
    observedGeneration,
    ...(status?.inForceSince === undefined ? {} : { inForceSince: status.inForceSince }),
    matched,
    carrying: matched - missing.size,
    missing: missing.size,
    pods: [...missing]
      .sort(byKey)
      .slice(0, longestMissingList)
      .map(([, pod]) => pod),
    conditions: [{ type: "Complete", ...said, observedGeneration, lastTransitionTime }],
  };
}

const suspended: Said = { status: "Unknown", reason: "Suspended", message: "the policy is suspended: it asks nothing" };

function complete(matched: number, missing: readonly MissingPod[]): Said {
  if (matched === 0) return { status: "True", reason: "NoPods", message: "no running pod is one that the policy is for" };
  if (missing.length === 0) return { status: "True", reason: "AllCarry", message: `nothing is missing (${pods(matched)})` };
  const reasons = new Map<string, number>();
  for (const { reason } of missing) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const counted = [...reasons].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([reason, count]) => `${count} ${reason}`);
  const message = `something is missing in ${missing.length} of ${pods(matched)}: ${counted.join(", ")}. See: kubectl serin sidecars -A --missing`;
  return { status: "False", reason: "SomeMiss", message };
}

const pods = (count: number): string => (count === 1 ? "1 pod" : `${count} pods`);

/** `namespace/name` in the order of code units, the same on every machine. */
const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);
