import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { parseMetricTemplate, parsePolicy } from "../../../src/api/parse.ts";
import type { CanaryPolicy } from "../../../src/api/policy.ts";
import { textOf } from "../../house/sources.ts";
import { serin } from "../terminal.ts";

const scene = (name: string): string => textOf(`test/scenes/import/${name}`);

function usable(object: unknown): CanaryPolicy {
  const { policy, error } = parsePolicy(object);
  if (error !== undefined) throw new Error(error);
  return policy;
}

describe("the article's Rollout and AnalysisTemplate", () => {
  test("give the article's policy", async () => {
    const { out, err, code } = await serin("import argo -f article.yaml", [], { files: { "article.yaml": scene("article.yaml") } });
    const imported = usable(parse(out)).spec;
    const example = usable(parse(textOf("manifests/examples/article.yaml"))).spec;
    const [metric] = imported.analysis?.metrics ?? [];
    // The article names its Prometheus; the example leaves that to Serin.
    expect(metric?.provider?.prometheus.address).toBe("http://prometheus.istio-system:9090");
    delete metric?.provider?.prometheus.address;
    expect({ ...imported, match: undefined }).toEqual({ ...example, match: undefined });
    expect(imported.match).toEqual({ namespaceSelector: {}, deploymentSelector: { matchLabels: { app: "nginx" } }, images: ["*"] });
    expect(err).toMatchInlineSnapshot(`
      "article.yaml:2:1: note: Rollout nginx: differences on purpose: missing data (nothing, NaN) never passes, it holds the plan until onNoData; a step ends with a pass, never by time alone; a rollback puts the stable template back (onFailure)
      article.yaml:4:1: note: Rollout nginx: metadata: has no namespace: the policy is for every namespace that is not a system namespace; narrow match.namespaceSelector
      article.yaml:8:1: note: Rollout nginx: spec: write a Deployment with this selector and template in place of the Rollout
      1 object written; 3 notes, 0 that matter
      "
    `);
    expect(code).toBe(0);
  });

  test("pass lint", async () => {
    const { out } = await serin("import argo -f article.yaml", [], { files: { "article.yaml": scene("article.yaml") } });
    const linted = await serin("lint -f -", [], { files: { "-": out } });
    expect(linted).toEqual({ out: "0 errors, 0 warnings; 1 object looked at\n", err: "", code: 0 });
  });
});

test("much of what Argo Rollouts can do: what maps, and what does not, each with its place", async () => {
  const { out, err, code } = await serin("import argo -f rollout.yaml", [], { files: { "rollout.yaml": scene("rollout.yaml") } });
  expect(out).toMatchInlineSnapshot(`
    "apiVersion: serin.dev/v1alpha1
    kind: MetricTemplate
    metadata:
      name: unused
    spec:
      args:
        - name: job
          type: String
        - name: limit
          type: Number
          default: "0.95"
        - name: window
          type: Duration
          default: 5m
      metric:
        interval: 30s
        successCondition: result[0] >= {{args.limit}} && size(result) == 1
        provider:
          prometheus:
            query: sum(rate(x{job="{{args.job}}",s="{{args.service}}"}[{{args.window}}]))
    ---
    apiVersion: serin.dev/v1alpha1
    kind: CanaryPolicy
    metadata:
      name: shop-web
    spec:
      match:
        namespaceSelector:
          matchLabels:
            kubernetes.io/metadata.name: shop
        deploymentSelector:
          matchLabels:
            app: web
      steps:
        - setWeight: 10
        - pause:
            duration: 30s
        - analysis:
            metrics:
              - name: errors
                interval: 30s
                count: 3
                failureLimit: 1
                failureCondition: isNaN(result[0]) || result[0] < 0.95
                provider:
                  prometheus:
                    query: sum(rate(istio_requests_total{destination_canonical_revision="{{args.canary-hash}}",destination_service=~"{{args.service}}.{{args.namespace}}.svc.cluster.local",response_code!~"5.*"}[1m])) / sum(rate(istio_requests_total{destination_canonical_revision="{{args.canary-hash}}",destination_service=~"{{args.service}}.{{args.namespace}}.svc.cluster.local"}[1m])) + 0 * count(up)
                    timeout: 30s
              - name: slow
                count: 1
                successCondition: result.all(v, v < 1000)
                provider:
                  prometheus:
                    query: max(latency{team="blue",hash="{{args.canary-hash}}",key="{{args.key}}"})
              - name: odd
                count: 1
                successCondition: sum(result) > 1
                provider:
                  prometheus:
                    query: up
              - name: any
                successCondition: size(result) >= 0
                provider:
                  prometheus:
                    query: up
            dryRun:
              - metricName: slow
            measurementRetention:
              - metricName: .*
                limit: 20
        - pause: {}
        - setWeight: 50
        - pause:
            duration: 1h30m
      canary:
        minReplicas: 2
        progressDeadline: 5m
        scaleDownDelay: 1m30s
      rollbackWindow:
        revisions: 3
    "
  `);
  expect(err).toMatchInlineSnapshot(`
    "rollout.yaml:2:1: note: Rollout web: differences on purpose: missing data (nothing, NaN) never passes, it holds the plan until onNoData; a step ends with a pass, never by time alone; a rollback puts the stable template back (onFailure)
    rollout.yaml:15:22: note: Rollout web: spec.strategy.canary.canaryService: no second Service is needed: both revisions are behind one; delete it when the Rollout is gone
    rollout.yaml:20:27: note: Rollout web: spec.strategy.canary.dynamicStableScale: the stable pods stay until the promotion
    rollout.yaml:21:7: matters: Rollout web: spec.strategy.canary.pingPong: is not known here, so it was left out: see whether you need it
    rollout.yaml:23:27: matters: Rollout web: spec.strategy.canary.trafficRouting.maxTrafficWeight: weights are percent here: divide each setWeight by it
    rollout.yaml:24:9: matters: Rollout web: spec.strategy.canary.trafficRouting.nginx: is no way in that Serin shifts: it splits Istio's routes, else by the number of pods
    rollout.yaml:25:9: note: Rollout web: spec.strategy.canary.trafficRouting.istio: names routes; here every route to the Deployment's Services is split
    rollout.yaml:27:11: note: Rollout web: spec.strategy.canary.steps[0].setCanaryScale: the canary's pods go by its weight: for another number write canary.replicas, which is for all steps
    rollout.yaml:30:11: matters: Rollout web: spec.strategy.canary.steps[3].setHeaderRoute: was left out: requests are not chosen by header here: write such a route into your VirtualService
    rollout.yaml:31:11: matters: Rollout web: spec.strategy.canary.steps[4].experiment: was left out: no experiments are run here: judge the canary itself with an analysis
    rollout.yaml:40:30: matters: Rollout web: spec.strategy.canary.steps[5].analysis.args[3].valueFrom: has no counterpart: write the value itself
    rollout.yaml:68:18: note: AnalysisTemplate rates: spec.metrics[0].provider.prometheus.query: counted by the Service of one revision; here it counts the one Service and that revision's pods (destination_canonical_revision)
    rollout.yaml:69:20: note: AnalysisTemplate rates: spec.metrics[0].provider.prometheus.timeout: is longer than a query may take here: 30s
    rollout.yaml:76:22: matters: AnalysisTemplate rates: spec.metrics[1].provider.prometheus.query: {{args.key}} has no value: give args.key one
    rollout.yaml:80:25: matters: AnalysisTemplate rates: spec.metrics[2].successCondition: sum has no counterpart in CEL: write sum(…) in the query. It stands in the policy as it was, which is not accepted before you write it anew
    rollout.yaml:83:7: matters: AnalysisTemplate rates: spec.metrics[3].provider: web can't be asked, so this metric was left out: write a query for Prometheus that says the same, or judge it with a gate (pause: {})
    rollout.yaml:90:7: note: ClusterAnalysisTemplate shared: spec.metrics[0]: has no condition, so in Argo whatever comes passes; that is written out here
    rollout.yaml:97:15: note: AnalysisTemplate unused: spec.args[0].name: is filled in by Serin itself
    rollout.yaml:110:9: matters: Rollout bg: spec.strategy: is no canary, so no policy was made: Serin shifts traffic in steps and has no blue-green
    stdout:54:81: matters: CanaryPolicy shop-web: {{args.key}} is not known: use {{args.namespace}}, {{args.deployment}}, {{args.service}}, {{args.canary-hash}}, {{args.stable-hash}}
    stdout:57:31: matters: CanaryPolicy shop-web: found no matching overload for 'sum(list<number>)'; only \`result\`, a list of numbers, is known: write for example \`result[0] >= 0.95\`
    2 objects written; 9 notes, 12 that matter: see to it before you apply
    "
  `);
  expect(code).toBe(1);
  const [template, policy] = parseAllDocuments(out).map((document) => document.toJS() as unknown);
  expect(parseMetricTemplate(template).error).toBeUndefined();
  expect(parsePolicy(policy).error).toBeUndefined();
});

test.each([
  [
    "import argo -f x.yaml",
    "a: 1",
    "error: can't import x.yaml\n  why: no Rollout, AnalysisTemplate or ClusterAnalysisTemplate is in there\n",
  ],
  ["import flagger -f x.yaml", "a: [", "error: can't import x.yaml\n  why: line 1, column"],
  ["import flagger -f gone.yaml", "", "error: can't import flagger gone.yaml\n"],
  ["import helm -f x.yaml", "", "unknown command 'helm'"],
])("%s is a mistake, exit code 1", async (line, text, says) => {
  const { out, err, code } = await serin(line, [], { files: { "x.yaml": text } });
  expect(err).toContain(says);
  expect({ out, code }).toEqual({ out: "", code: 1 });
});

test("a query that knows a revision by its Service, and is not Istio's, matters", async () => {
  const manifests = (query: string): string => `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  strategy:
    canary:
      canaryService: web-canary
      stableService: web
      steps: [{setWeight: 10}]
      analysis: {templates: [{templateName: t}], args: [{name: s, value: web-canary}]}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: t, namespace: shop}
spec:
  args: [{name: s}]
  metrics:
    - {name: m, successCondition: "result[0] < 1", provider: {prometheus: {query: '${query}'}}}
`;
  const imported = (query: string) => serin("import argo -f x.yaml", [], { files: { "x.yaml": manifests(query) } });
  const other = await imported('sum(http_errors{service="{{args.s}}"}) / sum(istio_requests_total{destination_service_name="{{args.s}}"})');
  expect(other.err).toContain("query: counted by the Service of one revision, and both are behind one here");
  expect(other.code).toBe(1);
  const ofIstio = await imported('sum(istio_requests_total{destination_service_name="{{args.s}}"})');
  expect(ofIstio.err).not.toContain("matters:");
  expect(ofIstio.code).toBe(0);
  // Also when it names the Service itself: the Service of that name has no pods of its own any more, or is gone.
  const queryIn = ({ out }: { out: string }) => usable(parse(out)).spec.analysis?.metrics[0]?.provider?.prometheus.query;
  const canary = 'destination_canonical_revision="{{args.canary-hash}}"';
  const literal = await imported('sum(istio_requests_total{destination_service_name="web-canary"})');
  expect(queryIn(literal)).toBe(`sum(istio_requests_total{${canary},destination_service_name="{{args.service}}"})`);
  expect(literal.err).toContain(
    "note: AnalysisTemplate t: spec.metrics[0].provider.prometheus.query: counted by the Service of one revision;",
  );
  expect(literal.code).toBe(0);
  const both = await imported(
    'istio_requests_total{destination_service=~"web-canary.shop.svc.cluster.local"} / istio_requests_total{destination_service_name="web"}',
  );
  expect(queryIn(both)).toBe(
    `istio_requests_total{${canary},destination_service=~"{{args.service}}.{{args.namespace}}.svc.cluster.local"} / istio_requests_total{destination_canonical_revision="{{args.stable-hash}}",destination_service_name="{{args.service}}"}`,
  );
  for (const unread of [
    'destination_service=~"web-canary.*"',
    'destination_service_name!="web-canary"',
    'destination_service_name=~"web|web-canary"',
  ]) {
    const { err, code } = await imported(`sum(istio_requests_total{${unread}})`);
    expect(err).toContain(
      `matters: AnalysisTemplate t: spec.metrics[0].provider.prometheus.query: ${unread} names the Service of one revision`,
    );
    expect(code).toBe(1);
  }
  expect(queryIn(await imported('sum(istio_requests_total{destination_service_name="web-canary-2"})'))).toContain('"web-canary-2"');
});
