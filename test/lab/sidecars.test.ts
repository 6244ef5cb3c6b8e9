import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { sidecarPolicyKind } from "../../src/api/crd.ts";
import { apiVersion } from "../../src/api/names.ts";
import { parseSidecarPolicy } from "../../src/api/parse.ts";
import type { SidecarPolicy } from "../../src/api/sidecarPolicy.ts";
import { type StructuralSchema, structural } from "../../src/api/structural.ts";
import { demandsOn } from "../../src/core/sidecars/demandsOn.ts";
import { type PodLike, podCase } from "../../src/core/sidecars/pod.ts";
import { badSidecarPolicies } from "../api/badSidecarPolicies.ts";
import { inLanes } from "../house/inLanes.ts";
import { type ClusterClient, connectCluster } from "./kubelet/clusterClient.ts";
import { pod as anyPod, everything, policies } from "./sidecarPods.ts";
import { type Story, tell } from "./story.ts";
import { applyAll, house, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

/** SidecarPolicies from kubectl's side, with a real kube-apiserver and its real PodSecurity. */
const soak = process.env["SOAK"] !== undefined;
const count = soak ? 2_000 : 200;
const seed = soak ? Date.now() % 1_000_000 : 2026;

type Pod = PodLike & { metadata: { name: string; labels?: Record<string, string> } };

let story: Story;
let client: ClusterClient;

beforeAll(async () => {
  story = await tell({ without: ["prometheus", "istio"] });
  client = connectCluster(story.lab.env["KUBECONFIG"] ?? "", "generated");
  const namespaces = ["plain", "strict"].flatMap((name) =>
    ["on", "off"].map((sidecars) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: `${name}-${sidecars}`,
        labels: {
          ...(sidecars === "on" ? { sidecars: "wanted" } : {}),
          ...(name === "strict" ? { "pod-security.kubernetes.io/enforce": "restricted" } : {}),
        },
      },
    })),
  );
  await applyAll(story, [...policies, ...namespaces]);
  await until("the webhook to know policies and namespaces", async () => {
    const tried = await Promise.all(["plain-on", "strict-on"].map((namespace) => post(namespace, someone)));
    return tried.every((made) => "spec" in made && names(made).includes("tracer"));
  });
});
afterAll(async () => {
  await client?.close();
  await story?.stop();
});

const restricted = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
const someone = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "someone" },
  spec: { containers: [{ name: "web", image: "web:1", securityContext: restricted }] },
};

/** What kube-apiserver would store, or why it would not. A dry-run goes through all of admission and validation. */
const post = (namespace: string, pod: unknown): Promise<Pod | { refused: string }> =>
  client.post<Pod>(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod).catch((error: Error) => ({ refused: error.message }));
const names = ({ spec }: PodLike): string[] => [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);

describe("generated pods", () => {
  it(`each of ${count} is admitted where it would be without us, validates, and asking again changes nothing`, async () => {
    const tally = { admitted: 0, refused: 0, added: 0 };
    const wrong = await inLanes(fc.sample(anyPod, { numRuns: count, seed }), 8, async (given) => {
      const found: unknown[] = [];
      for (const name of ["plain", "strict"]) {
        const [without, made] = await Promise.all([post(`${name}-off`, given), post(`${name}-on`, given)]);
        if ("refused" in without) {
          tally.refused += 1;
          continue;
        }
        tally.admitted += 1;
        if ("refused" in made) {
          found.push({ seed, name, given, refused: made.refused });
          continue;
        }
        if (names(made).length > names(without).length) tally.added += 1;
        const again = await post(`${name}-on`, withoutServersOwn(made));
        if (canonical(again) !== canonical(made)) found.push({ seed, name, given, made, again });
      }
      return found;
    });
    expect(wrong.flat().slice(0, 1)).toEqual([]);
    process.stdout.write(`${count} generated pods, twice: ${JSON.stringify(tally)}\n`);
    expect(tally.added).toBeGreaterThan(count / 4);
    expect(tally.refused).toBeGreaterThan(count / 10);
  });

  it("a mirror pod says what its file says", async () => {
    const mirror = { ...someone, metadata: { name: "mirror", annotations: { "kubernetes.io/config.mirror": "x" } } };
    const made = await post("plain-on", { ...mirror, spec: { ...someone.spec, nodeName: "node-0" } });
    expect("refused" in made ? made.refused : names(made)).toEqual(["web"]);
  });

  it("what a policy asks for with every field is what the pod gets", async () => {
    const made = (await post("plain-on", someone)) as Pod;
    const added = made.spec.initContainers?.find(({ name }) => name === "everything");
    const { as: _, securityContext, resources: __, ...asked } = everything.containers?.[0] ?? { name: "" };
    expect(added).toMatchObject({ ...withoutEmpty(asked), restartPolicy: "Always" });
    expect(added?.["securityContext"]).toMatchObject({
      ...securityContext,
      capabilities: { add: ["NET_BIND_SERVICE"], drop: ["CHOWN", "ALL"] },
    });
    const mounts = added?.["volumeMounts"] as Array<{ name: string; mountPath: string }>;
    expect(mounts.filter(({ name }) => name.startsWith("kube-api-access"))).toEqual([]);
    const tracer = made.spec.initContainers?.find(({ name }) => name === "tracer");
    expect(JSON.stringify(tracer?.["volumeMounts"])).toContain("kube-api-access");
  });
});

describe("policies", () => {
  it.each(badSidecarPolicies)("is refused: %s", async (_, spec, { both }) => {
    const refused = await story.lab.apply(stringify({ apiVersion, kind: "SidecarPolicy", metadata: { name: "bad" }, spec })).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(refused).toContain(both);
  });

  it("what is taken is what was written, with the defaults that Serin reads", async () => {
    const { items } = JSON.parse(await story.kubectl("get", "spol", "-o", "json")) as {
      items: Array<{ metadata: { name: string }; spec: unknown }>;
    };
    expect(items).toHaveLength(policies.length);
    for (const item of items) {
      const written = policies.find(({ metadata }) => metadata.name === item.metadata.name);
      expect(item.spec).toEqual(parseSidecarPolicy(written).policy?.spec);
      expect(parseSidecarPolicy(item).error).toBeUndefined();
    }
    const columns = (await story.kubectl("get", "sidecarpolicies")).split("\n")[0]?.trim().split(/\s+/);
    expect(columns).toEqual(["NAME", "ENFORCEMENT", "TRACK", "MATCHED", "CARRYING", "MISSING", "AGE"]);
  });

  it("kubectl explain documents every field", async () => {
    const told = await story.kubectl("explain", "sidecarpolicy", "--recursive");
    const { spec, status } = sidecarPolicyKind;
    const fields = fieldsOf({ properties: { spec: structural(spec), status: structural(status ?? spec) } });
    expect(fields.length).toBeGreaterThan(100);
    expect(fields.filter((field) => !told.includes(field))).toEqual([]);
    expect(await story.kubectl("explain", "spol.spec.security")).toContain("allowPrivilegeEscalation: false");
  });

  it("are written by cluster administrators alone, and the webhook only reads them", async () => {
    await story.kubectl("create", "rolebinding", "team", "--clusterrole=admin", "--user=team", "-n", "plain-on");
    const may = async (verb: string, user: string) =>
      (await story.type("kubectl", "auth", "can-i", verb, "sidecarpolicies.serin.dev", `--as=${user}`)).stdout.split("\n")[0];
    for (const user of ["team", "system:serviceaccount:serin-system:serin-webhook"])
      for (const verb of ["create", "update", "patch", "delete"]) expect(await may(verb, user), `${user} ${verb}`).toBe("no");
    expect(await may("watch", "system:serviceaccount:serin-system:serin-webhook")).toBe("yes");
  });
});

describe("real pods", () => {
  it("a Job's pod gets a native sidecar where a plain one is asked for, and kubectl tells of what can't be added", async () => {
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "once", namespace: "plain-on" },
      spec: {
        template: {
          spec: { restartPolicy: "Never", containers: [{ name: "once", image: "once:1" }], volumes: [{ name: "logs", emptyDir: {} }] },
        },
      },
    };
    await applyAll(story, [job]);
    const [made] = await podsOf("job-name=once", "plain-on");
    expect(made?.spec.containers.map(({ name }) => name)).toEqual(["once"]);
    expect(made?.spec.initContainers?.map(({ name }) => name)).toContain("agent");
    const clash = {
      ...someone,
      metadata: { name: "clash", namespace: "plain-on" },
      spec: {
        containers: [
          { name: "web", image: "web:1" },
          { name: "tracer", image: "mine:1" },
        ],
      },
    };
    const { stderr } = await story.type("bash", "-c", `kubectl create --dry-run=server -f - <<'E'\n${stringify(clash)}\nE`);
    expect(stderr).toContain(
      "Warning: serin: sidecar policy tracing: not added: container tracer: the pod has another container of that name",
    );
    expect(stderr).toContain("Warning: serin: sidecar policy audit (Audit): this pod lacks");
  });

  it("track: Canary: only canary pods carry it while the plan lives, and the promoted ReplicaSet is adopted as it is", async () => {
    const profiler: SidecarPolicy["spec"] | Record<string, unknown> = {
      match: { track: "Canary", podSelector: { matchLabels: { app: "web" } } },
      containers: [{ name: "profiler", image: "profiler:1" }],
    };
    const canary = townPolicy("plain", { match: {}, steps: [{ setWeight: 50 }, { pause: {} }], traffic: { withoutRoute: "Replicas" } });
    await applyAll(story, [{ apiVersion, kind: "SidecarPolicy", metadata: { name: "profile" }, spec: profiler }, canary]);
    await applyAll(story, house("web", { service: false, image: "web:1" }));
    await story.kubectl("rollout", "status", "deploy/web", "--timeout=60s");
    await story.setImage("web:2", "web");
    const plan = await story.planWhen("web:2", "at its gate", ({ status }) => status?.phase === "Paused");
    const canaries = await podsOf(`app=web,pod-template-hash=${plan.spec.canary.hash}`);
    const stable = await podsOf(`app=web,pod-template-hash=${plan.spec.stable.hash}`);
    expect(canaries.length).toBeGreaterThan(0);
    for (const pod of canaries) expect(names(pod)).toEqual(["profiler", "nginx"]);
    for (const pod of stable) expect(names(pod)).toEqual(["nginx"]);
    for (const pod of canaries) expect(pod.metadata.labels?.["service.istio.io/canonical-revision"]).toBe(plan.spec.canary.hash);

    await story.kubectl("patch", "plan", plan.metadata.name, "--type=merge", "-p", '{"spec":{"control":{"promote":{"full":true}}}}');
    expect((await story.ends("web:2")).status?.phase).toBe("Promoted");
    const after = await podsOf(`app=web,pod-template-hash=${plan.spec.canary.hash}`);
    expect(after.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(canaries.map(({ metadata }) => metadata.name)));
    const template = async (what: string) => parse(await story.kubectl("get", what, "-o", "yaml")).spec.template.spec as unknown;
    const [replicaSet] = (await story.kubectl("get", "rs", "-l", `app=web,pod-template-hash=${plan.spec.canary.hash}`, "-o", "name"))
      .trim()
      .split("\n");
    expect(await template(replicaSet ?? "")).toEqual(await template("deploy/web"));
    expect(await story.kubectl("get", replicaSet ?? "", "-o", "jsonpath={.metadata.ownerReferences[0].kind}")).toBe("Deployment");

    await story.kubectl("delete", "pod", after[0]?.metadata.name ?? "", "--wait=false");
    const fresh = await until("a new pod", async () =>
      (await podsOf(`app=web,pod-template-hash=${plan.spec.canary.hash}`)).find(
        ({ metadata }) => !after.some((old) => old.metadata.name === metadata.name),
      ),
    );
    expect(names(fresh)).toEqual(["nginx"]);
  });

  it("made while the webhook is down it is made all the same, and one can see what it lacks", async () => {
    await story.lab.processes.kill("serin-webhook-0");
    await applyAll(story, [{ ...someone, metadata: { name: "late", namespace: "plain-on" } }]);
    const late = JSON.parse(await story.kubectl("get", "pod", "late", "-n", "plain-on", "-o", "json")) as Pod;
    expect(names(late)).toEqual(["web"]);
    const { items } = JSON.parse(await story.kubectl("get", "spol", "tracing", "-o", "json").then((text) => `{"items":[${text}]}`)) as {
      items: unknown[];
    };
    const known = items.flatMap((item) => parseSidecarPolicy(item).policy ?? []);
    const c = podCase(late, { namespace: "plain-on", known: { sidecars: "wanted" }, role: "None", stage: "Stored" });
    const messages = demandsOn(c, known, "serin-system").flatMap(({ lacks }) => lacks.map(({ message }) => message));
    expect(messages).toContainEqual(expect.stringMatching(/^container tracer: the pod was made past Serin's webhook/));
  });
});

const podsOf = (selector: string, namespace = "default"): Promise<Pod[]> =>
  until(`pods ${selector}`, async () => {
    const { items } = JSON.parse(await story.kubectl("get", "pods", "-n", namespace, "-l", selector, "-o", "json")) as { items: Pod[] };
    const living = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return living.length > 0 && living;
  });

/** Without what each write gets anew. The name is a team's own from here on. */
function withoutServersOwn(pod: Pod): unknown {
  const {
    uid: _,
    creationTimestamp: __,
    managedFields: ___,
    resourceVersion: ____,
    generateName: _____,
    ...metadata
  } = pod.metadata as unknown as Record<string, unknown>;
  return { apiVersion: "v1", kind: "Pod", metadata, spec: pod.spec };
}

const canonical = (pod: unknown): string => ("refused" in (pod as object) ? JSON.stringify(pod) : ordered(withoutServersOwn(pod as Pod)));
const ordered = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === "object" && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

/** The API server leaves out "" and false. */
const withoutEmpty = (value: unknown): object =>
  JSON.parse(
    JSON.stringify(value, (key, member: unknown) =>
      key !== "" && Number.isNaN(Number(key)) && (member === "" || member === false) ? undefined : member,
    ),
  );

function fieldsOf({ properties = {}, items }: StructuralSchema): string[] {
  return [...Object.entries(properties).flatMap(([name, schema]) => [name, ...fieldsOf(schema)]), ...(items ? fieldsOf(items) : [])];
}
