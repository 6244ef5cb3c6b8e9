import { parsePolicy } from "../../api/parse.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import type { ReviewedDeployment } from "../../core/admission/deploymentReview.ts";
import type { Deployment, KubeObject, Namespace, Service } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import type { Cluster, Io } from "../io.ts";
import { type Around, aroundOf, type Facts, readable, readClaims, readPolicies, readRoutes } from "../lookAround.ts";
import { plansIn } from "../lookUp.ts";
import { loadManifests } from "../manifest/load.ts";
import { formatOf, isForPeople, printObject } from "../output/format.ts";
import { exitCodes, UserError } from "../userError.ts";
import { previewLines } from "./lines.ts";
import { previewOf } from "./preview.ts";

export interface PlanOptions extends ConnectOptions {
  filename?: string[];
  allNamespaces?: boolean;
  selector?: string;
  output?: string;
}

/** `kubectl serin plan -f FILE…`: what these policies would catch now. Nothing is applied. */
export async function plan(io: Io, options: PlanOptions): Promise<number> {
  const format = formatOf(options.output, ["wide", "json", "yaml", "jsonpath"]);
  const wanted = await policiesIn(io, options.filename ?? []);
  const cluster = connected(io, options);
  try {
    const namespace = options.allNamespaces ? undefined : cluster.namespace;
    const arounds = await lookOver(cluster.client, { namespace, selector: options.selector, wanted, now: io.now() });
    const preview = previewOf(wanted, arounds);
    if (!isForPeople(format)) printObject(io, format, preview, []);
    else io.out(previewLines(preview, { everywhere: namespace === undefined, looked: arounds.length, wide: format.is === "wide" }));
    return preview.deployments.some(({ problems }) => problems.length > 0) ? exitCodes.notPromoted : 0;
  } finally {
    await cluster.close();
  }
}

/** @throws UserError when a policy can't be used, or there is none */
async function policiesIn(io: Io, files: readonly string[]): Promise<CanaryPolicy[]> {
  const written = (await loadManifests(io, "plan", files)).filter(({ kind, errors }) => kind === "CanaryPolicy" || errors.length > 0);
  if (written.length === 0)
    throw new UserError({ what: "nothing to plan", why: "no CanaryPolicy is in there", todo: "name a file with one: -f policy.yaml" });
  return written.map(({ file, object, name, errors }) => {
    const { policy, error } = errors[0] === undefined ? parsePolicy(object) : { error: errors[0].message };
    if (policy) return policy;
    const todo = `find all of it with: kubectl serin lint -f ${file}`;
    throw new UserError({ what: `can't use ${name === "" ? file : `policy ${name}`}`, why: error ?? "it is no policy", todo });
  });
}

interface Over {
  namespace: string | undefined;
  selector: string | undefined;
  wanted: readonly CanaryPolicy[];
  now: number;
}

/** Reads each kind once, whatever the number of Deployments. */
async function lookOver(client: Cluster["client"], { namespace, selector: labelSelector, wanted, now }: Over): Promise<Around[]> {
  const [deployments, present, plans, spaces, services, routes] = await Promise.all([
    client.list<Deployment>(resources.deployments, { namespace, labelSelector }),
    readPolicies(client),
    client.list<KubeObject>(resources.canaryplans, { namespace }),
    readable(client.list<Namespace>(resources.namespaces)),
    client.list<Service>(resources.services, { namespace }),
    readRoutes(client, namespace ?? ""),
  ]);
  const own = (namespace === undefined ? undefined : await readable(client.get<Namespace>(resources.namespaces, namespace))) ?? undefined;
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  const policies = [...present.policies.filter(({ metadata }) => !names.has(metadata.name)), ...wanted];
  const all = plansIn(plans.items);
  const claims = new Map<string, Facts["claims"]>();
  for (const of of new Set(deployments.items.map(({ metadata }) => metadata.namespace ?? ""))) claims.set(of, await readClaims(client, of));
  return deployments.items.map((deployment) => {
    const { namespace: of = "", uid } = deployment.metadata;
    const facts: Facts = {
      now,
      policies,
      unusable: present.unusable.filter(({ name }) => !names.has(name)),
      plans: all.filter(({ spec }) => spec.deployment.uid === uid),
      space: spaces?.items.find(({ metadata }) => metadata.name === of) ?? own,
      claims: claims.get(of) ?? [],
      services: services.items.filter(({ metadata }) => metadata.namespace === of),
      routes,
    };
    return aroundOf(deployment as unknown as ReviewedDeployment, facts);
  });
}
