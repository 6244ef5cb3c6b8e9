import { formatDuration } from "../../api/duration.ts";
import { apiVersion } from "../../api/names.ts";
import type { PolicySpec } from "../../api/policy.ts";
import type { Tally } from "../../core/analysis/builtin/tally.ts";
import { toTime } from "../../core/analysis/time.ts";
import type { Prometheus } from "../../prometheus/client.ts";
import { pastRequests } from "../../prometheus/pastRequests.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import { loadManifests } from "../manifest/load.ts";
import { formatOf, isForPeople, printObject, structured } from "../output/format.ts";
import { deploymentNamed } from "../target.ts";
import { exitCodes, UserError } from "../userError.ts";
import { pastInstruments } from "./instruments.ts";
import { type Replayed, replay } from "./replay.ts";
import { policyNamed, type Subject, subjectOf } from "./subject.ts";
import { timeOf } from "./times.ts";

export interface SimulateOptions extends ConnectOptions {
  policy: string;
  deployment: string;
  from: string;
  to?: string;
  filename?: string[];
  prometheus?: string;
  canary?: string;
  stable?: string;
  output?: string;
}

/** What `-o json` prints: fields are only ever added. Times are RFC 3339. */
export interface Simulation {
  apiVersion: typeof apiVersion;
  kind: "Simulation";
  policy: string;
  deployment: { namespace: string; name: string; canary: string; stable: string; found: string };
  from: string;
  to: string;
  ending: Replayed["ending"];
  at: string;
  weight: number;
  /** From 1. */
  step: number;
  steps: number;
  message: string;
  /** The canary's requests from the beginning: until it ended, and until `to`; or why they can't be counted. */
  requests: { untilEnd: Tally; untilTo: Tally } | { why: string };
  events: Array<{ at: string; step: number; weight: number; message: string }>;
}

/** `kubectl serin simulate`: the judge over past data. 0: nothing would have stopped it; 2: it would have been stopped. */
export async function simulate(io: Io, options: SimulateOptions): Promise<number> {
  const format = formatOf(options.output, structured);
  const now = io.now();
  const window = { from: timeOf("--from", options.from, now), to: options.to === undefined ? now : timeOf("--to", options.to, now) };
  if (window.from >= window.to)
    throw new UserError({ what: "nothing to simulate", why: "--from is not before --to", todo: "write for example --from 2h --to 1h" });
  const name = deploymentNamed([options.deployment], "simulate --deployment", "simulate");
  const files = options.filename === undefined ? [] : await loadManifests(io, "simulate", options.filename);
  const cluster = connected(io, options);
  try {
    const { namespace } = cluster;
    const policy = await policyNamed(cluster.client, options.policy, files);
    const { canary, stable } = options;
    const subject = await subjectOf(cluster.client, { namespace, name, to: window.to, canary, stable });
    const prometheus = await io.prometheus(serverOf(policy, options.prometheus));
    try {
      const replayed = await replay(policy, window, pastInstruments(prometheus, subject, options.prometheus));
      const told = simulationOf(
        { options, subject, window, replayed, steps: policy.steps.length },
        await costOf(prometheus, subject, window, replayed.at),
      );
      if (!isForPeople(format)) printObject(io, format, told, []);
      else
        io.out(
          lines(told)
            .map((line) => `${printable(line)}\n`)
            .join(""),
        );
      return replayed.ending === "RolledBack" || replayed.ending === "Paused" ? exitCodes.notPromoted : 0;
    } finally {
      await prometheus.close();
    }
  } finally {
    await cluster.close();
  }
}

/** As named, else the first that the policy names. What the worker asks by default is not known here. */
function serverOf(policy: PolicySpec, named: string | undefined): string {
  const metrics = [...(policy.analysis?.metrics ?? []), ...policy.steps.flatMap(({ analysis }) => analysis?.metrics ?? [])];
  const address = named ?? metrics.find(({ provider }) => provider?.prometheus.address !== undefined)?.provider?.prometheus.address;
  if (address !== undefined) return address;
  throw new UserError({
    what: "no Prometheus to ask",
    why: "neither --prometheus nor the policy names one",
    todo: "make one reachable, such as with kubectl port-forward -n istio-system svc/prometheus 9090, and write --prometheus http://localhost:9090",
  });
}

async function costOf(
  prometheus: Prometheus,
  subject: Subject,
  { from, to }: { from: number; to: number },
  endedAt: number,
): Promise<Simulation["requests"]> {
  const until = (end: number) => pastRequests(prometheus, { ...subject, revision: subject.canaryHash, from, to: end });
  const [untilEnd, untilTo] = await Promise.all([until(endedAt), until(to)]);
  if ("why" in untilTo) return untilTo;
  return { untilEnd: "why" in untilEnd ? { requests: 0, bad: 0 } : untilEnd, untilTo };
}

interface Parts {
  options: SimulateOptions;
  subject: Subject;
  window: { from: number; to: number };
  replayed: Replayed;
  steps: number;
}

function simulationOf({ options, subject, window, replayed, steps }: Parts, requests: Simulation["requests"]): Simulation {
  const { namespace, deployment: name, canaryHash: canary, stableHash: stable, found } = subject;
  return {
    apiVersion,
    kind: "Simulation",
    policy: options.policy,
    deployment: { namespace, name, canary, stable, found },
    from: toTime(window.from),
    to: toTime(window.to),
    ending: replayed.ending,
    at: toTime(replayed.at),
    weight: replayed.weight,
    step: Math.min(steps, replayed.step + 1),
    steps,
    message: replayed.message,
    requests,
    events: replayed.events.map((event) => ({ ...event, step: Math.min(steps, event.step + 1), at: toTime(event.at) })),
  };
}

const endings: Record<Replayed["ending"], string> = {
  Promoted: "would have been promoted",
  RolledBack: "would have been rolled back",
  Paused: "would have paused for a person",
  Unfinished: "would still have been under way",
};

function lines(told: Simulation): string[] {
  const { deployment, from, to, at, requests } = told;
  const since = (time: string): string => formatDuration(Date.parse(time) - Date.parse(from));
  const failed = ({ bad, requests: all }: Tally): string => `${bad} of ${all} requests to the canary failed`;
  return [
    `Deployment:  ${deployment.name} in ${deployment.namespace}: ${deployment.canary} against ${deployment.stable} (${deployment.found})`,
    `Policy:      ${told.policy}, from ${from} to ${to}`,
    ...told.events.map((event) => `${since(event.at).padStart(11)}  weight ${String(event.weight).padStart(3)}  ${event.message}`),
    `Outcome:     ${endings[told.ending]} after ${since(at)}, at weight ${told.weight}, step ${told.step}/${told.steps}: ${told.message}`,
    `Cost:        ${"why" in requests ? `the canary's requests can't be counted: ${requests.why}` : `${failed(requests.untilEnd)} until then; ${failed(requests.untilTo)} until ${to}`}`,
  ];
}
