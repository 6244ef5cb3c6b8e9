import { expect, test } from "vitest";
import { apiVersion } from "../../../src/api/names.ts";
import type { CanaryPolicy } from "../../../src/api/policy.ts";
import { resources } from "../../../src/kube/resources.ts";
import { aMetricTemplate } from "../../build/metricTemplate.ts";
import { canaryImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster } from "../../fakes/cluster.ts";
import { successRate } from "../../fakes/prometheus.ts";
import { quick } from "../../scenes/article.ts";

// A policy whose metric comes from a MetricTemplate, in a whole cluster.

const refer = (least: string) => ({ name: "rate", templateRef: { name: "rate", args: [{ name: "least", value: least }] } });
const template = aMetricTemplate(
  { interval: "2s", failureLimit: 0, successCondition: "result[0] >= {{args.least}}", provider: { prometheus: { query: successRate } } },
  [{ name: "least", type: "Number" }],
);

async function cluster(least: string): Promise<Cluster> {
  const made = await Cluster.of({ policy: quick({ analysis: { metrics: [refer(least)] } }), routes: [aVirtualService()] });
  made.server.create(resources.metrictemplates, { apiVersion, kind: "MetricTemplate", metadata: { name: "rate" }, spec: template.spec });
  await made.run(500);
  return made;
}
const accepted = ({ server }: Cluster) =>
  server.get<CanaryPolicy>(resources.canarypolicies, "default", undefined)?.status?.conditions?.find(({ type }) => type === "Accepted");

test("the policy says what is missing, and that it is there as soon as it is", async () => {
  const without = await Cluster.of({ policy: quick({ analysis: { metrics: [refer("0.9")] } }), routes: [aVirtualService()] });
  expect(accepted(without)).toMatchObject({ status: "False", message: expect.stringContaining("MetricTemplate rate does not exist") });
  const complete = await cluster("0.9");
  expect(accepted(complete)).toMatchObject({ status: "True" });
  complete.server.remove(resources.metrictemplates, "rate", undefined);
  await complete.run(500);
  expect(accepted(complete)).toMatchObject({ status: "False" });
});

test("a plan is judged by it, filled in with the policy's arguments", async () => {
  const good = await cluster("0.9");
  good.users.setImage(canaryImage);
  await good.run(5_000);
  expect(good.plan?.spec.policy?.spec.analysis?.metrics).toMatchObject([
    { name: "rate", interval: "2s", successCondition: "result[0] >= 0.9" },
  ]);
  // What the plan goes by stands in the plan: the template may go.
  good.server.remove(resources.metrictemplates, "rate", undefined);
  await good.runToEnd();
  expect(good.findings()).toEqual([]);
  expect(good.plan?.status?.phase).toBe("Promoted");

  const bad = await cluster("0.9");
  bad.users.setImage(`${canaryImage}-errors50`);
  await bad.runToEnd();
  expect(bad.plan?.status?.phase).toBe("RolledBack");
  const lenient = await cluster("0.3");
  lenient.users.setImage(`${canaryImage}-errors50`);
  await lenient.runToEnd();
  expect(lenient.plan?.status?.phase).toBe("Promoted");
});
