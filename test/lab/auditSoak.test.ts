import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AuditRow } from "../../src/cli/audit/auditRow.ts";
import { disagreements } from "./auditJoin.ts";
import { playAtRandom } from "./auditMix.ts";
import { acting, settle } from "./auditStory.ts";
import { imageChanges } from "./imageChanges.ts";
import { tell } from "./story.ts";

/** `SOAK=1`: ten minutes, `SOAK=60m`: an hour. `SEED=…` plays a certain choice again, as far as the cluster takes the same time. */
const wanted = process.env["SOAK"];
const minutes = Number(/^(\d+)m$/.exec(wanted ?? "")?.[1] ?? 10);

describe.runIf(wanted !== undefined)("the mixed hour", () => {
  test("what people do at random for long: kube-apiserver's log and the record agree on each change", {
    timeout: (minutes + 10) * 60_000,
  }, async () => {
    const story = await tell({ certTimes: "auditKey=30s", auditBodies: true });
    try {
      await settle(story);
      for (const name of ["plain", "gate", "late"])
        await story.kubectl("patch", "canarypolicy", name, "--type=merge", "-p", '{"spec":{"history":{"keep":1000}}}');
      const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
      console.info(`seed ${seed}`);
      const played = await playAtRandom(story, { until: Date.now() + minutes * 60_000, random: randomFrom(seed) });
      const { serin } = acting(story);
      const rows = JSON.parse((await serin(`audit -A -o json --apiserver-log ${join(story.lab.dir, "audit.log")}`)).stdout) as AuditRow[];
      const { changes, refusals } = await imageChanges(story.lab);
      console.info(`${played} stories: ${changes.length} image changes, ${refusals.length} refusals, ${rows.length} records`);
      expect(disagreements(rows, changes, refusals)).toEqual([]);
      const verified = await serin(`audit verify --apiserver-log ${join(story.lab.dir, "audit.log")}`);
      expect(verified, verified.stdout).toMatchObject({ code: 0 });
    } catch (error) {
      // The lab is gone after this: what is still under way is what to look at.
      for (const { metadata, status } of await story.plans())
        if (status?.finishedAt === undefined) console.info(`${metadata.name}: ${JSON.stringify(status, undefined, 1)}`);
      throw error;
    } finally {
      await story.stop();
    }
  });
});

function randomFrom(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
