/** Traffic follows capacity: how many canary pods a weight needs, and what weight the pods that are there allow (design §6). */

/**
 * The weight that may stand now, whole, 0..100: the wanted one when as many canary pods are ready as it needs, else the part of it that the ready ones
 * carry, rounded down. Only the rise has to wait for pods; a fall is allowed at once.
 */
export function allowedWeight(load: { wanted: number; neededPods: number; readyPods: number }): number {
  const { wanted, neededPods } = load;
  const ready = Math.max(0, load.readyPods);
  if (ready >= neededPods) return Math.max(0, wanted);
  return Math.max(0, Math.floor((wanted * ready) / neededPods));
}

/** `canary.replicas` of a policy: as many as the weight needs, a fixed number, or a percentage of `spec.replicas` like `"50%"`. */
export type CanarySize = "Weight" | number | `${number}%`;

export interface CanaryLoad {
  /** `spec.replicas` of the Deployment. 0 gives 0: that cancels the plan (design §7). */
  readonly replicas: number;
  /** 0..100, the weight for which the pods are wanted. */
  readonly weight: number;
  readonly setting: CanarySize | string;
  /** At least so many, as long as there are canary pods at all. */
  readonly minReplicas: number;
  /** The canary is being started for its first weight: `minReplicas` are wanted although the weight is still 0. */
  readonly preparing?: boolean;
}

/**
 * How many canary pods are wanted.
 *
 * - Weight 0 and not preparing: none.
 * - `Weight`: that percentage of `replicas`, rounded up. `"50%"`: that percentage, whatever the weight. A number: that many.
 * - At least `minReplicas`, and never more than `replicas` unless a plain number says so.
 * - At weight 100 at least `replicas`, whatever the setting: these pods are then handed over and carry everything (design I3).
 *
 * @throws RangeError when the setting is none of the three.
 */
export function canaryReplicas(load: CanaryLoad): number {
  const { replicas, weight, setting, minReplicas, preparing = false } = load;
  if (replicas <= 0 || (weight <= 0 && !preparing)) return 0;
  const asked = askedFor(setting, replicas, weight);
  const whole = weight >= 100 ? replicas : 0;
  if (typeof setting === "number") return Math.max(asked, minReplicas, whole);
  return Math.min(replicas, Math.max(asked, minReplicas, whole));
}

function askedFor(setting: CanarySize | string, replicas: number, weight: number): number {
  if (typeof setting === "number" && Number.isInteger(setting) && setting >= 0) return setting;
  if (setting === "Weight") return Math.ceil((replicas * weight) / 100);
  const [, percent] = /^([0-9]{1,3})%$/.exec(String(setting)) ?? [];
  if (percent === undefined)
    throw new RangeError(`canary replicas "${setting}" is neither Weight, a whole number nor a percentage like "50%"`);
  return Math.ceil((replicas * Number(percent)) / 100);
}
