import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { parseMetricTemplate, parsePolicy } from "../../../src/api/parse.ts";
import { textOf } from "../../house/sources.ts";
import { serin } from "../terminal.ts";

const flagger = (text: string) => serin("import flagger -f canary.yaml", [], { files: { "canary.yaml": text } });

test("a Canary and its MetricTemplates: what maps, and what does not, each with its place", async () => {
  const { out, err, code } = await flagger(textOf("test/scenes/import/canary.yaml"));
  expect(out).toMatchInlineSnapshot(`
    "apiVersion: serin.dev/v1alpha1
    kind: MetricTemplate
    metadata:
      name: unused
    spec:
      args:
        - name: a
          type: String
        - name: interval
          type: Duration
          default: 1m
        - name: factor
          type: Number
        - name: min
          type: Number
          default: "-1e300"
        - name: max
          type: Number
          default: "1e300"
      metric:
        interval: 1m
        successCondition: result.all(v, v >= {{args.min}} && v <= {{args.max}})
        provider:
          prometheus:
            query: sum(rate(x{ns="{{args.namespace}}",a="{{args.a}}"}[{{args.interval}}])) * {{args.factor}}
    ---
    apiVersion: serin.dev/v1alpha1
    kind: CanaryPolicy
    metadata:
      name: test-podinfo
    spec:
      match:
        namespaceSelector:
          matchLabels:
            kubernetes.io/metadata.name: test
      steps:
        - setWeight: 20
        - pause:
            duration: 1m
        - setWeight: 40
        - pause:
            duration: 1m
        - setWeight: 50
        - pause:
            duration: 1m
      analysis:
        metrics:
          - name: request-success-rate
            builtin:
              successRate:
                min: 0.99
              reporter: destination
          - name: request-duration
            builtin:
              latency:
                quantile: 0.99
                max: 500ms
              reporter: destination
          - name: 404s-percentage
            interval: 1m
            failureLimit: 4
            consecutiveErrorLimit: 29
            successCondition: result[0] <= 5
            provider:
              prometheus:
                address: http://prometheus.istio-system:9090
                query: |-
                  100 - sum(rate(istio_requests_total{destination_canonical_revision="{{args.canary-hash}}",reporter="destination",destination_workload_namespace="{{args.namespace}}",destination_workload="{{args.deployment}}",response_code!="404"}[2m]))
                  / sum(rate(istio_requests_total{destination_canonical_revision="{{args.canary-hash}}",reporter="destination",destination_workload_namespace="{{args.namespace}}",destination_workload="{{args.deployment}}"}[2m])) * 100
          - name: cpu
            interval: 1m
            failureLimit: 4
            consecutiveErrorLimit: 29
            successCondition: result.all(v, v >= 0 && v <= 0.5)
            provider:
              prometheus:
                query: max by (pod) (rate(cpu{pod=~"{{args.deployment}}-.*"}[1m]))
      canary:
        progressDeadline: 1m
      onNoData:
        after: 5m
        action: Fail
    "
  `);
  expect(err).toMatchInlineSnapshot(`
    "canary.yaml:4:1: matters: Canary podinfo: metadata: the labels of the Deployment are not known: the policy is for every Deployment there; write match.deploymentSelector
    canary.yaml:8:3: note: Canary podinfo: spec.autoscalerRef: needs no mention: the Deployment keeps its own autoscaler
    canary.yaml:11:5: matters: Canary podinfo: spec.service.gateways: was written into routes that Flagger made and that go with it: write it into your own VirtualService or DestinationRule
    canary.yaml:12:5: matters: Canary podinfo: spec.service.hosts: was written into routes that Flagger made and that go with it: write it into your own VirtualService or DestinationRule
    canary.yaml:13:5: matters: Canary podinfo: spec.service.retries: was written into routes that Flagger made and that go with it: write it into your own VirtualService or DestinationRule
    canary.yaml:14:3: note: Canary podinfo: spec.analysis: differences on purpose: traffic goes back when the last failure counts, not one interval later, and the Deployment itself is the stable one: there is no primary
    canary.yaml:19:26: matters: Canary podinfo: spec.analysis.stepWeightPromotion: the promotion moves what is left at once: write further steps up to setWeight: 100
    canary.yaml:20:5: note: Canary podinfo: spec.analysis.metrics: failed checks of all metrics were counted together; here each metric counts its own
    canary.yaml:23:19: note: Canary podinfo: spec.analysis.metrics[0].interval: is judged by a built-in: looked at with every scrape, over the requests of this weight, and it stops on evidence instead of a number of failed checks
    canary.yaml:26:19: note: Canary podinfo: spec.analysis.metrics[1].interval: is judged by a built-in: looked at with every scrape, over the requests of this weight, and it stops on evidence instead of a number of failed checks
    canary.yaml:32:9: note: Canary podinfo: spec.analysis.metrics[3]: may give several series: Flagger looked at the last one, here all of them have to be good
    canary.yaml:34:16: matters: Canary podinfo: spec.analysis.metrics[3].query: names the target, which was the canary alone and is here the whole Deployment: add a matcher for the canary's pods, such as pod=~"{{args.deployment}}-{{args.canary-hash}}-.*"
    canary.yaml:36:9: matters: Canary podinfo: spec.analysis.webhooks[0]: acceptance-test tests before the canary has traffic; run it in the pipeline, with a gate (pause: {}) as the first step until it is done
    canary.yaml:37:9: matters: Canary podinfo: spec.analysis.webhooks[1]: load-test is called at each check, and its answer counts; judge what it does by a query, or run it in the pipeline
    canary.yaml:38:9: matters: Canary podinfo: spec.analysis.webhooks[2]: gate asks before the promotion; write \`- pause: {}\` as the last step: a person approves
    canary.yaml:39:9: note: Canary podinfo: spec.analysis.webhooks[3]: bell only tells: the plan and its events say what happens
    canary.yaml:40:5: note: Canary podinfo: spec.analysis.alerts: are not sent: watch the events of the plan and of the Deployment
    canary.yaml:46:81: matters: MetricTemplate not-found: spec.provider.secretRef: is no part of a policy: name a Secret of Serin's own namespace in provider.prometheus.credentials
    canary.yaml:51:1: note: MetricTemplate unused: has no range of its own: the policies that use this template give min and max
    canary.yaml:61:27: matters: MetricTemplate dog: spec.provider.type: datadog can't be asked, so this metric was left out: write a query for Prometheus that says the same
    canary.yaml:68:31: matters: Canary ab: spec.analysis.match: chooses requests by header, so no policy was made: Serin shifts by weight; write stepWeight and maxWeight instead
    2 objects written; 9 notes, 12 that matter: see to it before you apply
    "
  `);
  expect(code).toBe(1);
  const [template, policy] = parseAllDocuments(out).map((document) => document.toJS() as unknown);
  expect(parseMetricTemplate(template).error).toBeUndefined();
  expect(parsePolicy(policy).error).toBeUndefined();
});

const canary = (analysis: string, more = ""): string => `apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: web, namespace: shop}
spec:
  targetRef: {kind: Deployment, name: web}
  ${more}
  analysis: ${analysis}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
`;

async function specOf(analysis: string, more = ""): Promise<Record<string, unknown>> {
  const { out } = await flagger(canary(analysis, more));
  return (parse(out) as { spec: Record<string, unknown> }).spec;
}

const held = (...weights: number[]): object[] => weights.flatMap((setWeight) => [{ setWeight }, { pause: { duration: "1m" } }]);

test.each<[string, string, object[]]>([
  ["F9", "{stepWeight: 10, maxWeight: 30}", held(10, 20, 30)],
  ["F9 without maxWeight", "{stepWeight: 50}", held(50, 100)],
  ["F9 not a multiple", "{stepWeight: 20, maxWeight: 50}", held(20, 40, 50)],
  ["F10", "{stepWeights: [1, 2, 10, 80], maxWeight: 50}", held(1, 2, 10, 80)],
  ["F11", "{stepWeights: [1, 2, 60], stepWeight: 25}", held(25, 50, 60)],
])("%s: %s", async (_, analysis, steps) => {
  expect((await specOf(analysis))["steps"]).toEqual(steps);
});

test("F1: an interval below ten seconds is ten, and none is a minute", async () => {
  expect((await specOf("{interval: 2s, stepWeight: 100}"))["steps"]).toEqual([{ setWeight: 100 }, { pause: { duration: "10s" } }]);
  expect((await specOf("{interval: soon, stepWeight: 100}"))["steps"]).toEqual(held(100));
});

test("F2, F5, F7: so many failed checks, both ends inclusive, missing data is a failed check", async () => {
  const spec = await specOf(
    '{interval: 30s, threshold: 3, stepWeight: 100, metrics: [{name: m, query: "sum(x)", thresholdRange: {min: 1, max: 2.5}}]}',
  );
  expect(spec).toMatchObject({
    onNoData: { after: "1m30s", action: "Fail" },
    analysis: {
      metrics: [{ interval: "30s", failureLimit: 2, consecutiveErrorLimit: 8, successCondition: "result[0] >= 1 && result[0] <= 2.5" }],
    },
  });
});

test("F6: the old threshold is the least of a success rate and the most of everything else", async () => {
  const metrics =
    '[{name: request-success-rate, threshold: 99}, {name: request-duration, threshold: 500}, {name: m, query: "x", threshold: 7}]';
  expect(await specOf(`{stepWeight: 100, metrics: ${metrics}}`)).toMatchObject({
    analysis: {
      metrics: [
        { builtin: { successRate: { min: 0.99 } } },
        { builtin: { latency: { quantile: 0.99, max: "500ms" } } },
        { successCondition: "result.all(v, v <= 7)" },
      ],
    },
  });
});

test("F15, F25: without analysis all at once, and a suspended Canary is a suspended policy", async () => {
  expect(await specOf("{stepWeight: 10}", "skipAnalysis: true")).toMatchObject({ steps: [{ setWeight: 100 }] });
  expect(await specOf("{stepWeight: 10}", "suspend: true")).toMatchObject({ suspend: true });
});

test.each([
  ["{mirror: true, stepWeight: 10}", "", "mirror: nothing is mirrored here"],
  ["{iterations: 10}", "", "iterations: is blue-green, so no policy was made"],
  ["{match: [{}], iterations: 10}", "", "match: chooses requests by header, so no policy was made"],
  ["{stepWeight: 10}", "provider: nginx", "provider: nginx is no way in that Serin shifts"],
  ["{stepWeight: 10, sessionAffinity: {}}", "", "sessionAffinity: is not known here"],
])("%s %s matters", async (analysis, more, says) => {
  const { err, code } = await flagger(canary(analysis, more));
  expect(err).toContain(says);
  expect(code).toBe(1);
});

test.each([
  [
    "half of it is not Istio's",
    'sum(istio_requests_total{destination_workload="{{ target }}"}) / sum(app_errors{pod=~"{{ target }}-.*"})',
    "names the target",
  ],
  ["written without blanks around", 'sum(app_errors{pod=~"{{- target -}}-.*"})', "names the target"],
  ["primary", 'sum(istio_requests_total{destination_workload="{{ target }}-primary"})', "names what Flagger made (-primary, -canary)"],
  ["the canary's Service", 'sum(x{service="{{ service }}-canary"})', "names what Flagger made (-primary, -canary)"],
])("a query that would count another revision matters: %s", async (_, query, says) => {
  const metric = JSON.stringify({ name: "m", query, thresholdRange: { max: 1 } });
  const { err, code } = await flagger(canary(`{stepWeight: 10, metrics: [${metric}]}`));
  expect(err).toContain(`query: ${says}`);
  expect(code).toBe(1);
});

test("a plain Canary with its Deployment maps as a whole", async () => {
  const { err, code } = await flagger(
    canary("{interval: 1m, threshold: 2, stepWeight: 50, metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]}"),
  );
  expect(err).not.toContain("matters:");
  expect(code).toBe(0);
});
