import { labels } from "../api/names.ts";
import { parsePlan } from "../api/parsePlan.ts";
import type { CanaryPlan } from "../api/plan.ts";
import { labelOf } from "../api/planName.ts";
import type { VirtualServiceObject } from "../core/traffic/wire.ts";
import { ApiError } from "../kube/apiError.ts";
import type { Deployment, KubeObject, Pod, ReplicaSet } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import type { Cluster } from "./io.ts";
import { planToShow, type Scene } from "./scene.ts";

type Reader = Cluster["client"];

/** Reads the objects of one screen: one get, three lists, and one get for each route of the plan. */
export async function lookUp(client: Reader, namespace: string, name: string): Promise<Scene> {
  const [deployment, plans] = await Promise.all([
    client.get<Deployment>(resources.deployments, name, namespace),
    plansOf(client, namespace, name),
  ]);
  const plan = planToShow(plans);
  const labelSelector = selectorOf(deployment, name);
  const [replicaSets, pods, virtualServices] = await Promise.all([
    client.list<ReplicaSet>(resources.replicasets, { namespace, labelSelector }),
    client.list<Pod>(resources.pods, { namespace, labelSelector }),
    routesOf(client, plan),
  ]);
  const owners = new Set([deployment?.metadata.uid, plan?.metadata.uid]);
  const owned = replicaSets.items.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid, controller }) => controller && owners.has(uid)),
  );
  return { namespace, name, deployment, plan, replicaSets: owned, pods: pods.items, virtualServices };
}

/** Deployment and plan alone, of one get and one list. `planName` keeps to one plan, whatever is asked for meanwhile. */
export async function lookBriefly(client: Reader, namespace: string, name: string, planName?: string): Promise<Scene> {
  const [deployment, plans] = await Promise.all([
    client.get<Deployment>(resources.deployments, name, namespace),
    plansOf(client, namespace, name),
  ]);
  const plan = planName === undefined ? planToShow(plans) : plans.find(({ metadata }) => metadata.name === planName);
  return { namespace, name, deployment, plan, replicaSets: [], pods: [], virtualServices: [] };
}

/** By field selector; an API server older than 1.31 doesn't know it for custom kinds (400), and gives all. */
export async function plansOf(client: Reader, namespace: string, name: string): Promise<CanaryPlan[]> {
  const all = (fieldSelector?: string) => client.list<KubeObject>(resources.canaryplans, { namespace, fieldSelector });
  const page = await all(`spec.deployment.name=${name}`).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 400) return all();
    throw error;
  });
  return plansIn(page.items).filter(({ spec }) => spec.deployment.name === name);
}

/** Those that this version of the plugin can read. */
export const plansIn = (items: readonly KubeObject[]): CanaryPlan[] => items.flatMap((item) => parsePlan(item).plan ?? []);

async function routesOf(client: Reader, plan: CanaryPlan | undefined): Promise<VirtualServiceObject[]> {
  const records = plan?.status?.routes ?? [];
  const found = await Promise.all(
    records.map(({ namespace, name }) => client.get<VirtualServiceObject>(resources.virtualservices, name, namespace)),
  );
  return found.filter((object) => object !== undefined);
}

/** The Deployment's own selector. Without a Deployment: what carries our label, if anything is left. */
const selectorOf = (deployment: Deployment | undefined, name: string): string =>
  deployment === undefined ? `${labels.deployment}=${labelOf(name)}` : selectorInWords(deployment.spec?.selector);

/** As `-l` takes it. */
export function selectorInWords({ matchLabels = {}, matchExpressions = [] }: NonNullable<Deployment["spec"]>["selector"] = {}): string {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`;
  });
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...expressions].join(",");
}
