import { describe, expect, test } from "vitest";
import { apiVersion } from "../../../src/api/names.ts";
import { aDeployment } from "../../build/deployment.ts";
import { aMetricTemplate } from "../../build/metricTemplate.ts";
import { aPlan } from "../../build/plan.ts";
import { aPolicy, withSpec } from "../../build/policy.ts";
import { aCanaryReplicaSet, aReplicaSet } from "../../build/replicaSet.ts";
import { canaryImage, labels, revisionOf, stableImage, start } from "../../build/story.ts";
import { textOf } from "../../house/sources.ts";
import { articleSteps } from "../../scenes/article.ts";
import { serin, type TerminalOptions, type World } from "../terminal.ts";

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "front", namespace: "shop" },
  spec: { selector: labels, ports: [{ port: 80 }] },
};
const shop = (...more: object[]): World => [aDeployment(), service, aPlan(), ...more];
const article = { "article.yaml": textOf("manifests/examples/article.yaml") };
const { hash: canary } = revisionOf(canaryImage);
const { hash: stable } = revisionOf(stableImage);

const seconds = (at: number): number => (at - start) / 1_000;

interface Requests {
  requests: number;
  bad: number;
}

/** What `readCounters` asks: the counters of both revisions at that time. */
function counters(of: (revision: string, at: number) => Requests, at: number) {
  const own = { destination_workload_namespace: "shop", destination_workload: "nginx" };
  const counted = [canary, stable].flatMap((revision) => {
    const { requests, bad } = of(revision, seconds(at));
    const one = (response_code: string, value: number) => ({
      labels: { ...own, destination_canonical_revision: revision, request_protocol: "http", response_code, grpc_response_status: "" },
      value,
      at,
    });
    return [one("200", requests - bad), one("503", bad)];
  });
  const marked = (serin: string, value: number) => ({ labels: { ...own, serin }, value, at });
  return {
    series: [
      ...counted,
      marked("proxies", 1),
      marked("resets", 0),
      marked("at", at / 1_000),
      { labels: { serin: "now" }, value: at / 1_000, at },
    ],
  };
}

/** 100 requests a second, 30 of them to the canary. */
const traffic =
  (badShare: number) =>
  (revision: string, at: number): Requests => {
    const requests = Math.max(0, Math.floor((revision === canary ? 30 : 70) * at));
    return { requests, bad: revision === canary ? Math.floor(badShare * requests) : 0 };
  };

/** Answers the policy's own query by the time in seconds, and counts requests. */
const prometheus =
  (rate: (at: number) => readonly number[] | { error: string }, badShare = 0): NonNullable<TerminalOptions["query"]> =>
  (promql, at) =>
    isCounting(promql) ? counters(traffic(badShare), at) : rate(seconds(at));

/** Serin's own counting, beside the policy's queries. */
const isCounting = (promql: string): boolean => promql.includes("istio_requests_total{reporter") && promql.startsWith("sum by (");

const window = "--from 2026-11-23T10:00:00Z --to 2026-11-23T10:10:00Z --prometheus http://past:9090";
const simulate = (more: string, world: World, options: TerminalOptions) =>
  serin(`simulate --policy article --deployment deploy/nginx ${window} ${more}`, [world], options);

test("the article's policy and a release that fails half of its requests: when it would have stopped, and what that cost", async () => {
  const { out, err, code } = await simulate("-f article.yaml", shop(), { files: article, query: prometheus(() => [0.5], 0.5) });
  expect(err).toBe("");
  expect(out).toMatchInlineSnapshot(`
    "Deployment:  nginx in shop: 4n5mxwtkdm against 9xttgxqnzc (plan nginx-x7k2m)
    Policy:      article, from 2026-11-23T10:00:00.000Z to 2026-11-23T10:10:00.000Z
            0ms  weight  30  step 1/6: setWeight 30
            0ms  weight  30  fail: success-rate: failed (1) <= failureLimit (1); result[0] >= 0.95 is false with result = [0.5]
    Outcome:     would have been rolled back after 1m, at weight 30, step 2/6: success-rate: failed (2) > failureLimit (1); result[0] >= 0.95 is false with result = [0.5]
    Cost:        900 of 1800 requests to the canary failed until then; 9000 of 18000 requests to the canary failed until 2026-11-23T10:10:00.000Z
    "
  `);
  expect(code).toBe(2);
});

test("a good release", async () => {
  const { out, code } = await simulate("-f article.yaml", shop(), { files: article, query: prometheus(() => [1]) });
  expect(out).toMatchInlineSnapshot(`
    "Deployment:  nginx in shop: 4n5mxwtkdm against 9xttgxqnzc (plan nginx-x7k2m)
    Policy:      article, from 2026-11-23T10:00:00.000Z to 2026-11-23T10:10:00.000Z
            0ms  weight  30  step 1/6: setWeight 30
            0ms  weight  30  pass: success-rate: result[0] >= 0.95 is true with result = [1]
            30s  weight  30  step 2/6: pause 30s
            30s  weight  60  step 3/6: setWeight 60
             1m  weight  60  step 4/6: pause 30s
             1m  weight 100  step 5/6: setWeight 100
          1m10s  weight 100  step 6/6: pause 10s
    Outcome:     would have been promoted after 1m10s, at weight 100, step 6/6: every step ended with a pass
    Cost:        0 of 2100 requests to the canary failed until then; 0 of 18000 requests to the canary failed until 2026-11-23T10:10:00.000Z
    "
  `);
  expect(code).toBe(0);
});

test("the query is asked about that time, of the revisions and the Service of then, and of the server that was named", async () => {
  const asked: Array<[number, string, string]> = [];
  const query: TerminalOptions["query"] = (promql, at, address) => {
    if (isCounting(promql)) return [];
    asked.push([seconds(at), address, promql]);
    return [1];
  };
  const metric = {
    name: "m",
    interval: "20s",
    successCondition: "result[0] > 0",
    provider: {
      prometheus: { address: "http://inside:9090", query: 'x{c="{{args.canary-hash}}",s="{{args.stable-hash}}",v="{{args.service}}"}' },
    },
  };
  const policy = aPolicy(
    withSpec({ steps: articleSteps, analysis: { metrics: [metric] } }),
    ({ metadata }) => void Object.assign(metadata, { name: "article" }),
  );
  const { code } = await simulate("", shop(policy), { query });
  expect(
    asked.every(([, address, promql]) => address === "http://past:9090" && promql === `x{c="${canary}",s="${stable}",v="front"}`),
  ).toBe(true);
  // Its own interval; when a pause is over a pass is good for ten seconds, and else it is looked at again.
  expect(asked.map(([at]) => Math.round(at))).toEqual([0, 20, 40, 60, 60]);
  expect(code).toBe(0);
});

describe("a built-in", () => {
  const policy = (spec: object) =>
    aPolicy(withSpec({ steps: articleSteps, ...spec }), ({ metadata }) => void Object.assign(metadata, { name: "article" }));
  const builtin = policy({ analysis: { metrics: [{ name: "errors", builtin: { successRate: {} } }] } });

  test("stops a bad release on the counts of then", async () => {
    const { out, code } = await simulate("-o json", shop(builtin), { query: prometheus(() => [], 0.5) });
    const told = JSON.parse(out);
    expect(told).toMatchObject({
      kind: "Simulation",
      ending: "RolledBack",
      weight: 30,
      step: 2,
      message: expect.stringMatching(/^errors: failed .*canary 60 of 120 requests failed/),
    });
    expect(Date.parse(told.at) - start).toBeLessThan(12_000);
    expect(told.requests.untilTo).toEqual({ requests: 18_000, bad: 9_000 });
    expect(code).toBe(2);
  });

  test("promotes a good one", async () => {
    const { out, code } = await simulate("-o json", shop(builtin), { query: prometheus(() => [], 0) });
    expect(JSON.parse(out)).toMatchObject({ ending: "Promoted", requests: { untilTo: { bad: 0 } } });
    expect(code).toBe(0);
  });

  test("without counters there is no data, which never passes", async () => {
    const { out, code } = await simulate("", shop(builtin), { query: () => ({ error: "connection refused" }) });
    expect(out).toMatch(/Outcome: +would have been rolled back after 40.*: errors: consecutiveErrors \(5\) > consecutiveErrorLimit \(4\)/);
    expect(out).toContain("Cost:        the canary's requests can't be counted: connection refused\n");
    expect(code).toBe(2);
  });
});

test("missing data pauses it when onNoData says so", async () => {
  const { out, code } = await simulate("-f article.yaml", shop(), { files: article, query: prometheus(() => []) });
  expect(out).toMatch(
    /Outcome: +would have paused for a person after 5m, at weight 30, step 2\/6: success-rate: no data for 5m, onNoData.after is 5m\n/,
  );
  expect(code).toBe(2);
});

test("an analysis of a step blocks until it ends, a gate is taken as approved, and templates are filled in", async () => {
  const steps = [
    { setWeight: 10 },
    { pause: {} },
    { analysis: { metrics: [{ name: "rate", templateRef: { name: "rate", args: [{ name: "job", value: "a" }] }, count: 3 }] } },
  ];
  const policy = aPolicy(withSpec({ steps }), ({ metadata }) => void Object.assign(metadata, { name: "article" }));
  const { out, code } = await simulate("", shop(policy, aMetricTemplate()), { query: prometheus((at) => [at < 5 ? 0.9 : 1]) });
  expect(out).toMatchInlineSnapshot(`
    "Deployment:  nginx in shop: 4n5mxwtkdm against 9xttgxqnzc (plan nginx-x7k2m)
    Policy:      article, from 2026-11-23T10:00:00.000Z to 2026-11-23T10:10:00.000Z
            0ms  weight  10  step 1/3: setWeight 10
            0ms  weight  10  step 2/3: pause until approved, taken as approved
            0ms  weight  10  fail: rate: failed (1) <= failureLimit (1); result[0] >= 0.95 is false with result = [0.9]
            10s  weight  10  pass: rate: result[0] >= 0.95 is true with result = [1]
            20s  weight  10  step 3/3: analysis rate
    Outcome:     would have been promoted after 20s, at weight 10, step 3/3: every step ended with a pass
    Cost:        0 of 600 requests to the canary failed until then; 0 of 18000 requests to the canary failed until 2026-11-23T10:10:00.000Z
    "
  `);
  expect(code).toBe(0);
});

describe("which revisions", () => {
  const options = { files: article, query: prometheus(() => [1]) };
  const without: World = [aDeployment(), service];

  test.each<[string, World, string]>([
    ["", shop(), `${canary} against ${stable} (plan `],
    [
      "",
      [
        ...without,
        aReplicaSet(),
        aCanaryReplicaSet(({ metadata }) => void Object.assign(metadata, { ownerReferences: aReplicaSet().metadata.ownerReferences })),
      ],
      `${canary} against ${stable} (its two newest ReplicaSets of then)`,
    ],
    ["--canary aa --stable bb", without, "aa against bb (as named)"],
  ])("%s", async (more, world, says) => {
    expect((await simulate(`-f article.yaml ${more}`, world, options)).out).toContain(says);
  });

  test("nobody knows", async () => {
    const { err, code } = await simulate("-f article.yaml", [...without, aReplicaSet()], options);
    expect(err).toContain("why: no plan and no two ReplicaSets of then are left");
    expect(code).toBe(1);
  });
});

test("times may be told as how long ago", async () => {
  const { out } = await serin(
    "simulate --policy article --deployment nginx --from 1h --to 30m --prometheus http://p -f article.yaml",
    [shop()],
    {
      files: article,
      query: () => [1],
      at: 7_200,
    },
  );
  expect(out).toContain("from 2026-11-23T11:00:00.000Z to 2026-11-23T11:30:00.000Z");
});

test.each([
  ["--policy gone --deployment nginx --from 1h", "error: can't simulate policy gone\n  why: there is no such policy\n"],
  ["--policy article --deployment web --from 1h -f article.yaml", "there is no Deployment web in namespace shop"],
  ["--policy article --deployment nginx --from 1h -f article.yaml", "error: no Prometheus to ask\n"],
  ["--policy article --deployment nginx --from soon", "error: can't read --from soon\n"],
  ["--policy article --deployment nginx --from 1h --to 2h", "error: nothing to simulate\n"],
  ["--policy broken --deployment nginx --from 1h", "why: CanaryPolicy broken can't be used: spec.steps"],
  ["--deployment nginx --from 1h", "required option '--policy <name>' not specified"],
])("simulate %s is a mistake, exit code 1", async (line, says) => {
  const broken = { apiVersion, kind: "CanaryPolicy", metadata: { name: "broken" }, spec: { steps: [] } };
  const { out, err, code } = await serin(`simulate ${line}`, [shop(broken)], { files: article, at: 7_200 });
  expect(err).toContain(says);
  expect({ out, code }).toEqual({ out: "", code: 1 });
});
