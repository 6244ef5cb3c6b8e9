import { expect, test } from "vitest";
import { decisionsOf } from "../../src/cli/audit/auditRow.ts";
import { aPlan, asking, withStatus } from "../build/plan.ts";
import { at } from "../build/story.ts";

const stamp = { by: "alice", at: at(10), key: "k1", mac: "only the webhook and the worker can check it" };

test("who decided is named, and not as if it were proven when it is not", () => {
  const plan = aPlan(asking({ abort: stamp, promote: { full: true, by: "eve", at: at(10) }, hold: { ...stamp, by: "mallory" } }));
  const doubted = withStatus({
    journal: [{ at: at(12), reason: "StampForged", message: "hold of nginx-x7k2m says by mallory at …" }],
  });
  expect(decisionsOf(aPlan(asking(plan.spec.control), doubted))).toEqual([
    "held by mallory (unproven)",
    "promoted in full by eve (unproven)",
    "aborted by alice",
  ]);
});
