import { expect, test } from "vitest";
import type { Follower } from "../../src/worker/follower.ts";
import { tell } from "../scenes/tell.ts";

test("one that fails, from the first word on, holds up neither the plan nor the others", async () => {
  const broken = (): never => {
    throw new Error("a fault of mine");
  };
  const phases: (string | undefined)[] = [];
  const good: Follower = { lead: () => {}, changed: ({ status }) => void phases.push(status?.phase) };
  const cluster = await tell({ followers: [{ lead: broken, changed: broken, policyChanged: broken }, good] });
  await cluster.runToEnd(60_000);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(phases.at(-1)).toBe("Promoted");
  expect(cluster.findings().every((finding) => finding.includes("a fault of mine"))).toBe(true);
});
