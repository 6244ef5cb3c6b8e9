/** CPU per review, ours against a bare Node https server beside it. Ends with 1 when the target is missed. FAST=1: a tenth of the rounds. */
import { compareCpu } from "./compareCpu.ts";
import { type Size, sizes } from "./reviewSizes.ts";

const target = 1.3;
const fast = process.env["FAST"] === "1";
const reviews: Record<Size, number> = { "14.5 KiB": 2_000, "59 KiB": 600, "467 KiB": 100 };

process.stdout.write("CPU per review (µs, median of rounds)   bare   serin   ratio (min … max)\n");
let missed = false;
for (const size of Object.keys(sizes) as Size[]) {
  for (const kind of ["for no policy", "held"] as const) {
    const { bare, serin, ratio, lowest, highest } = await compareCpu(size, kind, { reviews: reviews[size], rounds: fast ? 3 : 15 });
    const isTarget = size === "14.5 KiB" && kind === "for no policy";
    const isMissed = isTarget && ratio > target;
    missed ||= isMissed;
    const verdict = isTarget ? `   target ≤ ${target}: ${isMissed ? "MISSED" : "met"}` : "";
    process.stdout.write(
      `${`${size}, ${kind}`.padEnd(36)} ${bare.toFixed(0).padStart(7)} ${serin.toFixed(0).padStart(7)}   ${ratio.toFixed(2)} (${lowest.toFixed(2)} … ${highest.toFixed(2)})${verdict}\n`,
    );
  }
}
process.exit(missed ? 1 : 0);
