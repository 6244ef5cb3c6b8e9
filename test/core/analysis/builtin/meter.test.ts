import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Builtin } from "../../../../src/api/builtin.ts";
import { type Meter, readMeter } from "../../../../src/core/analysis/builtin/meter.ts";
import type { Sample } from "../../../../src/core/analysis/builtin/sample.ts";
import { t0 } from "../aMetric.ts";
import { aSample } from "./counters.ts";

const rate: Builtin = { successRate: {} };
const none = { canary: { requests: 0, bad: 0 }, stable: { requests: 0, bad: 0 } };
const reading = (sample: Sample, later = 0) => ({ now: sample.at + later, canaryRevision: "c" });

/** The answers to these samples, one after the other. */
function read(builtin: Builtin, ...samples: Sample[]) {
  let meter: Meter | undefined;
  return samples.map((sample) => {
    const next = readMeter(meter, builtin, sample, reading(sample));
    meter = next.meter;
    return next.answer;
  });
}

describe("a meter", () => {
  test("begins at its first sample: what the counters held before, an earlier canary of the same name too, counts for nothing", () => {
    const samples = [
      aSample(0, { "c 200": 9_000, "c 503": 4_000, "s 200": 100 }),
      aSample(5, { "c 200": 9_010, "c 503": 4_001, "s 200": 190 }),
    ];
    expect(read(rate, ...samples)).toEqual([
      undefined,
      { kind: "counts", since: t0, canary: { requests: 11, bad: 1 }, stable: { requests: 90, bad: 0 } },
    ]);
  });

  test("after a restart it goes on from there, without that difference", () => {
    const answers = read(rate, aSample(0, { "c 200": 100 }), aSample(5, { "c 200": 3 }, { resets: 1 }), aSample(10, { "c 200": 8 }));
    expect(answers[1]).toBeUndefined();
    expect(answers[2]?.canary).toEqual({ requests: 5, bad: 0 });
  });

  test("where a proxy has taken another's place, too, once an interval of scrapes has shown that it is no replica that lags", () => {
    const answers = read(rate, ...[100, 3, 8, 14].map((requests, index) => aSample(5 * index, { "c 200": requests })));
    expect(answers.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(answers[3]?.canary).toEqual({ requests: 6, bad: 0 });
  });

  /** Two replicas of Prometheus behind one Service: each scrapes each proxy at times of its own, and nobody knows which one answers. */
  test("law: replicas that answer in turn count no request twice, and lose none", () => {
    const scrapeSeconds = 15;
    const offsets = fc.array(fc.tuple(fc.nat(scrapeSeconds - 1), fc.nat(scrapeSeconds - 1)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(offsets, fc.array(fc.constantFrom(0, 1), { minLength: 100, maxLength: 100 }), (proxies, replicas) => {
        const looks = replicas.map((replica, index) => {
          const scraped = proxies.map((at) => {
            const [offset = 0, now] = [at[replica], 100 + 2 * index];
            return now - ((now - offset) % scrapeSeconds);
          });
          // Each proxy counts one request a second.
          return aSample(Math.max(...scraped), { "c 200": scraped.reduce((sum, at) => sum + at, 0) }, { reporters: proxies.length });
        });
        let meter: Meter | undefined;
        let counted = 0;
        for (const look of looks) {
          const next = readMeter(meter, rate, look, reading(look));
          counted += next.answer?.canary.requests ?? 0;
          meter = next.meter;
        }
        const [first, last] = [looks[0], meter?.before].map((sample) => sample?.series.get("c 200")?.value ?? 0);
        expect(counted).toBe((last ?? 0) - (first ?? 0));
        expect(last).toBeGreaterThan((first ?? 0) + 100);
      }),
    );
  });

  test("where the counters begin anew with each scrape, data is missing after 30 s, until a difference can be counted", () => {
    const coming = (seconds: number) => aSample(seconds, { "c 200": seconds }, { reporters: seconds });
    const steady = aSample(50, { "c 200": 90 }, { reporters: 40 });
    const answers = read(rate, ...[0, 10, 20, 30, 40].map(coming), steady, coming(60), coming(70));
    expect(answers.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    const missing = "since 00:00:00 the counters begin anew with each scrape (30 proxies report instead of 20)";
    expect(answers[3]).toEqual({ kind: "counts", since: t0 + 20_000, ...none, missing });
    expect(answers[4]).toMatchObject({ missing: expect.stringContaining("(40 proxies report instead of 30)") });
    expect(answers[5]?.canary).toEqual({ requests: 50, bad: 0 });
    expect(answers.slice(6)).toEqual([undefined, undefined]);
  });

  test("a series that was missing for a scrape does not bring its past along", () => {
    const answers = read(
      rate,
      aSample(0, { "c 200": 900, "s 200": 1 }),
      aSample(5, { "s 200": 2 }),
      aSample(10, { "c 200": 905, "s 200": 3 }),
    );
    expect(answers[2]?.canary).toEqual({ requests: 5, bad: 0 });
  });

  // Prometheus scrapes every 60 s unless it is told otherwise.
  test.each([
    [5, 30],
    [12, 30],
    [30, 75],
    [60, 150],
    [300, 150],
  ])("scraped every %d s: after %d s without a scrape data is missing, two that are missed are not", (every, silence) => {
    const [first, second] = [aSample(0, { "c 200": 100 }), aSample(every, { "c 200": 110 })];
    const begun = readMeter(undefined, rate, first, reading(first)).meter;
    const { meter } = readMeter(begun, rate, second, reading(second));
    expect(readMeter(meter, rate, second, reading(second, silence * 1_000 - 1)).answer).toBeUndefined();
    expect(readMeter(meter, rate, second, reading(second, silence * 1_000)).answer).toMatchObject({
      missing: "no proxy was scraped since",
    });
  });

  test("before two scrapes were seen, scrapes may be a minute apart", () => {
    const sample = aSample(0, { "c 200": 100 });
    const { meter } = readMeter(undefined, rate, sample, reading(sample));
    expect(readMeter(meter, rate, sample, reading(sample, 149_999)).answer).toBeUndefined();
    expect(readMeter(meter, rate, sample, reading(sample, 150_000)).answer).toMatchObject({ missing: "no proxy was scraped since" });
  });
});

describe("where a slow request begins", () => {
  const buckets = (revision: string, ...counts: [number, number, number, number]) =>
    Object.fromEntries(["100", "500", "1000", "+Inf"].map((le, index) => [`${revision} ${le}`, counts[index] ?? 0]));
  const le = { kind: "le" };
  const before = aSample(0, { ...buckets("c", 0, 0, 0, 0), ...buckets("s", 0, 0, 0, 0) }, le);
  const after = aSample(5, { ...buckets("c", 5, 8, 9, 10), ...buckets("s", 600, 960, 999, 1_000) }, le);

  test("with max at the first bound that is not below it", () => {
    const at = (max: string) => read({ latency: { quantile: 0.99, max } }, before, after)[1];
    expect(at("500ms")).toMatchObject({ boundMs: 500, canary: { requests: 10, bad: 2 }, stable: { requests: 1_000, bad: 40 } });
    expect(at("501ms")).toMatchObject({ boundMs: 1_000, canary: { requests: 10, bad: 1 } });
    expect(at("2s")).toMatchObject({ missing: "no bucket of 2s or more was counted", canary: { requests: 0 } });
  });

  test("else where stable's own quantile is, and it stays there", () => {
    const slower = aSample(10, { ...buckets("c", 5, 8, 9, 30), ...buckets("s", 600, 960, 999, 9_000) }, le);
    const answers = read({ latency: { quantile: 0.95 } }, before, after, slower);
    expect(answers[1]).toMatchObject({ boundMs: 500 });
    expect(answers[2]).toMatchObject({ boundMs: 500, canary: { requests: 20, bad: 20 } });
    expect(read({ latency: { quantile: 0.5 } }, before, after)[1]).toMatchObject({ boundMs: 100 });
  });

  test("a successor goes on with the bound that the plan tells", () => {
    const metering = { now: after.at, canaryRevision: "c", boundMs: 1_000 };
    const { meter } = readMeter(undefined, { latency: { quantile: 0.5 } }, before, metering);
    expect(readMeter(meter, { latency: { quantile: 0.5 } }, after, metering).answer).toMatchObject({ boundMs: 1_000, canary: { bad: 1 } });
  });

  test("too few of stable's requests say nothing", () => {
    const few = aSample(5, { ...buckets("c", 5, 5, 5, 5), ...buckets("s", 40, 40, 40, 40) }, le);
    expect(read({ latency: { quantile: 0.95 } }, before, few)[1]).toMatchObject({
      missing: "40 of the 100 stable requests that say what is slow",
      canary: { requests: 0, bad: 0 },
    });
  });
});
