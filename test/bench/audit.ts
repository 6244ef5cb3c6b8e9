/** `make bench-audit`: how fast `audit verify` is, from lines of an export to its answer, in time of the CPU, since others may use it too. Ends with 1 below 100,000 entries a second. */
import { verifyAudit } from "../../src/core/audit/verify.ts";
import { aHistory, Dice, evidenceOf, makeKey } from "../core/audit/history.ts";

const target = 100_000;
const shapes = [
  { plans: 4_000, entries: 30, what: "plans of 4 to 30 entries, as releases are" },
  { plans: 600, entries: 200, what: "plans of 4 to 200 entries, as long analyses are" },
];
let slowest = Number.POSITIVE_INFINITY;
for (const { plans, entries, what } of shapes) {
  const history = aHistory(new Dice(7), { plans, entries, keys: [makeKey("2026-01-01T00:00:00.000Z")] });
  const lines = history.plans.map((plan) => JSON.stringify(plan));
  let best = Number.POSITIVE_INFINITY;
  let counted = 0;
  for (let round = 0; round < 5; round += 1) {
    const began = process.cpuUsage();
    const { findings, unchecked, counts } = verifyAudit(evidenceOf(history, { plans: lines.map((line) => JSON.parse(line) as unknown) }));
    const { user, system } = process.cpuUsage(began);
    best = Math.min(best, (user + system) / 1_000);
    if (findings.length + unchecked.length > 0) throw new Error(`a false alarm: ${JSON.stringify([findings[0], unchecked[0]])}`);
    counted = counts.entries;
  }
  const rate = (counted / best) * 1_000;
  slowest = Math.min(slowest, rate);
  process.stdout.write(
    `${String(plans).padStart(6)} ${what}: ${counted} entries in ${best.toFixed(0)} ms of CPU, ${Math.round(rate)} entries/s\n`,
  );
}
process.stdout.write(`${slowest >= target ? "met" : "missed"}: at least ${target} entries/s\n`);
process.exitCode = slowest >= target ? 0 : 1;
