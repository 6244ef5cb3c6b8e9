import { expect, it } from "vitest";
import { trustLog } from "../../src/tls/trustLog.ts";

function log() {
  const clock = { now: 1_000 };
  const trusted = trustLog(() => clock.now);
  return {
    after: (milliseconds: number, generation: number | undefined, everywhere: string[] = [], uid = "u") => {
      clock.now += milliseconds;
      return Object.fromEntries(trusted(generation === undefined ? undefined : { uid, generation, everywhere }));
    },
  };
}

it("counts from the first look that sees a CA everywhere, through changes that keep it", () => {
  const { after } = log();
  expect(after(0, 1, ["a"])).toEqual({ a: 0 });
  expect(after(50, 1, ["a"])).toEqual({ a: 50 });
  expect(after(50, 2, ["b", "a"])).toEqual({ a: 100, b: 0 });
  expect(after(50, 3, ["b"])).toEqual({ b: 50 });
});

it("starts again when it was away, when a change was missed, and with another configuration", () => {
  const { after } = log();
  after(0, 1, ["a"]);
  expect(after(50, 2, [])).toEqual({});
  expect(after(50, 3, ["a"])).toEqual({ a: 0 });
  expect(after(50, 5, ["a"])).toEqual({ a: 0 });
  expect(after(50, undefined)).toEqual({});
  expect(after(50, 1, ["a"])).toEqual({ a: 0 });
  expect(after(50, 1, ["a"], "another")).toEqual({ a: 0 });
});
