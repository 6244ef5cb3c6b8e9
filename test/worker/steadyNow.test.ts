import { expect, test } from "vitest";
import { newestTimeIn, steadyNow } from "../../src/worker/steadyNow.ts";
import { aPlan } from "../build/plan.ts";

test("a clock that is set back goes on from where it was, one that is set forward is followed", () => {
  let wall = 1_000;
  const { now } = steadyNow(() => wall);
  const seen = [1_000, 2_000, 500, 600, 600, 9_000, 8_000].map((time) => {
    wall = time;
    return now();
  });
  expect(seen).toEqual([1_000, 2_000, 2_000, 2_100, 2_100, 10_500, 10_500]);
});

test("it begins no earlier than what an earlier leader has written, unless that is no clock's", () => {
  const wall = 1_000_000;
  const { now, notBefore } = steadyNow(() => wall);
  notBefore(900_000);
  expect(now()).toBe(1_000_000);
  notBefore(Number.NaN);
  notBefore(4_600_000);
  expect(now()).toBe(4_600_000);
  notBefore(Date.parse("9999-01-01T00:00:00Z"));
  expect(now()).toBe(4_600_000);
});

test("a clock that was years ahead and is put right goes on, too", () => {
  const year = 365 * 86_400_000;
  let wall = 4 * year;
  const { now } = steadyNow(() => wall);
  expect(now()).toBe(4 * year);
  wall = 1_000;
  expect(now()).toBe(4 * year);
  wall = 61_000;
  expect(now()).toBe(4 * year + 60_000);
});

test("the newest time of a plan is that of whatever was written last; of one that is over there is none", () => {
  const plan = aPlan();
  const at = (minute: number) => `2026-11-23T10:0${minute}:00.000Z`;
  plan.status = {
    phase: "Progressing",
    reason: "",
    message: "",
    startedAt: at(1),
    stageSince: at(5),
    journal: [{ at: at(3), reason: "", message: "" }],
  };
  expect(newestTimeIn(plan)).toBe(Date.parse(at(5)));
  plan.status.phase = "Promoted";
  expect(newestTimeIn(plan)).toBeUndefined();
});
