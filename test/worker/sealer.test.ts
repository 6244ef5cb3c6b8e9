import { expect, it } from "vitest";
import type { CanaryPlan, PlanStatus } from "../../src/api/plan.ts";
import type { Client } from "../../src/kube/client.ts";
import { Sealer } from "../../src/worker/sealer.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const ended = (uid: string, at: number) =>
  ({
    metadata: { name: uid, namespace: "shop", uid },
    status: { phase: "Promoted", finishedAt: new Date(at).toISOString() },
  }) as unknown as CanaryPlan & { status: PlanStatus };

it("remembers what it could not seal for as long as the plan is there, and a minute for one that is not seen yet", async () => {
  let now = start;
  let stored: CanaryPlan[] = [];
  const sealer = new Sealer({
    client: { get: async () => undefined } as unknown as Client,
    namespace: "serin-system",
    readKeys: async () => ({ signing: undefined, privateKeys: new Map(), current: undefined, records: [] }),
    plans: () => stored,
    log: { info() {}, warn() {}, error() {} },
    now: () => now,
    mayWrite: () => true,
  });
  const end = async (plan: CanaryPlan & { status: PlanStatus }) => sealer.seal(plan, plan.status, async (status) => status);
  const [kept, deleted, unseen] = [ended("kept", start), ended("deleted", start), ended("unseen", start + 90_000)];

  stored = [kept, deleted];
  await end(kept);
  await end(deleted);
  stored = [kept];
  now = start + 90_000;
  await end(unseen);
  await end(ended("last", now));

  expect([kept, deleted, unseen].map((plan) => sealer.isLate(plan))).toEqual([true, false, true]);
});
