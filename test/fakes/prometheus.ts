import type { Prometheus, PrometheusAnswer } from "../../src/prometheus/client.ts";
import type { Count, Mesh } from "./mesh.ts";
import type { SimulatedClock } from "./simulatedClock.ts";

/** What Prometheus is like: it answers from what it scraped, or does not. */
export type PrometheusMood = "well" | "empty" | "nan" | "error";

/** The query of the stories: the share of good answers of one revision over the last minute. */
export const successRate = 'success_rate("{{args.canary-hash}}")';

interface Scrape {
  at: number;
  counts: Map<string, Count>;
}

const scrapeMs = 1_000;
const windowMs = 60_000;
const answerMs = 30;

/** Prometheus in front of the simulated mesh: scrapes every second, knows the three queries that a worker asks. */
export class FakePrometheus implements Prometheus {
  mood: PrometheusMood = "well";
  /** False: requests can't be counted by revision, so there is no proof and only the settle time is left. */
  counts = true;
  asked = 0;
  readonly #clock: SimulatedClock;
  readonly #mesh: Mesh;
  #scrapes: Scrape[] = [];

  constructor(clock: SimulatedClock, mesh: Mesh) {
    this.#clock = clock;
    this.#mesh = mesh;
    this.#scrape();
  }

  async query(promql: string): Promise<PrometheusAnswer> {
    await this.#clock.sleep(answerMs);
    if (this.mood === "error") return { kind: "error", message: "connection refused" } as PrometheusAnswer;
    if (promql.includes("serin_at"))
      return this.counts ? this.#counters() : ({ kind: "error", message: "not scraped" } as PrometheusAnswer);
    const hash = /^success_rate\("(.*)"\)$/.exec(promql)?.[1];
    if (hash === undefined) return answer([]);
    this.asked += 1;
    if (this.mood === "empty") return answer([]);
    return answer(this.mood === "nan" ? [{ labels: {}, value: Number.NaN }] : this.#rate(hash));
  }

  #rate(hash: string): Labelled[] {
    const last = this.#scrapes.at(-1);
    const first = this.#scrapes.find(({ at }) => at >= (last?.at ?? 0) - windowMs);
    const [now, before] = [last?.counts.get(hash), first?.counts.get(hash)];
    if (!now) return [];
    const requests = now.requests - (before?.requests ?? 0);
    const errors = now.errors - (before?.errors ?? 0);
    return [{ labels: {}, value: requests === 0 ? Number.NaN : 1 - errors / requests }];
  }

  #counters(): PrometheusAnswer {
    const last = this.#scrapes.at(-1);
    const series = [...(last?.counts ?? [])].map(([hash, { requests }]) => ({
      labels: { destination_canonical_revision: hash },
      value: requests,
    }));
    return answer([...series, { labels: { serin_at: "newest" }, value: (last?.at ?? 0) / 1_000 }]);
  }

  #scrape(): void {
    const counts = new Map(
      [...this.#mesh.counts].map(([hash, count]) => [hash, { requests: Math.floor(count.requests), errors: Math.floor(count.errors) }]),
    );
    this.#scrapes = [...this.#scrapes.slice(-windowMs / scrapeMs - 1), { at: this.#clock.now(), counts }];
    this.#clock.setTimer(() => this.#scrape(), scrapeMs);
  }
}

interface Labelled {
  labels: Record<string, string>;
  value: number;
}

const answer = (series: Labelled[]): PrometheusAnswer => ({
  kind: "values",
  values: series.map(({ value }) => value),
  series: series.map((each) => ({ ...each, at: 0 })),
  warnings: [],
});
