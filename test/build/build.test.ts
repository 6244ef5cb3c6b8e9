import { expect, test } from "vitest";
import { revision } from "../../src/api/names.ts";
import { imagesOf, type PodTemplate, templateDigest } from "../../src/api/template.ts";
import { inNamespace, named } from "./change.ts";
import { aDeployment, held } from "./deployment.ts";
import { aPlan, atStep, following, inPhase, withWeight } from "./plan.ts";
import { podsOf } from "./pod.ts";
import { aPolicy, withSteps } from "./policy.ts";
import { aCanaryReplicaSet, aReplicaSet, ofImage } from "./replicaSet.ts";
import { revisionOf } from "./story.ts";
import { aVirtualService, split } from "./virtualService.ts";

test("the objects of one story fit together", () => {
  const { stable, canary, deployment } = aPlan().spec;
  const digest = (object: { spec: { template?: unknown } }) => templateDigest(object.spec.template as PodTemplate);
  expect(digest(aDeployment())).toBe(stable.digest);
  expect(digest(aDeployment(held()))).toBe(canary.digest);
  expect(digest(aReplicaSet())).toBe(stable.digest);
  expect(digest(aCanaryReplicaSet())).toBe(canary.digest);
  expect(aDeployment().metadata.uid).toBe(deployment.uid);
  expect(aCanaryReplicaSet().metadata.ownerReferences?.[0]?.uid).toBe(aPlan().metadata.uid);
  expect(aReplicaSet().metadata.annotations?.[revision]).toBe("3");
  expect(podsOf(aReplicaSet(), 3).map((pod) => pod.metadata.ownerReferences?.[0]?.uid)).toEqual(Array(3).fill(aReplicaSet().metadata.uid));
});

test("changes are applied in order, to a fresh object each time", () => {
  expect(aPlan(atStep(2), withWeight(60, 58)).status).toMatchObject({
    step: { index: 2, total: 4, label: "2/4" },
    weight: { desired: 60, observed: 58 },
  });
  expect(aPlan(atStep(0), following(aPolicy(withSteps({ setWeight: 10 })))).status?.step).toMatchObject({ total: 1, label: "0/1" });
  expect(aPlan(inPhase("Promoted")).status?.finishedAt).toBe("2026-11-23T10:02:00.000Z");
  expect(aDeployment(named("web"), inNamespace("other")).metadata).toMatchObject({ name: "web", namespace: "other" });
  expect(aDeployment().metadata.name).toBe("nginx");
  expect(imagesOf(aReplicaSet(ofImage("nginx:1.25.0")).spec.template as unknown as PodTemplate)).toEqual(["nginx:1.25.0"]);
  expect(aVirtualService(split(30)).spec.http?.[0]?.route?.map(({ weight, destination }) => [weight, destination.subset])).toEqual([
    [70, `rev-${revisionOf("nginx:1.23.0").hash}`],
    [30, `rev-${revisionOf("nginx:1.24.0").hash}`],
  ]);
});

test("an invalid object is refused right where it is built", () => {
  expect(() => aPolicy(withSteps({ setWeight: 101 }))).toThrow("spec.steps[0].setWeight: must be at most 100");
  expect(() => aPlan(atStep(0.5))).toThrow("status.step.index");
});
