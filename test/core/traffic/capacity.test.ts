import { describe, expect, it } from "vitest";
import { allowedWeight, type CanarySize, canaryReplicas } from "../../../src/core/traffic/capacity.ts";

describe("the weight that pods allow", () => {
  it.each([
    [30, 3, 3, 30, "all are ready"],
    [30, 3, 5, 30, "more than needed"],
    [30, 3, 2, 20, "two thirds of them"],
    [100, 3, 1, 33, "rounded down"],
    [30, 3, 0, 0, "none"],
    [30, 0, 0, 30, "none needed"],
    [30, 3, -1, 0, "never below 0"],
    [1, 3, 2, 0, "a part of 1 is 0"],
  ])("wanted %d, needs %d, %d ready → %d: %s", (wanted, neededPods, readyPods, expected) => {
    expect(allowedWeight({ wanted, neededPods, readyPods })).toBe(expected);
  });
});

describe("canary pods", () => {
  it.each<[CanarySize, number, number, number, boolean, number, string]>([
    ["Weight", 10, 30, 1, false, 3, "that percentage"],
    ["Weight", 7, 30, 1, false, 3, "rounded up"],
    ["Weight", 10, 100, 1, false, 10, "all at 100"],
    ["Weight", 10, 1, 3, false, 3, "at least minReplicas"],
    ["Weight", 2, 10, 5, false, 2, "but never more than replicas"],
    ["Weight", 10, 0, 1, false, 0, "none at 0"],
    ["Weight", 10, 0, 2, true, 2, "minReplicas while preparing"],
    ["Weight", 10, 30, 1, true, 3, "preparing for 30"],
    ["Weight", 0, 30, 1, true, 0, "none of none"],
    ["50%", 9, 10, 1, false, 5, "a percentage whatever the weight"],
    ["50%", 9, 100, 1, false, 9, "but all at 100"],
    ["150%", 4, 10, 1, false, 4, "never more than replicas"],
    [2, 10, 60, 1, false, 2, "a plain number"],
    [12, 10, 60, 1, false, 12, "may be more than replicas"],
    [2, 10, 100, 1, false, 10, "at 100 they carry everything"],
    [2, 10, 0, 1, false, 0, "none at 0"],
    [1, 10, 0, 1, true, 1, "while preparing"],
  ])("%s of %d at weight %d, min %d, preparing %s → %d: %s", (setting, replicas, weight, minReplicas, preparing, expected) => {
    expect(canaryReplicas({ setting, replicas, weight, minReplicas, preparing })).toBe(expected);
  });

  it.each(["half", "-1%", "", 1.5, -2])("are not sized by %s", (setting) => {
    expect(() => canaryReplicas({ setting: setting as CanarySize, replicas: 4, weight: 10, minReplicas: 1 })).toThrow(RangeError);
  });
});
