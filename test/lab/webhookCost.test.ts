import { expect, it } from "vitest";
import { compareCpu } from "../bench/compareCpu.ts";

/** The short version of `make bench-webhook`, here since one file runs at a time here, with a bound that only a mistake of another order breaks: 2.6 × is what express alone costs. */
it("a review costs little more CPU than any https server that parses it", async () => {
  const { ratio } = await compareCpu("14.5 KiB", "for no policy", { reviews: 500, rounds: 5 });
  expect(ratio).toBeLessThan(2.6);
}, 30_000);
