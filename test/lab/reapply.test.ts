import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { checkReadyPods, checkWeights } from "./recorder/invariants.ts";
import { hashOf, routesOf } from "./recorder/routes.ts";
import { type Story, tell } from "./story.ts";
import { shopRoute } from "./storyShop.ts";

const rounds = process.env["SOAK"] ? 30 : 9;

/** A GitOps tool that puts its VirtualService back every two seconds, whichever way it writes. */
describe("a VirtualService with a live split, applied again and again from Git", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    await story.shop({ replicas: 2 });
    await story.policy({ steps: [{ setWeight: 30 }, { pause: {} }], traffic: { settle: "500ms" } });
    await story.setImage("nginx:1.24.0");
    await story.planWhen("nginx:1.24.0", "at its gate", ({ status }) => status?.phase === "Paused");
    await story.record();
    await story.load(100);
  });
  afterAll(() => story?.stop());

  it(`keeps the split in every stored revision, by apply, replace and server-side apply, for ${rounds * 2} s under load`, {
    timeout: 240_000,
  }, async () => {
    const file = join(story.lab.dir, "route.yaml");
    await writeFile(file, stringify(shopRoute()));
    const ways = [["apply"], ["replace"], ["apply", "--server-side", "--force-conflicts"]];
    for (let round = 0; round < rounds; round++) {
      const pause = delay(2_000);
      const typed = await story.type("kubectl", ...(ways[round % ways.length] ?? []), "-f", file);
      expect(typed).toMatchObject({
        code: 0,
        stderr: expect.stringContaining("is splitting this route: its weights stay, the rest was applied"),
      });
      await pause;
    }
    const report = await story.stopLoad();
    expect([report.non200, report.failures]).toEqual([0, []]);
    const events = await story.stopRecording();
    const stored = events.filter(({ kind, name, type }) => kind === "VirtualService" && name === "nginx" && type !== "DELETED");
    expect(stored.length).toBeGreaterThan(1);
    for (const event of stored)
      expect(routesOf(event)[0]?.destinations.map(({ subset, weight }) => [hashOf(subset) !== undefined, weight])).toEqual([
        [true, 70],
        [true, 30],
      ]);
    expect([...checkWeights(events), ...checkReadyPods(events)]).toEqual([]);
  });

  it("and the plan goes on to its end, with the route as the team has it", async () => {
    await story.kubectl("rollout", "resume", "deploy/nginx");
    expect((await story.ends("nginx:1.24.0")).status?.phase).toBe("Promoted");
    expect((await story.get<{ spec: unknown }>("virtualservice", "nginx")).spec).toEqual((shopRoute() as { spec: unknown }).spec);
  });
});
