import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { release } from "../api/names.ts";

/** The figures of one process, or of one test: never the global registry, so that two apps in one process don't add up. */
export interface OwnFigures {
  registry: Registry;
  /** For the header of `/metrics`. */
  contentType: string;
  /** Prometheus' text format. */
  render(): Promise<string>;
}

export interface OwnFiguresOptions {
  /** Node's own figures too: event loop lag, heap, garbage collection, CPU. They watch the process for ever, so only its entry asks for them. */
  process?: boolean;
}

/** An empty registry with `serin_build_info`. */
export function ownFigures(component: "webhook" | "worker", { process: watchProcess = false }: OwnFiguresOptions = {}): OwnFigures {
  const registry = new Registry();
  const build = new Gauge({
    name: "serin_build_info",
    help: "Always 1: which release runs, on which Node.",
    labelNames: ["component", "version", "node"],
    registers: [registry],
  });
  build.set({ component, version: release, node: process.version }, 1);
  if (watchProcess) collectDefaultMetrics({ register: registry });
  return { registry, contentType: registry.contentType, render: () => registry.metrics() };
}
