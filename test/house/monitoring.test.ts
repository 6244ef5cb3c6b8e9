import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { parsePromql, syntaxError } from "../../src/core/promql/syntax.ts";
import { type Exposed, exposed, storedAs } from "./exposed.ts";
import { manifestsOf, objectsIn, ofKind, oneOf, selects } from "./manifests.ts";
import { textOf } from "./sources.ts";

/* What Prometheus' operator and Grafana are given. test/lab/alerts.test.ts lets promtool play the alerts. */

let metrics: Exposed[];
let stored: Set<string>;
beforeAll(async () => {
  metrics = await exposed();
  // What Prometheus itself says of each target.
  stored = new Set(["up", ...metrics.flatMap(storedAs)]);
});

const parts = parse(textOf("manifests/monitoring/kustomization.yaml")) as {
  resources: string[];
  configMapGenerator: Array<{ files: string[] }>;
};
const manifests = parts.resources.flatMap((file) => objectsIn(`manifests/monitoring/${file}`));

/** Names of the metrics that a query reads. */
function namesIn(query: string): string[] {
  const found: string[] = [];
  parsePromql(query).iterate({
    enter: ({ name, from, to, node }) => {
      if (name === "Identifier" && node.parent?.name === "VectorSelector") found.push(query.slice(from, to));
    },
  });
  return found;
}

function checkQuery(query: string): void {
  expect(syntaxError(query), query).toBeUndefined();
  const names = namesIn(query);
  expect(names.length, query).toBeGreaterThan(0);
  expect(
    names.filter((name) => !stored.has(name)),
    query,
  ).toEqual([]);
}

it("a query with a wrong name, or that is none, would be found", () => {
  expect(() => checkQuery("sum(serin_plan)")).toThrow();
  expect(() => checkQuery("sum(serin_plans")).toThrow();
});

describe("alerts", () => {
  const rule = oneOf(manifests, "PrometheusRule");
  const rules = z
    .array(
      z.strictObject({
        alert: z.string().regex(/^Serin[A-Z]\w+$/),
        expr: z.string(),
        for: z.string().optional(),
        labels: z.strictObject({ severity: z.enum(["critical", "warning", "info"]) }),
        annotations: z.strictObject({ summary: z.string(), description: z.string() }),
      }),
    )
    .parse((rule.spec["groups"] as Array<{ rules: unknown[] }>).flatMap((group) => group.rules));

  it("ask for metrics that there are", () => {
    for (const { expr } of rules) checkQuery(expr);
    expect(rules.length).toBeGreaterThan(10);
  });
});

describe("what is scraped", () => {
  it("is every pod of Serin, at the port that has /metrics, under the jobs that alerts and dashboard name", () => {
    const service = oneOf(manifests, "Service");
    const { selector, ports } = service.spec as { selector: Record<string, string>; ports: Array<{ name: string; targetPort: string }> };
    const pods = ofKind(manifestsOf("manifests"), "Deployment").map(
      ({ spec }) =>
        spec["template"] as {
          metadata: { labels: Record<string, string> };
          spec: { containers: Array<{ ports: Array<{ name: string }> }> };
        },
    );
    for (const { metadata, spec } of pods) {
      expect(selects(selector, metadata.labels)).toBe(true);
      expect(spec.containers.flatMap((container) => container.ports.map(({ name }) => name))).toContain(ports[0]?.targetPort);
    }
    const monitor = oneOf(manifests, "ServiceMonitor");
    expect(selects((monitor.spec["selector"] as { matchLabels: Record<string, string> }).matchLabels, service.metadata.labels)).toBe(true);
    expect(monitor.spec["endpoints"]).toMatchObject([
      { port: ports[0]?.name, relabelings: [{ targetLabel: "job", replacement: "serin-$1" }] },
    ]);
    const jobs = new Set(pods.map(({ metadata }) => `serin-${metadata.labels["app.kubernetes.io/component"]}`));
    const text = textOf("manifests/monitoring/alerts.yaml") + textOf("manifests/monitoring/dashboard.json");
    const named = [...text.matchAll(/job=\\?"([^"\\]+)\\?"/g)].map(([, job = ""]) => job);
    expect(named.filter((job) => !jobs.has(job))).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });
});

/** The part of Grafana's dashboard model that is used here; what is not named is a mistake. */
const datasource = z.strictObject({ type: z.literal("prometheus"), uid: z.literal("$" + "{datasource}") });
const gridPos = z.strictObject({ h: z.int().min(1), w: z.int().min(1).max(24), x: z.int().min(0).max(23), y: z.int().min(0) });
const thresholds = z.strictObject({
  mode: z.literal("absolute"),
  steps: z.array(z.strictObject({ color: z.string(), value: z.number().nullable() })).min(1),
});
const panel = z.strictObject({
  id: z.int(),
  type: z.enum(["stat", "timeseries"]),
  title: z.string().min(1),
  description: z.string(),
  datasource,
  gridPos,
  fieldConfig: z.strictObject({
    defaults: z.strictObject({
      unit: z.enum(["none", "s", "d", "reqps", "percent", "percentunit", "bytes"]),
      min: z.number().optional(),
      max: z.number().optional(),
      thresholds: thresholds.optional(),
    }),
    overrides: z.array(z.never()),
  }),
  options: z.record(z.string(), z.unknown()),
  targets: z
    .array(z.strictObject({ refId: z.string().regex(/^[A-Z]$/), datasource, expr: z.string(), legendFormat: z.string().min(1) }))
    .min(1),
});
const row = z.strictObject({
  id: z.int(),
  type: z.literal("row"),
  title: z.string(),
  collapsed: z.literal(false),
  panels: z.array(z.never()),
  gridPos,
});
const dashboard = z.looseObject({
  title: z.string(),
  uid: z.string().max(40),
  schemaVersion: z.int().min(36),
  templating: z.strictObject({ list: z.array(z.looseObject({ name: z.string(), type: z.enum(["datasource", "query"]) })) }),
  panels: z.array(z.discriminatedUnion("type", [row, panel])),
});

describe("the dashboard", () => {
  const file = parts.configMapGenerator[0]?.files[0]?.split("=")[1] ?? "";
  const { panels, templating } = dashboard.parse(JSON.parse(textOf(`manifests/monitoring/${file}`)));
  const graphs = panels.filter((one) => one.type !== "row");

  it("takes its datasource from a variable, and reads nothing else", () => {
    expect(templating.list[0]).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
    const known = new Set([...templating.list.map(({ name }) => name), "__rate_interval", "__all"]);
    const used = [...textOf(`manifests/monitoring/${file}`).matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  it("asks for metrics that there are", () => {
    for (const { targets } of graphs) for (const { expr } of targets) checkQuery(expr.replaceAll("$__rate_interval", "5m"));
  });

  it("shows every metric of Serin's own, but for its release and what the sum of a histogram is made of", () => {
    const shown = new Set(
      graphs.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr.replaceAll("$__rate_interval", "5m")))),
    );
    const own = metrics.filter(({ name }) => name.startsWith("serin_") && name !== "serin_build_info");
    expect(own.filter((metric) => !storedAs(metric).some((name) => shown.has(name))).map(({ name }) => name)).toEqual([
      "serin_certs_last_error_age_seconds",
    ]);
  });

  it("has room for each panel, and no two of one number", () => {
    const taken = new Set<string>();
    for (const { gridPos: at, title } of panels) {
      expect(at.x + at.w, title).toBeLessThanOrEqual(24);
      for (let x = at.x; x < at.x + at.w; x += 1)
        for (let y = at.y; y < at.y + at.h; y += 1) {
          expect(taken.has(`${x},${y}`), title).toBe(false);
          taken.add(`${x},${y}`);
        }
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

describe("manifests/README.md", () => {
  const rows = [...textOf("manifests/README.md").matchAll(/^\| `(serin_\w+)(?:\{([\w, ]*)\})?` \| (\w+) \| (\w+) \|/gm)].map(
    ([, name = "", labels = "", type = "", component = ""]) => ({ name, labels, type, component }),
  );

  it("lists every metric of Serin's own, with its type and its process, and no other", () => {
    const own = metrics.filter(({ name }) => name.startsWith("serin_") && name !== "serin_build_info");
    const line = ({ name, type, component }: Exposed) => `${component} ${name} ${type}`;
    expect(rows.map(line as (row: object) => string).sort()).toEqual(own.map(line).sort());
  });

  it("and its labels", () => {
    const sources = ["webhook/counters", "worker/counters", "worker/stateGauges"].map((name) => textOf(`src/${name}.ts`));
    const declared = sources.flatMap((text) => [...text.matchAll(metric)]);
    const labels = new Map(
      declared.map(([, name = "", list = ""]) => [name, [...list.matchAll(/"(\w+)"/g)].map(([, label]) => label).join(", ")]),
    );
    for (const { name, labels: written, component } of rows)
      if (component !== "certs") expect([name, written]).toEqual([name, labels.get(name) ?? ""]);
    expect(labels.size).toBeGreaterThan(10);
  });
});

const metric = /name: "(serin_\w+)",\s+help: [^\n]+,(?:\s+labelNames: \[([^\]]*)\])?/g;
