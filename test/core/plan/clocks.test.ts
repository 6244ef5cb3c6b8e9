import { expect, test } from "vitest";
import { canaryImage, stableImage } from "../../build/story.ts";
import { everySecond, tell, troubles } from "../../scenes/tell.ts";

// A worker dies, and the clock of its successor is another one.

const moments = everySecond.filter((_, index) => index % 3 === 1);
const minutes = 60_000;

test.each([
  ["five minutes ahead", [0, 5 * minutes]],
  ["an hour behind", [0, -60 * minutes]],
  ["right, after one that was three years ahead", [3 * 365 * 24 * 60 * minutes, 0]],
])(
  "the successor's clock is %s: a good release is promoted, a bad one is stopped, both as soon as ever",
  { timeout: 120_000 },
  async (_, skewsMs) => {
    const found = await troubles(moments, async (at) => {
      const told: string[] = [];
      for (const [image, phase, left] of [
        [canaryImage, "Promoted", canaryImage],
        [`${canaryImage}-errors50`, "RolledBack", stableImage],
      ] as const) {
        const cluster = await tell({ skewsMs }, at, image);
        cluster.crash();
        await cluster.runToEnd(60_000);
        const pods = JSON.stringify(cluster.running());
        if (cluster.plan?.status?.phase !== phase || pods !== JSON.stringify({ [left]: 4 }))
          told.push(`ended with ${pods}: ${cluster.describe()}`);
        told.push(...cluster.findings());
      }
      return told;
    });
    expect(found).toEqual([]);
  },
);

test.each([0, 60 * minutes])(
  "a change that somebody unpauses past the admission is held again, also after a worker whose clock was %i ms ahead",
  async (aheadMs) => {
    const cluster = await tell({ skewsMs: [aheadMs, 0] }, 5_000);
    cluster.crash();
    await cluster.runToEnd(60_000);
    cluster.users.setImage(`${canaryImage}-next`);
    cluster.users.unpausePastAdmission();
    await cluster.runToEnd(60_000);
    expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["Promoted", "Promoted"]);
  },
);
