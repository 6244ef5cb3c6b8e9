import { expect, it } from "vitest";
import { compareCpu } from "../bench/compareCpu.ts";

/** The short version of `make bench-webhook`, here since `make test` runs this file alone (test/house/testAll.ts), with a bound that only a mistake of another order breaks: express alone costs 2.6 × in a saturated server. */
it("a review costs little more CPU than any https server that parses it", async () => {
  const { ratio } = await compareCpu("14.5 KiB", "for no policy", { load: { perSecond: 1_000 }, reviews: 500, rounds: 5 });
  expect(ratio).toBeLessThan(2);
}, 30_000);
