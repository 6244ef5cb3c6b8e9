import fc from "fast-check";
import { resources } from "../../src/kube/resources.ts";
import { canaryImage, stableImage } from "../build/story.ts";
import { aVirtualService } from "../build/virtualService.ts";
import { Cluster, type ClusterOptions, imageOf } from "../fakes/cluster.ts";
import { quick } from "./article.ts";

/** What people, tools and faults do to a cluster, one thing at a time. */
export type Deed =
  | { do: "setImage"; image: string }
  | { do: "scale"; replicas: number }
  | { do: "hold" | "unhold" | "abort" | "promote" | "promoteFull" | "resume" | "unpause" | "dropSplit" | "deletePlan" | "crash" };

export interface WalkStep {
  /** Milliseconds after the step before. */
  after: number;
  deed: Deed;
}

const images = [stableImage, canaryImage, "nginx:1.25.0", `${canaryImage}-errors50`, "nginx:1.26.0-crash"];

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...images).map((image): Deed => ({ do: "setImage", image })) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }).map((replicas): Deed => ({ do: "scale", replicas })) },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom("hold", "unhold", "abort", "promote", "promoteFull", "resume", "unpause", "dropSplit", "deletePlan", "crash")
      .map((each): Deed => ({ do: each }) as Deed),
  },
);

export const walks: fc.Arbitrary<WalkStep[]> = fc.array(fc.record({ after: fc.integer({ min: 0, max: 6_000 }), deed }), {
  minLength: 1,
  maxLength: 7,
});

function carryOut(cluster: Cluster, each: Deed): void {
  const { users, plan } = cluster;
  switch (each.do) {
    case "setImage":
      users.setImage(each.image);
      return;
    case "scale":
      users.scale(each.replicas);
      return;
    case "hold":
      if (plan) users.control(plan, { hold: {} });
      return;
    case "unhold":
      unholdAll(cluster);
      return;
    case "abort":
      if (plan) users.control(plan, { abort: {} });
      return;
    case "promote":
      if (plan) users.control(plan, { promote: { full: false } });
      return;
    case "promoteFull":
      if (plan) users.control(plan, { promote: { full: true } });
      return;
    case "resume":
      users.resume();
      return;
    case "unpause":
      // The controller takes the only pod away before any worker can hear of it; in a cluster the MutatingAdmissionPolicy keeps the hold.
      if (cluster.deployment?.spec?.replicas === 1) return;
      users.unpausePastAdmission();
      // A hold that is taken away past the admission before it has a plan has never been one.
      for (const { uid } of users.held.slice(-1)) cluster.watchman.mayBeLost.add(uid);
      return;
    case "dropSplit":
      users.webhookIsUp = false;
      users.applyRoute("nginx", aVirtualService().spec);
      users.webhookIsUp = true;
      return;
    case "deletePlan":
      if (plan) users.remove(resources.canaryplans, plan.metadata.name);
      return;
    case "crash":
      cluster.crash();
      return;
  }
}

function unholdAll(cluster: Cluster): void {
  for (const { metadata, spec } of cluster.plans) {
    if (spec.control.hold === undefined) continue;
    cluster.server.update<{ spec: { control: { hold?: object } } }>(resources.canaryplans, metadata.name, metadata.namespace, (draft) => {
      delete draft.spec.control.hold;
    });
  }
}

/** Walks, lets everything come to its end, and says what was wrong on the way or at the end. */
export async function walk(steps: readonly WalkStep[], options: ClusterOptions = {}): Promise<string[]> {
  const policy = quick({ canary: { progressDeadline: "10s" } });
  const cluster = await Cluster.of({ policy, routes: [aVirtualService()], meshLagMs: 450, ...options });
  for (const { after, deed: each } of steps) {
    await cluster.run(after);
    carryOut(cluster, each);
  }
  unholdAll(cluster);
  await cluster.runToEnd(300_000);
  await cluster.run(10_000);
  return [...cluster.findings(), ...wrongAtTheEnd(cluster)];
}

/** So many pods as asked for, of the template that is wanted, or of stable where it is held; and the route as the team has it. */
function wrongAtTheEnd(cluster: Cluster): string[] {
  const { deployment, plans } = cluster;
  const held = deployment?.spec?.paused === true;
  const image = held ? plans.at(-1)?.spec.stable.images[0] : imageOf(deployment);
  const wanted = { [image ?? ""]: deployment?.spec?.replicas };
  const found =
    JSON.stringify(cluster.running()) === JSON.stringify(wanted)
      ? []
      : [`runs ${JSON.stringify(cluster.running())}, wanted ${JSON.stringify(wanted)}: ${cluster.describe()}`];
  if (JSON.stringify(cluster.route()?.spec) !== JSON.stringify(aVirtualService().spec))
    found.push(`the route is ${JSON.stringify(cluster.route()?.spec.http)}`);
  return found;
}
