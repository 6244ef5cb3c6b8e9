import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { apiVersion, injectPolicyMarks, istio } from "../../src/api/names.ts";
import type { SidecarPolicy } from "../../src/api/sidecarPolicy.ts";
import { applied } from "../../src/core/sidecars/applied.ts";
import { asWritten } from "../../src/core/sidecars/asked.ts";
import { equipment } from "../../src/core/sidecars/demandsOn.ts";
import { type PodLike, podCase } from "../../src/core/sidecars/pod.ts";
import { inLanes } from "../house/inLanes.ts";
import { type InjectCase, injectCase, namespaces, podObject, policyObjects } from "./injectPolicyCases.ts";
import { asList } from "./kubectl.ts";
import { type ClusterClient, connectCluster } from "./kubelet/clusterClient.ts";
import { type Lab, startLab } from "./lab.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import { until } from "./until.ts";

/** What kube-apiserver does by manifests/admission/inject-policy.yaml, with no webhook, and what core says about the same pod and policies. */
const soak = process.env["SOAK"] !== undefined;
const count = soak ? 300 : 150;
const seed = soak ? Date.now() % 1_000_000 : 2026;

type Marks = Record<"labels" | "annotations", Record<string, string>>;
type Given = InjectCase & { index: number; policies: SidecarPolicy[] };

let lab: Lab;
let client: ClusterClient;
let cases: Given[];

beforeAll(async () => {
  lab = await startLab({ without: ["serin", "prometheus", "istio"] });
  client = connectCluster(lab.env["KUBECONFIG"] ?? "", "generated");
  const files = ["crd/serin.dev_canarypolicies.yaml", "crd/serin.dev_sidecarpolicies.yaml", "admission/inject-policy.yaml"];
  for (const file of files) await lab.apply(await readFile(join(CHECKOUT, "manifests", file), "utf8"));
  await lab.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
  await lab.apply(
    asList(Object.entries(namespaces).map(([name, labels]) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }))),
  );
  const given = fc.sample(injectCase, { numRuns: count, seed }).map((one, index) => ({ ...one, index }));
  cases = await inLanes(given, 8, async (one) => ({ ...one, policies: await Promise.all(policyObjects(one, one.index).map(create)) }));
  const last = { ...first, namespace: "plain", index: count };
  await Promise.all(policyObjects(last, count).map(create));
  await until("kube-apiserver to know the policies", async () => sidecarLabel(await make(last)) === "true", 60);
});
afterAll(async () => {
  await client?.close();
  await lab?.stop();
});

const first: InjectCase = { namespace: "plain", pod: { metadata: {}, spec: {} }, specs: [{ istio: { inject: "Enabled" } }] };
const sidecarLabel = ({ metadata }: PodLike): string | undefined => metadata.labels?.[istio.inject];

const create = (policy: object): Promise<SidecarPolicy> => client.post(`/apis/${apiVersion}/sidecarpolicies`, policy);
/** The pod as kube-apiserver would store it. */
const make = (one: InjectCase & { index: number }): Promise<PodLike> =>
  client.post(`/api/v1/namespaces/${one.namespace}/pods?dryRun=All`, podObject(one, one.index));

/** What core says that the pod becomes. */
function wanted({ namespace, policies }: Given, pod: PodLike): PodLike {
  const known = { "kubernetes.io/metadata.name": namespace, ...namespaces[namespace] };
  const c = podCase(pod, { namespace, known, role: "Stable", stage: "Admission" });
  return applied(pod, equipment(c, policies, "serin-system").fixes, new Set());
}

const isRecord = (key: string): boolean => Object.values(injectPolicyMarks).some((prefix) => key.startsWith(prefix));
const marksOf = ({ metadata: { labels = {}, annotations = {} } }: PodLike): Marks => ({
  labels: sorted(labels),
  annotations: sorted(Object.fromEntries(Object.entries(annotations).filter(([key]) => !isRecord(key)))),
});
const sorted = (texts: Record<string, string>) => Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));

/** holdUntilProxyStarts where there is a configuration to merge it with is the webhook's. */
const isMerged = ({ pod, specs }: Given): boolean =>
  specs.some(
    ({ istio: wish }) =>
      wish?.holdUntilProxyStarts !== undefined &&
      (wish.annotations?.[istio.proxyConfig] !== undefined || pod.metadata.annotations?.[istio.proxyConfig] !== undefined),
  );
const without = ({ labels, annotations: { [istio.proxyConfig]: _, ...annotations } }: Marks): Marks => ({ labels, annotations });

/** What the manifest's comment leaves to the webhook where policies disagree: settings beside a revision that is refused, and three with different optOut. */
function isContested({ pod, specs }: Given): boolean {
  const wishes = specs.flatMap(({ istio: wish, optOut, suspend, enforcement }) =>
    wish === undefined || suspend || enforcement === "Audit" ? [] : [{ ...wish, optOut }],
  );
  const revisions = new Set(wishes.map(({ revision }) => revision).filter((revision) => revision !== undefined));
  const isAnyForced = wishes.some(({ optOut }) => optOut === "Forbid");
  const isOpposed = pod.metadata.labels?.[istio.inject] === "true" && wishes.some(({ inject }) => inject === "Disabled");
  const isThird = wishes.length > 2 && isAnyForced && wishes.some(({ optOut }) => optOut === "Allow");
  return isThird || (isAnyForced && revisions.size > 1) || (isOpposed && revisions.size > 0);
}

it(`writes on ${count} generated pods what core would, and the webhook knows how to take it off`, async () => {
  const tally = { changed: 0, same: 0, merged: 0, contested: 0 };
  const wrong = await inLanes(cases, 8, async (one) => {
    const pod = podObject(one, one.index) as PodLike;
    const made = await make(one);
    const seen = isMerged(one) ? (marks: Marks) => without(marks) : (marks: Marks) => marks;
    const [found, asked, before] = [made, wanted(one, pod), pod].map((each) => JSON.stringify(seen(marksOf(each))));
    tally[asked === before ? "same" : "changed"] += 1;
    if (isMerged(one)) tally.merged += 1;
    if (isContested(one)) tally.contested += 1;
    const takenOff = JSON.stringify(marksOf(asWritten(made, one.policies)));
    return (found === asked || isContested(one)) && takenOff === JSON.stringify(marksOf(pod))
      ? undefined
      : { seed, ...one, policies: [], found, asked, takenOff, made };
  });
  process.stdout.write(`${count} generated pods: ${JSON.stringify(tally)}\n`);
  expect(wrong.filter((one) => one !== undefined).slice(0, 1)).toEqual([]);
  expect(tally.changed).toBeGreaterThan(count / 3);
});
