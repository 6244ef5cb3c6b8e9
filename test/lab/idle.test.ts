import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlanStatus } from "../../src/api/plan.ts";
import { type AuditEvent, inWords, isAccepted, isLease, serinWrites } from "./auditLog.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, steps, tell } from "./story.ts";
import { shop } from "./storyShop.ts";

const watchedMs = process.env["SOAK"] ? 60_000 : 20_000;
const policySteps = steps([30, "2s"], [60, "2s"], [100, "2s"]);

describe("what Serin writes", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    await story.shop({ replicas: 4 });
    for (const name of ["web", "api", "batch"]) await story.lab.apply(shop({ name, replicas: 1, image: `${name}:1.0`, route: false }));
    await story.policy({ steps: policySteps });
    for (const name of ["web", "api", "batch"]) await story.kubectl("rollout", "status", `deploy/${name}`, "--timeout=60s");
  });
  afterAll(() => story?.stop());

  it(`with nothing to do: nothing but its Lease, for ${watchedMs / 1_000} s`, async () => {
    expect(await writesOfASilence()).toEqual({ but: [], leaseIsRenewed: true });
  });

  it("for a whole plan: at most two writes per step and object, and no requests counted where none flow", async () => {
    const from = Date.now();
    await story.record();
    await story.setImage("nginx:1.24.0");
    expect((await story.ends("nginx:1.24.0")).status?.phase).toBe("Promoted");
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);

    const writes = (await serinWrites(story.lab, from)).filter((event) => !isLease(event));
    const table = byObject(writes.filter(isAccepted));
    process.stdout.write(`writes of a plan of ${policySteps.length} steps:\n${inRows(table)}\n`);
    // A compare-and-swap that another writer was faster than (409) has written nothing.
    expect(writes.filter((event) => !isAccepted(event) && event.responseStatus?.code !== 409).map(inWords)).toEqual([]);
    const objects = Object.entries(table).filter(([object]) => !object.startsWith("events "));
    expect(objects.filter(([, count]) => count > 2 * policySteps.length)).toEqual([]);

    const observed = events
      .filter(({ kind }) => kind === "CanaryPlan")
      .map(({ object }) => (object.status as PlanStatus | undefined)?.weight?.observed);
    expect(observed.filter((share) => share !== undefined)).toEqual([]);
  });

  it(`with a finished plan: nothing but its Lease, for ${watchedMs / 1_000} s`, async () => {
    expect(await writesOfASilence()).toEqual({ but: [], leaseIsRenewed: true });
  });

  async function writesOfASilence(): Promise<{ but: string[]; leaseIsRenewed: boolean }> {
    const from = Date.now();
    await delay(watchedMs);
    const writes = await serinWrites(story.lab, from);
    return { but: writes.filter((event) => !isLease(event)).map(inWords), leaseIsRenewed: writes.some(isLease) };
  }
});

/** Requests per object. Events are none of an object's: each is written once, and counted together. */
function byObject(writes: readonly AuditEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { objectRef } of writes) {
    const object = objectRef?.resource === "events" ? "events (all)" : `${objectRef?.resource} ${objectRef?.namespace}/${objectRef?.name}`;
    counts[object] = (counts[object] ?? 0) + 1;
  }
  return counts;
}

const inRows = (table: Record<string, number>): string =>
  Object.entries(table)
    .map(([object, count]) => `${String(count).padStart(5)}  ${object}`)
    .join("\n");
