/** The figures of `/metrics`, in Prometheus' text format. */
export interface Counters {
  /** One review answered. Labels come from our own catalogue, never from the request: their number is bounded. */
  decided(kind: string, decision: string, reason: string, milliseconds: number): void;
  /** One request that was no review. */
  refused(status: number): void;
  render(): string;
}

/** Upper bounds in seconds; admission is a matter of milliseconds, and kube-apiserver gives up at 3 s. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 3];

export function counters(): Counters {
  const decisions = new Map<string, number>();
  const refusals = new Map<string, number>();
  const durations = buckets.map(() => 0);
  let [seconds, reviews] = [0, 0];
  const add = (map: Map<string, number>, labels: string) => map.set(labels, (map.get(labels) ?? 0) + 1);
  return {
    decided(kind, decision, reason, milliseconds) {
      add(decisions, `kind="${kind}",decision="${decision}",reason="${reason}"`);
      reviews += 1;
      seconds += milliseconds / 1000;
      for (const [i, bound] of buckets.entries()) if (milliseconds / 1000 <= bound) durations[i] = (durations[i] ?? 0) + 1;
    },
    refused: (status) => void add(refusals, `status="${status}"`),
    render() {
      const counted = (name: string, map: Map<string, number>) => [...map].map(([labels, count]) => `${name}{${labels}} ${count}`);
      const duration = "serin_webhook_request_duration_seconds";
      return [
        "# HELP serin_webhook_decisions_total Reviews answered, by what was decided and why.",
        "# TYPE serin_webhook_decisions_total counter",
        ...counted("serin_webhook_decisions_total", decisions),
        "# HELP serin_webhook_refused_total Requests that were no admission review, by HTTP status.",
        "# TYPE serin_webhook_refused_total counter",
        ...counted("serin_webhook_refused_total", refusals),
        `# HELP ${duration} Time from the whole request to its answer.`,
        `# TYPE ${duration} histogram`,
        ...buckets.map((bound, i) => `${duration}_bucket{le="${bound}"} ${durations[i]}`),
        `${duration}_bucket{le="+Inf"} ${reviews}`,
        `${duration}_sum ${seconds}`,
        `${duration}_count ${reviews}`,
        "",
      ].join("\n");
    },
  };
}
