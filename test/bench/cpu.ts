/** CPU per review, ours against a bare Node https server beside it. Ends with 1 when the target is missed. FAST=1: a few of the rounds. */
import { compareCpu, type Load } from "./compareCpu.ts";
import { type Size, sizes } from "./reviewSizes.ts";

const target = 1.3;
const fast = process.env["FAST"] === "1";
/** For a second and a half of each round; a fifth of what one core bears. */
const offered: Record<Size, { reviews: number; load: Load }> = {
  "14.5 KiB": { reviews: 1_500, load: { perSecond: 1_000 } },
  "59 KiB": { reviews: 400, load: { perSecond: 260 } },
  "467 KiB": { reviews: 50, load: { perSecond: 33 } },
};

process.stdout.write("CPU per review (µs, median of rounds)            bare   serin   ratio (min … max)\n");
let missed = false;

async function compare(size: Size, kind: "for no policy" | "held", load: Load, isTarget = false): Promise<void> {
  const { bare, serin, ratio, lowest, highest } = await compareCpu(size, kind, {
    load,
    reviews: offered[size].reviews,
    rounds: fast ? 3 : 15,
  });
  const isMissed = isTarget && ratio > target;
  missed ||= isMissed;
  const how = load === "saturated" ? load : `${load.perSecond}/s`;
  const verdict = isTarget ? `   target ≤ ${target}: ${isMissed ? "MISSED" : "met"}` : "";
  process.stdout.write(
    `${`${size}, ${kind}, ${how}`.padEnd(45)} ${bare.toFixed(0).padStart(7)} ${serin.toFixed(0).padStart(7)}   ${ratio.toFixed(2)} (${lowest.toFixed(2)} … ${highest.toFixed(2)})${verdict}\n`,
  );
}

for (const size of Object.keys(sizes) as Size[]) {
  await compare(size, "for no policy", offered[size].load, size === "14.5 KiB");
  await compare(size, "held", offered[size].load);
}
await compare("14.5 KiB", "for no policy", "saturated");
process.exit(missed ? 1 : 0);
