import type { MetricTemplate } from "../../api/metricTemplate.ts";
import { podTemplateHash, revision } from "../../api/names.ts";
import { parseMetricTemplate, parsePolicy } from "../../api/parse.ts";
import type { PolicySpec } from "../../api/policy.ts";
import type { QueryArgs } from "../../core/analysis/query.ts";
import { resolveMetric, withTemplates } from "../../core/analysis/templates.ts";
import { selectsPods, serviceFacts } from "../../core/traffic/serviceFacts.ts";
import type { Deployment, KubeObject, ReplicaSet } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { Cluster } from "../io.ts";
import { plansOf } from "../lookUp.ts";
import type { Written } from "../manifest/read.ts";
import { UserError } from "../userError.ts";

type Client = Cluster["client"];

/** The policy of that name, from the files where they have it, else from the cluster, with its templates filled in. @throws UserError */
export async function policyNamed(client: Client, name: string, files: readonly Written[]): Promise<PolicySpec> {
  const wrong = (why: string, todo: string) => new UserError({ what: `can't simulate policy ${name}`, why, todo });
  const written = files.find((one) => one.kind === "CanaryPolicy" && one.name === name)?.object;
  const raw = written ?? (await client.get<KubeObject>(resources.canarypolicies, name));
  if (raw === undefined) throw wrong("there is no such policy", "look with: kubectl get canarypolicies, or name its file with -f");
  const { policy, error } = parsePolicy(raw);
  if (error !== undefined) throw wrong(error, "put it right first: kubectl serin lint -f FILE");
  const metrics = [...(policy.spec.analysis?.metrics ?? []), ...policy.spec.steps.flatMap(({ analysis }) => analysis?.metrics ?? [])];
  if (!metrics.some(({ templateRef }) => templateRef !== undefined)) return policy.spec;
  const templates = await templatesOf(client, files);
  for (const metric of metrics) {
    const resolved = resolveMetric(metric, (of) => templates.get(of));
    if ("error" in resolved) throw wrong(`metric ${metric.name}: ${resolved.error}`, "put it right first: kubectl serin lint -f FILE");
  }
  return withTemplates(policy.spec, (of) => templates.get(of));
}

async function templatesOf(client: Client, files: readonly Written[]): Promise<ReadonlyMap<string, MetricTemplate>> {
  const inCluster = await client.list<KubeObject>(resources.metrictemplates);
  const all: unknown[] = [...inCluster.items, ...files.filter(({ kind }) => kind === "MetricTemplate").map(({ object }) => object)];
  return new Map(all.flatMap((raw) => parseMetricTemplate(raw).template ?? []).map((template) => [template.metadata.name, template]));
}

/** Which release is looked at again. */
export interface Subject extends QueryArgs {
  /** Where the revisions were found. */
  readonly found: string;
}

export interface Wanted {
  namespace: string;
  name: string;
  /** ms since epoch. */
  to: number;
  canary: string | undefined;
  stable: string | undefined;
}

/** The two revisions of that time: as named, else of the last plan that began before its end, else the two newest ReplicaSets of then. @throws UserError */
export async function subjectOf(client: Client, { namespace, name, to, canary, stable }: Wanted): Promise<Subject> {
  const deployment = await client.get<Deployment>(resources.deployments, name, namespace);
  const wrong = (why: string, todo: string) => new UserError({ what: `can't simulate deploy/${name}`, why, todo });
  if (deployment === undefined)
    throw wrong(
      `there is no Deployment ${name} in namespace ${namespace}`,
      "name the namespace with -n, or look with: kubectl get deployments -A",
    );
  const service = await serviceOf(client, namespace, deployment);
  const args = { namespace, deployment: name, service };
  if (canary !== undefined && stable !== undefined) return { ...args, canaryHash: canary, stableHash: stable, found: "as named" };
  const began = (time: string | undefined): number => Date.parse(time ?? "");
  const [plan] = (await plansOf(client, namespace, name))
    .filter(({ metadata }) => began(metadata.creationTimestamp) <= to)
    .sort((a, b) => began(b.metadata.creationTimestamp) - began(a.metadata.creationTimestamp));
  if (plan !== undefined)
    return { ...args, canaryHash: plan.spec.canary.hash, stableHash: plan.spec.stable.hash, found: `plan ${plan.metadata.name}` };
  const [newest, before] = await replicaSetsOf(client, namespace, deployment, to);
  if (newest !== undefined && before !== undefined)
    return { ...args, canaryHash: newest, stableHash: before, found: "its two newest ReplicaSets of then" };
  throw wrong(
    "no plan and no two ReplicaSets of then are left, so its revisions are not known",
    "name them: --canary HASH --stable HASH (pod-template-hash)",
  );
}

async function serviceOf(client: Client, namespace: string, deployment: Deployment): Promise<string | undefined> {
  const services = await client.list<KubeObject>(resources.services, { namespace });
  const labels = deployment.spec?.template.metadata?.labels ?? {};
  return services.items
    .flatMap((item) => serviceFacts(item as Parameters<typeof serviceFacts>[0]) ?? [])
    .find((facts) => selectsPods(facts, labels))?.name;
}

/** Their hashes, the newest revision first. */
async function replicaSetsOf(client: Client, namespace: string, deployment: Deployment, to: number): Promise<string[]> {
  const { items } = await client.list<ReplicaSet>(resources.replicasets, { namespace });
  const revisionOf = ({ metadata }: ReplicaSet): number => Number(metadata.annotations?.[revision] ?? 0);
  return items
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid))
    .filter(({ metadata }) => Date.parse(String(metadata.creationTimestamp ?? "")) <= to)
    .sort((a, b) => revisionOf(b) - revisionOf(a))
    .flatMap(({ metadata }) => metadata.labels?.[podTemplateHash] ?? []);
}
