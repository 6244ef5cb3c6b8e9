import type { Prometheus, PrometheusAnswer } from "../../src/prometheus/client.ts";
import { deploymentName, namespace } from "../build/story.ts";
import type { Count, Mesh } from "./mesh.ts";
import type { SimulatedClock } from "./simulatedClock.ts";

/** What Prometheus is like: it answers from what it scraped, or does not. */
export type PrometheusMood = "well" | "empty" | "nan" | "error";

/** The query of the stories: the share of good answers of one revision over the last minute. */
export const successRate = 'success_rate{revision="{{args.canary-hash}}"}';

interface Scrape {
  at: number;
  counts: Map<string, Count>;
}

const windowMs = 60_000;

/** Prometheus in front of the simulated mesh: scrapes every second unless it is told otherwise, knows the queries that a worker asks. */
export class FakePrometheus implements Prometheus {
  mood: PrometheusMood = "well";
  /** False: requests can't be counted by revision, so there is no proof and only the settle time is left. */
  counts = true;
  asked = 0;
  /** How long an answer takes; what it says was true when it was asked. */
  answerMs = 30;
  /** How often the counters of built-ins were asked for. */
  counted = 0;
  readonly #clock: SimulatedClock;
  readonly #mesh: Mesh;
  readonly #scrapeMs: number;
  #scrapes: Scrape[] = [];

  constructor(clock: SimulatedClock, mesh: Mesh, scrapeMs = 1_000) {
    this.#clock = clock;
    this.#mesh = mesh;
    this.#scrapeMs = scrapeMs;
    this.#scrape();
  }

  async query(promql: string): Promise<PrometheusAnswer> {
    const said = this.#say(promql);
    await this.#clock.sleep(this.answerMs);
    return said;
  }

  #say(promql: string): PrometheusAnswer {
    if (this.mood === "error") return { kind: "error", message: "connection refused" } as PrometheusAnswer;
    if (promql.includes("vector(time())")) return this.#counters(promql);
    const hash = /^success_rate\{revision="(.*)"\}$/.exec(promql)?.[1];
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

  /** What `readCounters` asks: counters by the labels that it names, and the markers. */
  #counters(promql: string): PrometheusAnswer {
    const [namespaceLabel = "", nameLabel = "", revision = "", ...kinds] = (/^sum by \((.*?)\)/.exec(promql)?.[1] ?? "").split(", ");
    const builtin = namespaceLabel === "destination_workload_namespace";
    if (builtin) this.counted += 1;
    else if (!this.counts) return { kind: "error", message: "not scraped" } as PrometheusAnswer;
    const last = this.#scrapes.at(-1);
    const own = { [namespaceLabel]: namespace, [nameLabel]: deploymentName };
    const counters = [...(last?.counts ?? [])].flatMap(([hash, count]) =>
      kindsOf(kinds, count).map(({ labels, value }) => ({ labels: { ...own, [revision]: hash, ...labels }, value })),
    );
    const at = (last?.at ?? 0) / 1_000;
    const marked = (serin: string, value: number) => ({ labels: { ...(serin === "now" ? {} : own), serin }, value });
    const markers = [marked("proxies", 1), marked("resets", 0), marked("at", at)];
    const now = marked("now", this.#clock.now() / 1_000);
    if (builtin && this.mood === "empty") return answer([now]);
    const values = builtin && this.mood === "nan" ? counters.map((each) => ({ ...each, value: Number.NaN })) : counters;
    return answer([...values, ...(counters.length > 0 ? markers : []), now]);
  }

  #scrape(): void {
    const counts = new Map(
      [...this.#mesh.counts].map(([hash, count]) => [
        hash,
        { requests: Math.floor(count.requests), errors: Math.floor(count.errors), slow: Math.floor(count.slow) },
      ]),
    );
    this.#scrapes = [...this.#scrapes.slice(-windowMs / this.#scrapeMs - 1), { at: this.#clock.now(), counts }];
    this.#clock.setTimer(() => this.#scrape(), this.#scrapeMs);
  }
}

interface Labelled {
  labels: Record<string, string>;
  value: number;
}

/** The counters of one revision by the labels that tell the kinds of its requests apart. */
function kindsOf([kind]: readonly string[], { requests, errors, slow }: Count): Labelled[] {
  switch (kind) {
    case undefined:
      return [{ labels: {}, value: requests }];
    case "request_protocol":
      return [
        { labels: { request_protocol: "http", response_code: "200" }, value: requests - errors },
        { labels: { request_protocol: "http", response_code: "503" }, value: errors },
      ].filter(({ value }) => value > 0);
    case "le":
      return ["10", "500", "1000", "+Inf"].map((le, index) => ({ labels: { le }, value: index < 2 ? requests - slow : requests }));
    case "response_flags":
      return [
        { labels: { response_flags: "-" }, value: requests - errors },
        { labels: { response_flags: "UF,URX" }, value: errors },
      ].filter(({ value }) => value > 0);
    default:
      throw new Error(`nobody knows the label ${kind}`);
  }
}

const answer = (series: Labelled[]): PrometheusAnswer => ({
  kind: "values",
  values: series.map(({ value }) => value),
  series: series.map((each) => ({ ...each, at: 0 })),
  warnings: [],
});
