import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHECKOUT } from "./labEnvironment.ts";
import { type Story, type Typed, tell } from "./story.ts";
import { until } from "./until.ts";

const namespace = "serin-system";
const components = ["certs", "webhook", "worker"] as const;

/** Everything that `kubectl apply -k manifests/` installs, on a cluster that knows nothing of Serin. Its pods are stand-ins: what is looked at is what kube-apiserver says. */
describe("installing from the manifests", () => {
  let story: Story;
  let applied: Typed;
  beforeAll(async () => {
    story = await tell({ without: ["serin", "istio", "prometheus"] });
    applied = await story.type("kubectl", "apply", "-k", join(CHECKOUT, "manifests"));
  });
  afterAll(() => story?.stop());

  it("one command applies all of it, and kube-apiserver warns of nothing", () => {
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    expect(applied.stdout.match(/ created$/gm)?.length).toBe(applied.stdout.trim().split("\n").length);
  });

  it("the namespace enforces PodSecurity restricted, and every pod of the three Deployments is made", async () => {
    const plain = await story.type("kubectl", "run", "plain", "-n", namespace, "--image=plain:1");
    expect(plain).toMatchObject({ code: 1, stderr: expect.stringContaining('violates PodSecurity "restricted:latest"') });
    const pods = await until("five pods", async () => {
      const { items } = JSON.parse(await story.kubectl("get", "pods", "-n", namespace, "-o", "json")) as { items: Pod[] };
      return items.length === 5 && items;
    });
    const made = pods.map(({ metadata, spec }) => [metadata.labels["app.kubernetes.io/component"], spec.serviceAccountName, spec.priority]);
    const expected = ["certs", "webhook", "webhook", "worker", "worker"].map((name) => [name, `serin-${name}`, 1_000_000_000]);
    expect(made.sort()).toEqual(expected);
    const refused = await story.kubectl("get", "events", "-n", namespace, "--field-selector", "reason=FailedCreate", "-o", "name");
    expect(refused).toBe("");
  });

  it("the budgets are for the pods that they are meant for", async () => {
    const counted = () =>
      story.kubectl("get", "pdb", "-n", namespace, "-o", "jsonpath={range .items[*]}{.metadata.name}={.status.expectedPods} {end}");
    await until("the budgets to have counted", async () => (await counted()).trim() === "serin-webhook=2 serin-worker=2");
  });

  it("applied again it restarts nothing", async () => {
    const generations = () =>
      story.kubectl("get", "deployments", "-n", namespace, "-o", "jsonpath={range .items[*]}{.metadata.name}={.metadata.generation} {end}");
    const before = await generations();
    expect(await story.type("kubectl", "apply", "-k", join(CHECKOUT, "manifests"))).toMatchObject({ code: 0, stderr: "" });
    expect(await generations()).toBe(before);
  });

  it("with the overlay enforce, a namespace that is made from then on enforces, unless it says otherwise itself", async () => {
    await story.kubectl("apply", "-k", join(CHECKOUT, "manifests", "overlays", "enforce"));
    const enforces = async (name: string, labels: Record<string, string> = {}) => {
      const made = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
      await story.lab.apply(JSON.stringify(made));
      return story.kubectl("get", "namespace", name, "-o", "jsonpath={.metadata.labels.serin\\.dev/enforce}");
    };
    let count = 0;
    await until("the policy to be in force", async () => (await enforces(`fresh-${count++}`)) === "true", 60);
    expect(await enforces("free", { "serin.dev/enforce": "false" })).toBe("false");
  });

  describe("with the token of a ServiceAccount", () => {
    const tokens = new Map<string, string>();
    beforeAll(async () => {
      for (const name of components) tokens.set(name, (await story.kubectl("create", "token", `serin-${name}`, "-n", namespace)).trim());
      await story.kubectl("create", "deployment", "unrelated", "--image=unrelated:1");
      await story.kubectl("create", "secret", "generic", "unrelated", "--from-literal=password=open");
      for (const name of ["serin-intent-keys", "serin-webhook-ca", "other"])
        await story.kubectl("create", "secret", "generic", name, "-n", namespace, "--from-literal=key=value");
    });
    const typed = (name: (typeof components)[number], command: string) =>
      story.type("kubectl", `--token=${tokens.get(name)}`, ...command.split(" "));

    it.each(components)("%s may do exactly what is written down", async (name) => {
      const lists = await Promise.all([namespace, "default"].map((where) => typed(name, `auth can-i --list --no-headers -n ${where}`)));
      const [atHome = [], elsewhere = []] = lists.map(({ stdout }) => rowsOf(stdout));
      const text = [...elsewhere, "", `and in ${namespace}:`, ...atHome.filter((row) => !elsewhere.includes(row)), ""].join("\n");
      await expect(text).toMatchFileSnapshot(`rights/${name}.txt`);
    });

    const forbidden = { code: 1, stderr: expect.stringContaining("forbidden") };
    it.each([
      "get secret unrelated",
      "get secrets -A",
      `get secret serin-webhook-ca -n ${namespace}`,
      `get secret other -n ${namespace}`,
      `get secrets -n ${namespace}`,
      "run thief --image=thief:1",
      "exec deploy/unrelated -- env",
      "create deployment thief --image=thief:1",
      "delete deployment unrelated",
      "scale deployment unrelated --replicas=0",
      "create token default",
      "create clusterrolebinding thief --clusterrole=cluster-admin --user=thief",
      "label namespace default serin.dev/enforce=false",
      "delete mutatingadmissionpolicybinding hold.serin.dev",
      "delete mutatingwebhookconfiguration canary-serin",
      "get nodes",
    ])("a stolen token of the worker can't: kubectl %s", async (command) => {
      expect(await typed("worker", command)).toMatchObject(forbidden);
    });

    /* Its work is to change Deployments, routes and ReplicaSets that policies name, and RBAC knows no policies: in all namespaces, then. */
    it.each([`get secret serin-intent-keys -n ${namespace}`, "set image deployment/unrelated *=other:2 --dry-run=server", "get pods -A"])(
      "but it can, as its work asks for it: kubectl %s",
      async (command) => {
        expect(await typed("worker", command)).toMatchObject({ code: 0 });
      },
    );

    it("nor does it change a Deployment, or get a pod made, in a namespace of the cluster itself", async () => {
      const thief = ["set", "image", "deployment/serin-webhook", "*=thief:1", "-n", namespace, "--dry-run=server"].join(" ");
      const refused = { code: 1, stderr: expect.stringContaining("the worker has no business in a namespace of the cluster itself") };
      await until("the policy to be in force", async () => (await typed("worker", thief)).code === 1, 60);
      expect(await typed("worker", thief)).toMatchObject(refused);
      const set = join(story.lab.dir, "set.json");
      const labels = { app: "thief" };
      await writeFile(
        set,
        JSON.stringify({
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          metadata: { name: "thief", namespace: "kube-system" },
          spec: {
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { containers: [{ name: "a", image: "a:1" }] } },
          },
        }),
      );
      expect(await typed("worker", `create --validate=false -f ${set}`)).toMatchObject(refused);
    });

    it.each([
      "label clusterrole serin-worker rbac.authorization.k8s.io/aggregate-to-admin=true",
      `patch clusterrolebinding serin-worker --type=merge -p {"subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"thieves"}]}`,
      `annotate serviceaccount serin-worker -n ${namespace} cloud.example/role=admin`,
      `patch serviceaccount serin-worker -n ${namespace} --type=merge -p {"metadata":{"finalizers":["serin.dev/worker","thief.example/stays"]}}`,
    ])("of what it stands on, it changes its finalizer and nothing else: kubectl %s", async (command) => {
      const refused = { code: 1, stderr: expect.stringContaining("of its own rights the worker changes its finalizer, and nothing else") };
      expect(await typed("worker", command)).toMatchObject(refused);
    });

    it("which it puts there when it starts, and takes off when Serin is uninstalled", async () => {
      for (const kind of ["clusterrole", "clusterrolebinding", "serviceaccount"]) {
        const patch = `patch ${kind} serin-worker -n ${namespace} --type=merge --dry-run=server -p`;
        for (const finalizers of ['["serin.dev/worker"]', "[]"])
          expect(await typed("worker", `${patch} {"metadata":{"finalizers":${finalizers}}}`)).toMatchObject({ code: 0 });
      }
    });

    it.each([
      "set image deployment/unrelated *=other:2",
      `get secret other -n ${namespace}`,
      "get pods",
      "get deployments",
      `patch lease serin-worker -n ${namespace} --type=merge -p {}`,
    ])("a stolen token of the webhook can't: kubectl %s", async (command) => {
      expect(await typed("webhook", command)).toMatchObject(forbidden);
    });

    it.each([
      "get secret unrelated",
      `get secret other -n ${namespace}`,
      `get secrets -n ${namespace}`,
      "get deployments",
      "get canaryplans",
      "delete mutatingwebhookconfiguration canary-serin",
      "get mutatingwebhookconfigurations",
    ])("a stolen token of certs can't: kubectl %s", async (command) => {
      expect(await typed("certs", command)).toMatchObject(forbidden);
    });
  });
});

interface Pod {
  metadata: { labels: Record<string, string> };
  spec: { serviceAccountName: string; priority: number };
}

/** Without what kube-apiserver lets everybody do: ask about himself, and look at its own health and kinds. */
const rowsOf = (table: string): string[] =>
  table
    .split("\n")
    .map((row) => row.trim().replaceAll(/ {2,}/g, "  "))
    .filter((row) => row !== "" && !row.startsWith("[/") && !/^selfsubject/.test(row))
    .sort();
