import { group, systemNamespace } from "../../api/names.ts";
import { lostSubsets } from "../../core/traffic/lostSubsets.ts";
import { isForbidden, isKindNotInstalled } from "../../kube/apiError.ts";
import type { Deployment, KubeObject, Lease, MutatingWebhookConfiguration, Secret } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { Cluster, Io } from "../io.ts";
import { readPolicies, readRoutes } from "../lookAround.ts";
import type { Facts, Read } from "./checks.ts";

/** What each right is asked for: plans and their pods are read by `get`, plans are patched by `abort` and its like. */
const wanted = [
  { verb: "list", resource: "canaryplans", group },
  { verb: "patch", resource: "canaryplans", group },
  { verb: "get", resource: "deployments", group: "apps" },
  { verb: "list", resource: "pods", group: "" },
] as const;

/** @throws ApiError when the server can't be asked at all */
export async function lookForDoctor(io: Io, { client, about }: Cluster, namespace: string): Promise<Facts> {
  const server = await about();
  const now = io.now();
  const [configuration, serving, lease, programs, policies, istio, rights, missingKinds] = await Promise.all([
    allowed(client.get<MutatingWebhookConfiguration>(resources.mutatingwebhookconfigurations, "canary-serin")),
    allowed(client.get<Secret>(resources.secrets, "serin-webhook-tls", systemNamespace)),
    allowed(client.get<Lease>(resources.leases, "serin-worker", systemNamespace)),
    allowed(client.list<Deployment>(resources.deployments, { namespace: systemNamespace, labelSelector: "app.kubernetes.io/name=serin" })),
    allowed(installed(policiesOf(client))),
    allowed(readRoutes(client, namespace)),
    Promise.all(wanted.map((each) => right(client, namespace, each))),
    missingOf(client, namespace),
  ]);
  const byName =
    programs === "forbidden" ? programs : { value: new Map(programs.value.items.map((each) => [each.metadata.name ?? "", each])) };
  return {
    now,
    server,
    configuration,
    serving,
    lease,
    programs: byName,
    policies,
    istio: istio === "forbidden" ? istio : { value: istio.value.istio },
    lostSubsets:
      istio === "forbidden"
        ? { found: [], partial: true }
        : { found: lostSubsets(istio.value.virtualServices, istio.value.destinationRules), partial: istio.value.partial },
    prometheus: await askPrometheus(io, byName === "forbidden" ? undefined : byName.value.get("serin-worker")),
    rights,
    missingKinds,
    namespace,
  };
}

async function policiesOf(client: Cluster["client"]) {
  const { policies, unusable } = await readPolicies(client);
  const untold = policies.flatMap(({ metadata, status }) => {
    const said = status?.conditions?.find(({ type }) => type === "Notified");
    return said?.status === "False" ? [{ name: metadata.name, why: said.message }] : [];
  });
  return { names: policies.map(({ metadata }) => metadata.name), unusable, untold };
}

/** Beside canarypolicies, which are read whole. */
async function missingOf(client: Cluster["client"], namespace: string): Promise<string[]> {
  const kinds = [
    { resource: resources.canaryplans, of: { namespace } },
    { resource: resources.metrictemplates, of: {} },
    { resource: resources.sidecarpolicies, of: {} },
  ];
  const found = await Promise.all(kinds.map(({ resource, of }) => allowed(installed(client.list<KubeObject>(resource, of)))));
  return kinds.flatMap(({ resource }, index) => {
    const read = found[index];
    return read !== undefined && read !== "forbidden" && read.value === undefined ? [resource.plural] : [];
  });
}

async function allowed<T>(reading: Promise<T>): Promise<Read<T>> {
  try {
    return { value: await reading };
  } catch (error) {
    if (isForbidden(error)) return "forbidden";
    throw error;
  }
}

const installed = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: unknown) => {
    if (isKindNotInstalled(error)) return undefined;
    throw error;
  });

async function right(client: Cluster["client"], namespace: string, { verb, resource, group: of }: (typeof wanted)[number]) {
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    metadata: {},
    spec: { resourceAttributes: { namespace, verb, group: of, resource } },
  };
  const { status } = await client.create<KubeObject>(resources.selfsubjectaccessreviews, review);
  return { verb, resource, allowed: (status as { allowed?: boolean } | undefined)?.allowed === true };
}

/** Names of the cluster's own DNS mean nothing here, and what they mean to somebody else's DNS must not be asked. */
async function askPrometheus(io: Io, worker: Deployment | undefined): Promise<Facts["prometheus"]> {
  const env = worker?.spec?.template.spec?.containers.flatMap((container) => container.env ?? []);
  const address = env?.find(({ name }) => name === "SERIN_PROMETHEUS")?.value;
  if (address === undefined || !URL.canParse(address)) return undefined;
  const { hostname } = new URL(address);
  if (!/^[\d.]+$|^\[/.test(hostname) && (hostname.split(".").length < 3 || /\.svc(\.|$)/.test(hostname))) return "elsewhere";
  const server = await io.prometheus(address);
  try {
    const answer = await server.query("vector(1)");
    return answer.kind === "error" ? { address, error: answer.message } : { address, answer: answer.kind };
  } finally {
    await server.close();
  }
}
