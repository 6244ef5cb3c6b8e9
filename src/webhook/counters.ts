import { Counter, Gauge, Histogram } from "prom-client";
import { type OwnFiguresOptions, ownFigures } from "../prometheus/registry.ts";

/** The figures of `/metrics`. All labels come from our own catalogues, never from a request: their number is bounded. */
export interface Counters {
  /** A request has come. @returns what is to be called, once, when it is answered or gone */
  entered(): () => void;
  /** One review answered. */
  decided(kind: string, decision: string, reason: string, milliseconds: number): void;
  /** One thing that a SidecarPolicy asked of a pod: `Added`, or why it was not. */
  found(finding: string): void;
  /** One request that was no review, by the HTTP status that it got. */
  refused(status: number): void;
  /** What became of the Event of one refusal. */
  denied(outcome: "written" | "dropped" | "failed"): void;
  /** A connection was closed because there were too many. */
  dropped(): void;
  /** From now on the number of open connections is read here. */
  connections(count: () => number): void;
  contentType: string;
  render(): Promise<string>;
}

/** Upper bounds in seconds; admission is a matter of milliseconds, and kube-apiserver gives up at 3 s. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 3];

export function counters(options: OwnFiguresOptions = {}): Counters {
  const { registry, contentType, render } = ownFigures("webhook", options);
  const registers = [registry];
  let [inFlight, connections] = [0, () => 0];
  const left = () => {
    inFlight -= 1;
  };
  const decisions = new Counter({
    name: "serin_webhook_decisions_total",
    help: "Reviews answered, by what was decided and why.",
    labelNames: ["kind", "decision", "reason"],
    registers,
  });
  const refusals = new Counter({
    name: "serin_webhook_refused_total",
    help: "Requests that were no admission review, by HTTP status.",
    labelNames: ["status"],
    registers,
  });
  const denials = new Counter({
    name: "serin_webhook_denial_events_total",
    help: "Refusals, by what became of their Event: written, dropped for want of room, or failed.",
    labelNames: ["outcome"],
    registers,
  });
  const findings = new Counter({
    name: "serin_webhook_sidecar_findings_total",
    help: "Things that SidecarPolicies asked of pods being made and that were not there: Added, or why not.",
    labelNames: ["finding"],
    registers,
  });
  const durations = new Histogram({
    name: "serin_webhook_request_duration_seconds",
    help: "Time from the whole request to its answer.",
    labelNames: ["kind"],
    buckets,
    registers,
  });
  new Gauge({
    name: "serin_webhook_in_flight",
    help: "Reviews being read or answered now.",
    registers,
    collect() {
      this.set(inFlight);
    },
  });
  new Gauge({
    name: "serin_webhook_connections",
    help: "TLS connections open now.",
    registers,
    collect() {
      this.set(connections());
    },
  });
  const drops = new Counter({
    name: "serin_webhook_connections_dropped_total",
    help: "Connections closed because there were too many.",
    registers,
  });
  return {
    contentType,
    render,
    entered() {
      inFlight += 1;
      return left;
    },
    decided(kind, decision, reason, milliseconds) {
      decisions.inc({ kind, decision, reason });
      durations.observe({ kind }, milliseconds / 1000);
    },
    found: (finding) => findings.inc({ finding }),
    refused: (status) => refusals.inc({ status }),
    denied: (outcome) => denials.inc({ outcome }),
    dropped: () => drops.inc(),
    connections(count) {
      connections = count;
    },
  };
}
