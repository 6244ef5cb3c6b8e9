import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { BUCKET_MS, type Failure, type Latency, type LoadReport, type Mark, NO_VERSION } from "./loadReport.ts";

export interface Outcome {
  /** When the request was due, not when it was sent: a generator that falls behind must not flatter the numbers. */
  readonly dueAt: number;
  readonly endedAt: number;
  /** 0: no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Tally {
  sent(): void;
  ended(outcome: Outcome): void;
  mark(mark: Mark): void;
  report(now: number): LoadReport;
}

const FAILURES_KEPT = 50;

interface Counting {
  byStatus: Record<string, number>;
  total: number;
  latency: RecordableHistogram;
}

/** Counts outcomes as they come, in constant memory per version and bucket. */
export function tally(target: { url: string; host: string | undefined; rate: number }, startedAt: number): Tally {
  const all = counting();
  const versions = new Map<string, Counting>();
  const errors: Record<string, number> = {};
  const timeline = new Map<string, { at: number; version: string; status: number; count: number }>();
  const failures: Failure[] = [];
  const marks: Mark[] = [];
  let sent = 0;

  return {
    sent: () => void sent++,
    mark: (mark) => void marks.push(mark),
    ended({ dueAt, endedAt, status, headers, body }) {
      const version = status === 0 ? NO_VERSION : versionOf(headers);
      const micros = Math.min(60_000_000, Math.max(1, Math.round((endedAt - dueAt) * 1000)));
      const ofVersion = versions.get(version) ?? counting();
      versions.set(version, ofVersion);
      for (const one of [all, ofVersion]) {
        one.total++;
        one.byStatus[status] = (one.byStatus[status] ?? 0) + 1;
        one.latency.record(micros);
      }
      const at = startedAt + Math.floor((dueAt - startedAt) / BUCKET_MS) * BUCKET_MS;
      const key = `${at} ${version} ${status}`;
      const row = timeline.get(key);
      if (row === undefined) timeline.set(key, { at, version, status, count: 1 });
      else row.count++;
      if (status === 0) errors[body] = (errors[body] ?? 0) + 1;
      if (status !== 200 && failures.length < FAILURES_KEPT) {
        failures.push({ at: dueAt, status, version, body: body.slice(0, 200).trim(), headers: telling(headers) });
      }
    },
    report: (now) => {
      const failed = all.byStatus["0"] ?? 0;
      const { "0": _, ...byStatus } = all.byStatus;
      return {
        ...target,
        startedAt,
        endedAt: now,
        sent,
        answered: all.total - failed,
        failed,
        pending: sent - all.total,
        non200: all.total - (all.byStatus["200"] ?? 0),
        byStatus,
        byVersion: Object.fromEntries(
          [...versions].map(([version, one]) => [version, { total: one.total, byStatus: { ...one.byStatus }, latencyMs: latency(one) }]),
        ),
        errors: { ...errors },
        latencyMs: latency(all),
        timeline: [...timeline.values()].sort((a, b) => a.at - b.at).map((row) => ({ ...row })),
        failures: [...failures],
        marks: [...marks],
      };
    },
  };
}

function counting(): Counting {
  return { byStatus: {}, total: 0, latency: createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 }) };
}

function latency(one: Counting): Latency {
  if (one.total === 0) return { p50: 0, p99: 0, max: 0 };
  const ms = (micros: number) => Math.round(micros / 10) / 100;
  return { p50: ms(one.latency.percentile(50)), p99: ms(one.latency.percentile(99)), max: ms(one.latency.max) };
}

/** The pod's Server header; where a gateway overwrites that by its own name, the same from x-image. */
function versionOf(headers: Outcome["headers"]): string {
  const server = String(headers["server"] ?? "");
  if (server.includes("/")) return server;
  const image = headers["x-image"];
  if (typeof image !== "string") return server || NO_VERSION;
  return image.slice(image.lastIndexOf("/") + 1).replace(":", "/");
}

function telling(headers: Outcome["headers"]): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => /^(server|x-pod|x-image|x-envoy-.*|.*response-flags.*)$/.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}
