import { expect, it } from "vitest";
import { growth } from "./growth.ts";

it("what the first rounds take is not counted", () => {
  expect(growth([100, 400, 500, 550, 550, 550, 550, 550], 10)).toBe(0);
});

it("a leak is found under noise: so much for each", () => {
  const noise = [0, 40, -30, 10, -40, 30, 20, -20, 0, 35, -35, 5];
  expect(
    growth(
      noise.map((off, round) => 1_000 + round * 100 + off),
      10,
    ),
  ).toBeCloseTo(10, 0);
});

it("one collection that left more than others is no leak", () => {
  expect(growth([500, 500, 500, 500, 500, 500, 900, 500, 500, 500], 10)).toBe(0);
});
