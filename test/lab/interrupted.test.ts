import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, steps, successRate, tell } from "./story.ts";

/**
 * A third version, and the way back, in the middle of a canary. Peers lose requests here on a slow mesh: Argo Rollouts 85, Flagger 178, a plain
 * rolling update 326 (research/peers-measured.md).
 */
describe.each([
  { mesh: "a fast mesh", debounce: "100ms" },
  { mesh: "a mesh in which istiod holds its pushes for 3 s", debounce: "3s" },
])("in $mesh, under 100 requests a second", ({ debounce }) => {
  let story: Story;
  beforeAll(async () => {
    story = await tell({ debounce });
    await story.shop({ replicas: 4 });
    await story.policy({ steps: steps([30, "12s"], [60, "3s"], [100, "3s"]), analysis: { metrics: [successRate()] } });
  });
  afterAll(() => story?.stop());

  it("v3 in the middle of v2's canary supersedes it; v1 in the middle of v3's cancels it; nothing is lost", async () => {
    await story.record();
    await story.load(100);

    await story.setImage("nginx:2.0.0");
    await story.atWeight("nginx:2.0.0", 30);
    await story.setImage("nginx:3.0.0");
    expect((await story.ends("nginx:2.0.0")).status?.phase).toBe("Superseded");

    await story.atWeight("nginx:3.0.0", 30);
    await story.setImage("nginx:1.23.4");
    expect((await story.ends("nginx:3.0.0")).status?.phase).toBe("Cancelled");
    const status = await story.rolloutStatus();
    expect(status.code).toBe(0);
    expect(await story.image()).toBe("nginx:1.23.4");
    expect((await story.pods()).length).toBe(4);

    await story.setImage("nginx:4.0.0");
    expect((await story.ends("nginx:4.0.0")).status?.phase).toBe("Promoted");

    const report = await story.stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.non200).toBe(0);
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    expect((await story.plans()).map(({ status: now }) => now?.phase).sort()).toEqual(["Cancelled", "Promoted", "Superseded"]);
  });
});
