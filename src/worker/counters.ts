import { Counter, Gauge } from "prom-client";
import { type OwnFiguresOptions, ownFigures } from "../prometheus/registry.ts";

/** The worker's own figures, for `/metrics`. */
export interface WorkerCounters {
  /** An image change went past the canary; the reason is one of the catalogue's. */
  bypassed(reason: string): void;
  contentType: string;
  render(): Promise<string>;
}

export interface WorkerCounterOptions extends OwnFiguresOptions {
  isLeader(): boolean;
}

export function workerCounters({ isLeader, ...options }: WorkerCounterOptions): WorkerCounters {
  const { registry, contentType, render } = ownFigures("worker", options);
  const registers = [registry];
  new Gauge({
    name: "serin_worker_leader",
    help: "1 while this process holds the Lease.",
    registers,
    collect() {
      this.set(isLeader() ? 1 : 0);
    },
  });
  const bypasses = new Counter({
    name: "serin_bypasses_total",
    help: "Image changes that reached the cluster without a canary, by why.",
    labelNames: ["reason"],
    registers,
  });
  return { contentType, render, bypassed: (reason) => bypasses.inc({ reason }) };
}
