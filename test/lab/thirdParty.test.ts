import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { countsBetween, type LoadReport } from "./load/loadReport.ts";
import { type Load, startLoad } from "./load/startLoad.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import type { RecordedEvent } from "./recorder/recordedEvent.ts";
import { type Story, steps, tell } from "./story.ts";
import { shop } from "./storyShop.ts";
import { until } from "./until.ts";

const port = { number: 80 };
const nginx = { host: "nginx", port };
const other = { host: "other-team", port };

/** What a team writes into a route: all of it must be there, unchanged, at every stored revision. */
const shared = {
  name: "shared",
  match: [{ uri: { exact: "/" } }],
  timeout: "7s",
  retries: { attempts: 2, perTryTimeout: "2s", retryOn: "connect-failure" },
  headers: { request: { set: { "x-team": "shop" }, remove: ["x-internal"] } },
  route: [
    { destination: nginx, weight: 70, headers: { response: { set: { "x-route": "ours" } } } },
    { destination: other, weight: 30, headers: { response: { set: { "x-route": "theirs" } } } },
  ],
};
const mirrored = {
  name: "mirrored",
  match: [{ uri: { prefix: "/mirrored" } }],
  mirror: other,
  mirrorPercentage: { value: 12.5 },
  route: [{ destination: nginx }],
};
const elsewhere = {
  name: "elsewhere",
  match: [{ uri: { prefix: "/other" }, headers: { "x-beta": { exact: "1" } } }],
  rewrite: { uri: "/" },
  timeout: "3s",
  fault: { delay: { fixedDelay: "1s", percentage: { value: 0.1 } } },
  route: [{ destination: other }],
};
const redirect = { name: "moved", match: [{ uri: { prefix: "/old" } }], redirect: { uri: "/" } };

const edge = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "edge", namespace: "edge" },
  spec: {
    hosts: ["edge.example"],
    gateways: ["default/nginx"],
    http: [{ route: [{ destination: { host: "nginx.default.svc.cluster.local", port } }] }],
  },
};

describe("a route that is shared with another team, and one in another namespace", () => {
  let story: Story;
  let viaEdge: Load | undefined;
  beforeAll(async () => {
    story = await tell();
    await story.lab.apply(shop({ name: "other-team", image: "other:1.0", replicas: 2, route: false }));
    await story.kubectl("rollout", "status", "deploy/other-team", "--timeout=60s");
    await story.shop({ replicas: 4, route: [shared, mirrored, elsewhere, redirect] });
    await story.kubectl("create", "namespace", "edge");
    await story.lab.apply(stringify(edge));
    const url = story.lab.env["LAB_GATEWAY"] ?? "";
    const knock = await startLoad({ url, host: "edge.example", path: "/", rate: 10 });
    await until("the gateway knows edge.example", async () => (await knock.snapshot()).byStatus["200"]);
    await knock.stop();
    viaEdge = await startLoad({ url, host: "edge.example", path: "/", rate: 40 });
    // 33 % of 70 is no whole number: all weights of that route must be multiplied by ten.
    await story.policy({ steps: steps([30, "9s"], [33, "9s"], [100, "2s"]) });
  });
  afterAll(async () => {
    await viaEdge?.stop();
    await story?.stop();
  });

  async function stopEdge(): Promise<LoadReport> {
    const load = viaEdge;
    viaEdge = undefined;
    if (load === undefined) throw new Error("no load was started");
    return load.stop();
  }

  it("keep everything that is not ours, at every revision, and the requests follow the weights", async () => {
    await story.record();
    await story.load(100);
    await story.setImage("nginx:1.24.0");
    const plan = await story.ends("nginx:1.24.0");
    const [report, edgeReport] = [await story.stopLoad(), await stopEdge()];
    const events = await story.stopRecording();

    expect(plan.status?.phase).toBe("Promoted");
    expect([...report.failures, ...edgeReport.failures]).toEqual([]);
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    expect(untouched(events)).toEqual([]);

    expect(weightsSeen(events, "nginx")).toEqual(["70/30", "70/0/30", "49/21/30", "469/231/300", "0/70/30", "70/30"]);
    expect(weightsSeen(events, "edge")).toEqual(["100", "100/0", "70/30", "67/33", "0/100", "100"]);

    expect(sharesOutOfBounds(report, "other/1.0", 0.3)).toEqual([]);
    expect(edgeReport.byVersion["other/1.0"]).toBeUndefined();
    expect(disagreements(plan, [report, edgeReport])).toEqual([]);
  });
});

interface Http {
  name?: string;
  route?: Array<{ weight?: number; destination: { host: string; subset?: string } }>;
}

const httpOf = ({ object }: RecordedEvent): Http[] => (object.spec as { http: Http[] }).http;
const revisionsOf = (events: readonly RecordedEvent[], name: string): RecordedEvent[] =>
  events.filter(({ kind, type, name: its }) => kind === "VirtualService" && type !== "DELETED" && its === name);

/** The weights of the first route in the order in which they were stored, each once in a row. */
function weightsSeen(events: readonly RecordedEvent[], name: string): string[] {
  const all = revisionsOf(events, name).map((event) => (httpOf(event)[0]?.route ?? []).map(({ weight = 100 }) => weight).join("/"));
  return all.filter((weights, index) => index === 0 || weights !== all[index - 1]);
}

/** Byte for byte: routes that are not ours whole, of the others all but the list of destinations; in that list the other team's entry but for its weight. */
function untouched(events: readonly RecordedEvent[]): string[] {
  const theirs = (event: RecordedEvent): string =>
    JSON.stringify(
      httpOf(event).map(({ route, ...rest }) => ({
        ...rest,
        route: (route ?? []).filter(({ destination }) => destination.host === "other-team").map(({ weight: _, ...entry }) => entry),
      })),
    );
  const revisions = revisionsOf(events, "nginx");
  const [first] = revisions;
  const changed = revisions.filter((event) => first !== undefined && theirs(event) !== theirs(first));
  const last = revisions.at(-1);
  const restored = first && last && JSON.stringify(first.object.spec) === JSON.stringify(last.object.spec);
  return [...changed.map((event) => `revision ${event.rv}: ${theirs(event)}`), ...(restored ? [] : ["the spec is not what it was"])];
}

const windowMs = 5_000;

/** Windows of 5 s in which a version's share of the answers is further than 4 σ from what it should be. */
function sharesOutOfBounds(report: LoadReport, version: string, share: number): string[] {
  const found: string[] = [];
  for (let from = report.startedAt; from + windowMs <= report.endedAt; from += windowMs) {
    const counts = Object.entries(countsBetween(report, from, from + windowMs)).map(
      ([name, byStatus]) => [name, Object.values(byStatus).reduce((sum, n) => sum + n, 0)] as const,
    );
    const total = counts.reduce((sum, [, n]) => sum + n, 0);
    const got = counts.find(([name]) => name === version)?.[1] ?? 0;
    if (Math.abs(got - total * share) > 4 * Math.sqrt(total * share * (1 - share)))
      found.push(`${(from - report.startedAt) / 1_000} s: ${got} of ${total}`);
  }
  return found;
}

/**
 * Where the worker's count and the load generator's don't agree. The worker says at the end of each pause what it has counted since the weight had
 * settled; the generator knows every answer. Both see draws of the same gateway, each within 4 σ (and a rounding) of the other.
 */
function disagreements(plan: CanaryPlan, reports: readonly LoadReport[]): string[] {
  const journal = plan.status?.journal ?? [];
  const told = journal.flatMap(({ at, reason, message }) => {
    const [, percent, requests] = /the canary got (\d+) % of (\d+) requests/.exec(message) ?? [];
    const set = journal.filter((entry) => entry.reason === "TrafficWeightUpdated" && entry.at < at).at(-1);
    return reason === "StepCompleted" && percent !== undefined && set !== undefined
      ? [{ from: Date.parse(set.at) + 3_000, to: Date.parse(at), percent: Number(percent), requests: Number(requests) }]
      : [];
  });
  if (told.length < 2) return [`the worker told only ${told.length} counts: ${journal.map(({ message }) => message).join(" · ")}`];
  return told.flatMap(({ from, to, percent, requests }) => {
    const answers = (version: string, since: number): number =>
      reports
        .flatMap(({ timeline }) => timeline)
        .filter((row) => row.version === version && row.at >= since && row.at < to)
        .reduce((sum, { count }) => sum + count, 0);
    const [canary, stable] = [answers("nginx/1.24.0", from), answers("nginx/1.23.4", from)];
    const share = canary / (canary + stable);
    const sigma = Math.sqrt(share * (1 - share) * (1 / requests + 1 / (canary + stable)));
    const all = answers("nginx/1.24.0", from - 3_000) + answers("nginx/1.23.4", from - 3_000);
    process.stdout.write(`worker: ${percent} % of ${requests}; load: ${(100 * share).toFixed(1)} % of ${canary + stable}\n`);
    const fits = Math.abs(percent - 100 * share) <= 400 * sigma + 0.5 && requests > 0 && requests <= all;
    return fits ? [] : [`worker ${percent} % of ${requests}, load ${(100 * share).toFixed(1)} % of ${canary + stable} (${all} in all)`];
  });
}
