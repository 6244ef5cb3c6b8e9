import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, steps, successRate, tell } from "./story.ts";
import { house, settleTown, townLoad, townPolicy } from "./storyTown.ts";

const metric = (more: Record<string, unknown> = {}) => ({ metrics: [{ ...successRate({ interval: "1s" }), ...more }] });
const asking = (query: string) => metric({ provider: { prometheus: { query } } });
const quick = steps([30, "2s"], [60, "1s"]);

describe("Prometheus fails", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    const policies = [
      townPolicy("down", { steps: quick, analysis: metric({ consecutiveErrorLimit: 1_000 }) }),
      townPolicy("killed", { steps: steps([30, "10s"], [60, "1s"]), analysis: metric({ consecutiveErrorLimit: 1_000 }) }),
      townPolicy("strict", { steps: quick, analysis: metric({ consecutiveErrorLimit: 0 }) }),
      townPolicy("empty", { steps: quick, analysis: metric(), onNoData: { after: "3s", action: "Pause" } }),
      townPolicy("emptyfails", { steps: quick, analysis: asking("vector(1) > 2"), onNoData: { after: "2s", action: "Fail" } }),
      townPolicy("nan", { steps: quick, analysis: asking("vector(0) / vector(0)"), onNoData: { after: "2s", action: "Pause" } }),
      townPolicy("nanfails", { steps: quick, analysis: asking("vector(0) / vector(0)"), onNoData: { after: "2s", action: "Fail" } }),
    ];
    const houses = ["down", "killed", "strict", "empty", "emptyfails", "nan", "nanfails"].flatMap((name) => house(name));
    await settleTown(story, policies, houses);
    await story.record();
  });
  afterAll(() => story?.stop());

  it("out of reach from the start, or in the middle: nobody rises, the plan says why, and goes on when it is back", async () => {
    const loads = [await townLoad(story, "down"), await townLoad(story, "killed")];
    await story.setImage("killed/nginx:2", "killed");
    await story.atWeight("killed/nginx:2", 30);
    await story.lab.processes.kill("prometheus");
    await story.setImage("down/nginx:2", "down");
    await story.setImage("strict/nginx:2", "strict");

    for (const image of ["down/nginx:2", "killed/nginx:2"]) {
      const plan = await story.planWhen(image, "says that Prometheus can't be asked", ({ status }) =>
        /needs a pass under weight 30.*Prometheus at http\S+ can't be asked/.test(status?.message ?? ""),
      );
      expect(plan.status).toMatchObject({ phase: "Progressing", reason: "WaitingForPass", step: { index: 1 }, weight: { desired: 30 } });
    }
    // The limit of errors in a row is the policy's: one that forgives none rolls back at the first.
    const strict = await story.ends("strict/nginx:2");
    expect(strict.status?.phase).toBe("RolledBack");
    expect(reasons(strict)).toContain("AnalysisError");
    expect(strict.status?.message).toMatch(/consecutiveErrors \(1\) > consecutiveErrorLimit \(0\).*Prometheus at http\S+ can't be asked/);

    await story.planWhen("down/nginx:2", "failed twice", ({ status }) => (status?.metrics?.[0]?.errors ?? 0) >= 2);
    for (const image of ["down/nginx:2", "killed/nginx:2"])
      expect((await story.plan(image)).status).toMatchObject({ phase: "Progressing", step: { index: 1 }, weight: { desired: 30 } });
    await story.lab.processes.restart("prometheus");
    for (const image of ["down/nginx:2", "killed/nginx:2"]) expect((await story.ends(image)).status?.phase).toBe("Promoted");
    for (const load of loads) expect((await load.stop()).failures).toEqual([]);
  });

  describe.concurrent("answers without a number", () => {
    it("nothing: paused, a person may go on without, and it goes on by itself when there are requests", async () => {
      await story.setImage("empty/nginx:2", "empty");
      const { metadata } = await story.plan("empty/nginx:2");
      await story.kubectl("wait", "--for=condition=Paused", `plan/${metadata.name}`, "--timeout=60s");
      const paused = await pausedAt("empty/nginx:2", 30);
      expect(paused.status?.message).toMatch(/success-rate: no data for .*onNoData\.after is 3s.*the query answered nothing/);

      await story.kubectl("patch", "plan", metadata.name, "--type=merge", "-p", JSON.stringify({ spec: { control: { promote: {} } } }));
      const next = await pausedAt("empty/nginx:2", 60);
      expect(next.status?.approvals).toMatchObject([{ step: 1, how: "control.promote" }]);

      const load = await townLoad(story, "empty");
      expect((await story.ends("empty/nginx:2")).status?.phase).toBe("Promoted");
      expect((await load.stop()).failures).toEqual([]);
    });

    it("NaN: paused, and never promoted", async () => {
      await story.setImage("nan/nginx:2", "nan");
      const paused = await pausedAt("nan/nginx:2", 30);
      expect(paused.status?.message).toMatch(/no data for .*onNoData\.after is 2s.*\[NaN\]/);
      const later = await story.planWhen(
        "nan/nginx:2",
        "measured again",
        ({ status }) => (status?.metrics?.[0]?.noData ?? 0) > (paused.status?.metrics?.[0]?.noData ?? 0) + 1,
      );
      expect(later.status).toMatchObject({ phase: "Paused", reason: "PausedNoData", weight: { desired: 30 } });
      await story.kubectl("patch", "plan", later.metadata.name, "--type=merge", "-p", JSON.stringify({ spec: { control: { abort: {} } } }));
      expect((await story.ends("nan/nginx:2")).status?.phase).toBe("RolledBack");
    });

    it.each([
      { name: "emptyfails", says: /no data for .*onNoData\.after is 2s.*the query answered nothing/ },
      { name: "nanfails", says: /no data for .*onNoData\.after is 2s.*\[NaN\]/ },
    ])("$name: with onNoData Fail it is rolled back", async ({ name, says }) => {
      const image = `${name}/nginx:2`;
      await story.setImage(image, name);
      const plan = await story.ends(image);
      expect(plan.status?.phase).toBe("RolledBack");
      expect(reasons(plan)).toContain("NoData");
      expect(plan.status?.message).toMatch(says);
      expect(await story.image(name)).toBe("nginx:1.23.4");
    });
  });

  it("through all of it the invariants held", async () => {
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });

  const pausedAt = (image: string, weight: number): Promise<CanaryPlan> =>
    story.planWhen(
      image,
      `without data at weight ${weight}`,
      ({ status }) => status?.reason === "PausedNoData" && status.weight?.desired === weight,
    );
});

const reasons = (plan: CanaryPlan): string[] => (plan.status?.journal ?? []).map(({ reason }) => reason);
