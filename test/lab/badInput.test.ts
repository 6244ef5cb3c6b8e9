import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { envoyWeight } from "./envoyWeight.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, steps, successRate, tell } from "./story.ts";
import { shopDeployment, shopService } from "./storyShop.ts";
import { applyAll, house, settleTown, townLoad, townPolicy, townRoute } from "./storyTown.ts";
import { until } from "./until.ts";

const stable = "nginx:1.23.4";
const quick = steps([50, "1s"]);
const gate = [{ setWeight: 30 }, { pause: {} }, { setWeight: 60 }, { pause: {} }];
/** Applications that somebody takes away or empties while they serve: their requests have nowhere to go, by his own wish. */
const emptied = ["emptied.default", "deleted.default", "replaced.default", "doomed.doomed"];
/** Its canary pods are taken away by the garbage collector: the weight must follow. */
const taken = ["cascaded.default"];

describe("what people do to it", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    const policies = [
      townPolicy("plain", { steps: quick }),
      townPolicy("dying", { steps: quick, canary: { progressDeadline: "4s" } }),
      townPolicy("replicas", { steps: quick, traffic: { settle: "500ms", withoutRoute: "Replicas" } }),
      townPolicy("deny", { steps: quick, traffic: { settle: "500ms", withoutRoute: "Deny" } }),
      townPolicy("judged", { steps: quick, analysis: { metrics: [{ ...successRate(), consecutiveErrorLimit: 0 }] } }),
      townPolicy("gated", { steps: gate }),
      townPolicy("loaded", { steps: gate, traffic: { settle: "Auto" } }),
      townPolicy("mortal", { steps: gate, traffic: { settle: "Auto" } }),
    ];
    const houses = [
      ...["noservice", "judgednoservice"].flatMap((name) => house(name, { service: false })),
      ...["inmesh", "bycount", "denied", "heldgone", "late", "latemesh"].flatMap((name) => house(name, { route: false })),
      ...house("none", { replicas: 0 }),
      ...house("recreate", { deployment: { strategy: { type: "Recreate" } } }),
      ...[claim("alone", "ReadWriteOnce"), claim("shared", "ReadWriteMany")],
      ...["alone", "shared"].flatMap((name) =>
        house(name, { pod: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: name } }] } }),
      ),
      ...["crashing", "unready", "missing", "twice", "stopped", "grown", "emptied"].flatMap((name) => house(name)),
      twoContainers("pair"),
      shopService("pair"),
      townRoute("pair"),
      ...["deleted", "replaced", "unplanned", "cascaded", "unruled"].flatMap((name) => house(name)),
    ];
    await settleTown(story, policies, houses);
    await story.record();
  });
  afterAll(() => story?.stop());

  describe.concurrent("side by side", () => {
    describe("nothing to route by", () => {
      it("without a Service the canary's share is its share of the pods, and the plan says so", async () => {
        await story.setImage("noservice:2", "noservice");
        const plan = await story.ends("noservice:2");
        expect(plan.status).toMatchObject({
          phase: "Promoted",
          ways: [{ way: "none", by: "podCount", message: expect.stringContaining("no Service selects the Deployment's pods") }],
        });
        expect((await story.pods("noservice")).length).toBe(2);
      });

      it("without a Service a metric that asks for its name can't be measured: rolled back, and the reason says which name is missing", async () => {
        await story.setImage("judged/nginx:2", "judgednoservice");
        const plan = await story.ends("judged/nginx:2");
        expect(plan.status?.phase).toBe("RolledBack");
        expect(reasons(plan)).toContain("AnalysisError");
        expect(plan.status?.message).toMatch(/success-rate: .*args\.service/);
        expect(await story.image("judgednoservice")).toBe(stable);
      });

      it("without a VirtualService one of ours stands in for callers in the mesh, and goes again", async () => {
        await story.setImage("gated/inmesh:2", "inmesh");
        const plan = await atGate("gated/inmesh:2", 1);
        expect(plan.status?.routes).toMatchObject([{ kind: "MeshVirtualService", name: "inmesh-serin" }]);
        expect(await shares("inmesh-serin")).toEqual([70, 30]);
        expect((await story.get<Route>("virtualservice", "inmesh-serin")).spec).toMatchObject({ gateways: ["mesh"] });
        await promote(plan);
        expect((await story.ends("gated/inmesh:2")).status?.phase).toBe("Promoted");
        expect(await ours("inmesh")).toEqual([]);
      });

      it("withoutRoute Replicas: by the number of pods, no routing object is made", async () => {
        await story.setImage("replicas/nginx:2", "bycount");
        const plan = await story.ends("replicas/nginx:2");
        expect(plan.status).toMatchObject({
          phase: "Promoted",
          ways: [{ way: "service", by: "podCount", message: expect.stringContaining("no VirtualService routes to bycount") }],
        });
        expect(plan.status?.routes ?? []).toEqual([]);
      });

      it("withoutRoute Deny: held on stable at once, and the message says what is missing", async () => {
        await story.setImage("deny/nginx:2", "denied");
        const plan = await story.ends("deny/nginx:2");
        expect(plan.status?.phase).toBe("Held");
        expect(reasons(plan)).toEqual(["PlanCreated", "NoRoute", "Held"]);
        expect(plan.status?.message).toContain("give it a Service and a VirtualService, or set traffic.withoutRoute of the policy");
        expect((await story.type("kubectl", "rollout", "status", "deploy/denied", "--timeout=10s")).code).toBe(1);
        expect((await story.pods("denied")).every((pod) => pod.includes(plan.spec.stable.hash))).toBe(true);
        // A retry finds nothing to route by either; the command is the one that a refused resume gives.
        const refused = await story.type("kubectl", "rollout", "resume", "deploy/denied");
        const [, command = ""] = /to try again: (kubectl patch .*)$/m.exec(refused.stderr) ?? [];
        expect(await story.type("sh", "-c", command)).toMatchObject({ code: 0 });
        const plans = await until("the retry to end", async () => {
          const all = await plansOf("denied");
          return all.length === 2 && all.every(({ status }) => status?.phase === "Held") && all;
        });
        expect(plans.map(({ spec }) => spec.request?.fieldManager).sort()).toEqual(["control.retry", "kubectl-set"]);
        await story.setImage(stable, "denied");
        await until("nobody holds it", async () => (await story.get<Stored>("deploy", "denied")).spec.paused === undefined, 30);
      });

      it("a VirtualService that appears in the middle joins the split and is given back as it was", async () => {
        await story.setImage("gated/late:2", "late");
        await atGate("gated/late:2", 1);
        await applyAll(story, [townRoute("late")]);
        await until("the new route carries the split", async () => (await shares("late")).join() === "70,30", 30);
        const plan = await story.plan("gated/late:2");
        await until("Envoy splits it", async () => (await envoyWeight(plan.spec.canary.hash)) === 30, 30);
        await promote(plan);
        expect((await story.ends("gated/late:2")).status?.phase).toBe("Promoted");
        expect((await story.get<Route>("virtualservice", "late")).spec).toEqual((townRoute("late") as Route).spec);
        expect(await ours("late")).toEqual([]);
      });

      it("held, and then deleted: nothing keeps the pods or their ReplicaSet", async () => {
        await story.setImage("deny/nginx:3", "heldgone");
        expect((await story.ends("deny/nginx:3")).status?.phase).toBe("Held");
        await story.kubectl("delete", "deploy", "heldgone");
        await until("no pod and no ReplicaSet is left", async () => (await left("heldgone")) === "", 30);
      });

      it("one that appears for the mesh is split beside ours, which callers in the mesh see until the end", async () => {
        const route = {
          ...(townRoute("latemesh") as Route),
          spec: { hosts: ["latemesh"], http: (townRoute("latemesh") as Route).spec.http },
        };
        await story.setImage("gated/latemesh:2", "latemesh");
        const plan = await atGate("gated/latemesh:2", 1);
        expect(await shares("latemesh-serin")).toEqual([70, 30]);
        await applyAll(story, [route]);
        await until("the new route carries the split", async () => (await shares("latemesh")).join() === "70,30", 30);
        await control(plan, { abort: {} });
        expect((await story.ends("gated/latemesh:2")).status?.phase).toBe("RolledBack");
        expect((await story.get<Route>("virtualservice", "latemesh")).spec).toEqual(route.spec);
        expect(await ours("latemesh")).toEqual([]);
      });
    });

    describe("nothing to compare", () => {
      it("0 replicas: rolls out as usual, with a warning, and is on record as Bypassed", async () => {
        const typed = await story.type("kubectl", "set", "image", "deploy/none", "nginx=none:2");
        expect(typed).toMatchObject({ code: 0, stderr: expect.stringContaining("no canary: spec.replicas is 0; rolls out as usual") });
        const plan = await story.ends("none:2");
        expect(plan.status).toMatchObject({
          phase: "Bypassed",
          reason: "BypassNoStable",
          message: expect.stringContaining("spec.replicas is 0"),
        });
        expect((await story.rolloutStatus("none")).code).toBe(0);
        await story.kubectl("scale", "deploy/none", "--replicas=2");
        expect((await story.rolloutStatus("none")).code).toBe(0);
        expect(await story.image("none")).toBe("none:2");
      });

      it("strategy Recreate: rolls out as usual, with a warning, and is on record as Bypassed", async () => {
        const typed = await story.type("kubectl", "set", "image", "deploy/recreate", "nginx=recreate:2");
        expect(typed.stderr).toContain("no canary: strategy Recreate never runs two versions at once; rolls out as usual");
        expect((await story.rolloutStatus("recreate")).code).toBe(0);
        const plan = await story.ends("recreate:2");
        expect(plan.status).toMatchObject({
          phase: "Bypassed",
          reason: "BypassRecreate",
          message: expect.stringContaining("strategy Recreate"),
        });
        expect((await story.pods("recreate")).length).toBe(2);
      });

      it("a ReadWriteOnce claim can't serve two versions and a ReadWriteMany one can: bypassed with the claim's name, and a canary", async () => {
        const typed = await story.type("kubectl", "set", "image", "deploy/alone", "nginx=alone:2");
        expect(typed.stderr).toContain("no canary: two versions would share claim alone; rolls out as usual (policy: allowTwoVersions)");
        expect((await story.ends("alone:2")).status).toMatchObject({ phase: "Bypassed", reason: "BypassVolume" });
        await story.setImage("shared:2", "shared");
        expect((await story.ends("shared:2")).status?.phase).toBe("Promoted");
      });
    });

    describe("canary pods that never serve", () => {
      it.each([
        { how: "crash", name: "crashing", says: /crashing-\w+-\w+ CrashLoopBackOff \(\d+ restarts?\)/ },
        { how: "unready", name: "unready", says: /unready-\w+-\w+ not ready/ },
        { how: "notfound", name: "missing", says: /missing-\w+-\w+ (ErrImagePull|ImagePullBackOff)/ },
      ])("$name: rolled back at progressDeadline, and the message names the pod's state", async ({ how, name, says }) => {
        const image = `dying/${name}:2-${how}`;
        await story.setImage(image, name);
        const status = story.rolloutStatus(name);
        const plan = await story.ends(image);
        expect(plan.status?.phase).toBe("RolledBack");
        expect(reasons(plan)).toContain("ProgressDeadlineExceeded");
        expect(plan.status?.message).toContain("0 of 1 canary pods ready");
        expect(plan.status?.message).toMatch(says);
        expect(plan.status?.message).toContain("after 4s (progressDeadline)");
        expect((await status).code).toBe(1);
        expect(await story.image(name)).toBe(stable);
      });
    });

    it("canary pods that a quota forbids: rolled back at progressDeadline, and the message says so", async () => {
      const inPoor = (...args: string[]) => story.kubectl("-n", "poor", ...args);
      await story.kubectl("create", "namespace", "poor");
      await inPoor("create", "quota", "two", "--hard=pods=2");
      await inPoor("apply", "-f", await manifest([shopDeployment({ name: "poor", replicas: 2 }), shopService("poor")]));
      await inPoor("rollout", "status", "deploy/poor", "--timeout=60s");
      await inPoor("set", "image", "deploy/poor", "nginx=dying/poor:2");
      const message = await until("the plan in poor to end", async () => {
        const [plan] = (JSON.parse(await inPoor("get", "plan", "-o", "json")) as { items: CanaryPlan[] }).items;
        return plan?.status?.phase === "RolledBack" && plan.status.message;
      });
      expect(message).toMatch(/0 of 1 canary pods ready: 0 of 1 made \(.*exceeded quota: two.*\) after 4s \(progressDeadline\)/);
    });

    describe("several things at once", () => {
      it("two edits within a second: each request is accounted for, and the last image gets the canary", async () => {
        await story.setImage("gated/twice:2", "twice");
        await story.setImage("gated/twice:3", "twice");
        const last = await atGate("gated/twice:3", 1);
        const first = (await plansOf("twice")).find(({ spec }) => spec.canary.images.includes("gated/twice:2"));
        if (first) expect(first.status?.phase).toBe("Superseded");
        else expect(last.spec.overwritten).toHaveLength(1);
        await promote(last);
        expect((await story.ends("gated/twice:3")).status?.phase).toBe("Promoted");
        expect(accounted(await plansOf("twice"))).toHaveLength(2);
        expect(await story.image("twice")).toBe("gated/twice:3");
      });

      it("image and replicas at once: stable has the replicas now, the image becomes a canary of that size", async () => {
        const container = { name: "nginx", image: "gated/grown:2" };
        await story.kubectl(
          ...["patch", "deploy", "grown", "-p", JSON.stringify({ spec: { replicas: 5, template: { spec: { containers: [container] } } } })],
        );
        const plan = await atGate("gated/grown:2", 1);
        await until("stable has 5 pods", async () => (await revisionPods("grown", plan.spec.stable.hash)).length === 5, 30);
        expect((await revisionPods("grown", plan.spec.canary.hash)).length).toBe(2);
        await promote(plan);
        expect((await story.ends("gated/grown:2")).status?.phase).toBe("Promoted");
        expect((await revisionPods("grown", plan.spec.canary.hash)).length).toBe(5);
      });

      it("several containers, of which one changes", async () => {
        await story.kubectl("set", "image", "deploy/pair", "helper=gated/helper:2");
        const plan = await atGate("gated/helper:2", 1);
        expect(plan.spec).toMatchObject({ stable: { images: [stable, "helper:1"] }, canary: { images: [stable, "gated/helper:2"] } });
        await promote(plan);
        expect((await story.ends("gated/helper:2")).status?.phase).toBe("Promoted");
        const images = await story.kubectl("get", "deploy", "pair", "-o", "jsonpath={.spec.template.spec.containers[*].image}");
        expect(images).toBe(`${stable} gated/helper:2`);
      });

      it("scaled to 0 in the middle: cancelled", async () => {
        await story.setImage("gated/emptied:2", "emptied");
        await atGate("gated/emptied:2", 1);
        await story.kubectl("scale", "deploy/emptied", "--replicas=0");
        const plan = await story.ends("gated/emptied:2");
        expect(plan.status?.phase).toBe("Cancelled");
        expect(reasons(plan)).toContain("DeploymentScaledToZero");
        expect((await story.rolloutStatus("emptied")).code).toBe(0);
        expect(await story.pods("emptied")).toEqual([]);
        await story.kubectl("scale", "deploy/emptied", "--replicas=2");
        expect((await story.rolloutStatus("emptied")).code).toBe(0);
        expect((await revisionPods("emptied", plan.spec.stable.hash)).length).toBe(2);
      });
    });

    describe("taken away in the middle, under load", () => {
      it("the plan: back to stable, nothing is lost", async () => {
        const load = await townLoad(story, "unplanned");
        await story.setImage("loaded/unplanned:2", "unplanned");
        const { metadata } = await atGate("loaded/unplanned:2", 1);
        await story.kubectl("delete", "plan", metadata.name);
        expect((await story.rolloutStatus("unplanned")).code).toBe(0);
        expect((await load.stop()).failures).toEqual([]);
        expect(await plansOf("unplanned")).toEqual([]);
        await isBack("unplanned");
      });

      it("the plan with all that it owns, in the foreground: stable serves before the canary's pods go", async () => {
        const load = await townLoad(story, "cascaded");
        await story.setImage("loaded/cascaded:2", "cascaded");
        const { metadata } = await atGate("loaded/cascaded:2", 1);
        await story.kubectl("delete", "plan", metadata.name, "--cascade=foreground");
        expect((await story.rolloutStatus("cascaded")).code).toBe(0);
        expect((await load.stop()).failures).toEqual([]);
        await isBack("cascaded");
      });

      it("the whole namespace: nothing of ours keeps it", async () => {
        await story.kubectl("create", "namespace", "doomed");
        await story.kubectl(
          "apply",
          "-n",
          "doomed",
          "-f",
          await manifest([shopDeployment({ name: "doomed", replicas: 2 }), shopService("doomed")]),
        );
        await story.kubectl("-n", "doomed", "rollout", "status", "deploy/doomed");
        await story.kubectl("-n", "doomed", "set", "image", "deploy/doomed", "nginx=gated/doomed:2");
        const paused = () => story.kubectl("-n", "doomed", "wait", "--for=condition=Paused", "plan", "--all", "--timeout=60s");
        await until("the plan in doomed to stand at its gate", async () => (await paused()).includes("condition met"), 60);
        expect(await story.type("kubectl", "delete", "namespace", "doomed", "--timeout=60s")).toMatchObject({ code: 0 });
      });

      it("the policy: cancelled, back to stable, nothing is lost", async () => {
        const load = await townLoad(story, "unruled");
        await story.setImage("mortal/unruled:2", "unruled");
        await atGate("mortal/unruled:2", 1);
        await story.kubectl("delete", "canarypolicy", "mortal");
        const plan = await story.ends("mortal/unruled:2");
        expect((await load.stop()).failures).toEqual([]);
        expect(plan.status?.phase).toBe("Cancelled");
        expect(plan.status?.message).toContain("policy mortal was deleted");
        expect((await story.rolloutStatus("unruled")).code).toBe(0);
        await isBack("unruled");
      });

      it("the Deployment: the plan ends, the route is the team's again, nothing of ours is left", async () => {
        const load = await townLoad(story, "deleted");
        await story.setImage("loaded/deleted:2", "deleted");
        await atGate("loaded/deleted:2", 1);
        await story.kubectl("delete", "deploy", "deleted");
        const plan = await story.ends("loaded/deleted:2");
        await load.stop();
        expect(plan.status?.phase).toBe("Cancelled");
        expect(reasons(plan)).toContain("DeploymentDeleted");
        expect((await story.get<Route>("virtualservice", "deleted")).spec).toEqual((townRoute("deleted") as Route).spec);
        expect(await ours("deleted")).toEqual([]);
        await until("no pod and no ReplicaSet is left", async () => (await left("deleted")) === "", 30);
      });

      it("the Deployment, and made anew under its name: that one is nobody's plan, and gets its own canary", async () => {
        await story.setImage("gated/replaced:2", "replaced");
        await atGate("gated/replaced:2", 1);
        await story.kubectl("delete", "deploy", "replaced");
        await applyAll(story, [shopDeployment({ name: "replaced", replicas: 2 })]);
        expect((await story.ends("gated/replaced:2")).status?.phase).toBe("Cancelled");
        expect((await story.rolloutStatus("replaced")).code).toBe(0);
        await isBack("replaced");
        await until("only the new ReplicaSet is left", async () => (await left("replaced")).trim().split("\n").length === 3, 30);
        await story.setImage("replaced:3", "replaced");
        expect((await story.ends("replaced:3")).status?.phase).toBe("Promoted");
      });
    });
  });

  describe("in the end", () => {
    it("two edits while no worker lives: one plan, and it remembers the request that was overwritten", async () => {
      // Killed and not stopped: a worker that comes back to its watch sees the first edit too, and makes it a plan that is superseded at once.
      const workers = ["serin-worker-0", "serin-worker-1"];
      for (const worker of workers) await story.lab.processes.kill(worker);
      await story.setImage("stopped:2", "stopped");
      await story.setImage("stopped:3", "stopped");
      for (const worker of workers) await story.lab.processes.restart(worker);
      expect((await story.ends("stopped:3")).status?.phase).toBe("Promoted");
      const plans = await plansOf("stopped");
      expect(plans.map(({ spec }) => spec.overwritten?.map(({ fieldManager }) => fieldManager))).toEqual([["kubectl-set"]]);
      expect(accounted(plans)).toHaveLength(2);
    });

    it("no finalizer, no hold and no routing object of ours is left anywhere, and the invariants held", async () => {
      const objects = JSON.parse(await story.kubectl("get", "deploy,rs,pods,plan,vs,destinationrules", "-o", "json")) as {
        items: Stored[];
      };
      const marked = objects.items.filter(
        ({ metadata, spec }) => (metadata.finalizers ?? []).some((each) => each.startsWith("serin.dev/")) || spec.paused === true,
      );
      expect(marked.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
      expect(objects.items.filter(({ metadata }) => metadata.name.endsWith("-serin")).map(({ metadata }) => metadata.name)).toEqual([]);
      const events = await story.stopRecording();
      const about = (names: string[]) => (line: string) => /^I[123] /.test(line) && names.some((name) => line.includes(` ${name}.svc`));
      expect(checkInvariants(events).filter((line) => !about([...emptied, ...taken])(line))).toEqual([]);
      expect(checkInvariants(events, { toleranceMs: 500 }).filter(about(taken))).toEqual([]);
      expect(checkRoutesRestored(events)).toEqual([]);
    });
  });

  const atGate = (image: string, step: number): Promise<CanaryPlan> =>
    story.planWhen(
      image,
      `at the gate of step ${step}`,
      ({ status }) => status?.reason === "PausedForApproval" && status.step?.index === step,
    );

  async function control({ metadata }: CanaryPlan, wanted: unknown): Promise<void> {
    await story.kubectl("patch", "plan", metadata.name, "--type=merge", "-p", JSON.stringify({ spec: { control: wanted } }));
  }

  const promote = (plan: CanaryPlan): Promise<void> => control(plan, { promote: { full: true } });

  const plansOf = async (name: string): Promise<CanaryPlan[]> => (await story.plans()).filter(({ spec }) => spec.deployment.name === name);

  async function revisionPods(name: string, hash: string): Promise<string[]> {
    return (await story.pods(name)).filter((pod) => pod.includes(hash));
  }

  /** The weights of a route's destinations, as they are stored; one without a weight is left out. */
  async function shares(virtualService: string): Promise<number[]> {
    const { spec } = await story.get<Route>("virtualservice", virtualService);
    return spec.http[0]?.route.flatMap(({ weight }) => weight ?? []) ?? [];
  }

  /** Routing objects of ours for this application. */
  async function ours(name: string): Promise<string[]> {
    const names = await story.kubectl("get", "virtualservices,destinationrules", "-o", "name");
    return names.split("\n").filter((line) => line.endsWith(`/${name}-serin`));
  }

  async function manifest(objects: unknown[]): Promise<string> {
    const file = join(story.lab.dir, `${randomUUID()}.yaml`);
    await writeFile(file, objects.map((object) => stringify(object)).join("---\n"));
    return file;
  }

  /** ReplicaSets and pods, by name. */
  const left = (name: string): Promise<string> => story.kubectl("get", "rs,pods", "-l", `app=${name}`, "-o", "name");

  /** The route is the team's, stable serves alone, nobody holds the Deployment. */
  async function isBack(name: string): Promise<void> {
    expect((await story.get<Route>("virtualservice", name)).spec).toEqual((townRoute(name) as Route).spec);
    expect(await ours(name)).toEqual([]);
    expect(await story.image(name)).toBe(stable);
    const { metadata, spec } = await story.get<Stored>("deploy", name);
    expect(spec.paused).toBeUndefined();
    expect(Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith("serin.dev/"))).toEqual([]);
    expect((await story.pods(name)).length).toBe(2);
  }
});

interface Stored {
  kind: string;
  metadata: { name: string; finalizers?: string[]; annotations?: Record<string, string> };
  spec: { paused?: boolean };
}

interface Route {
  spec: { hosts: string[]; gateways?: string[]; http: Array<{ route: Array<{ weight?: number }> }> };
}

const reasons = (plan: CanaryPlan): string[] => (plan.status?.journal ?? []).map(({ reason }) => reason);

/** uids of all requests that these plans answer or remember; twice the same is a failure. */
function accounted(plans: CanaryPlan[]): string[] {
  const uids = plans.flatMap(({ spec }) => [spec.request?.uid ?? "none", ...(spec.overwritten ?? []).map(({ uid }) => uid)]);
  expect(new Set(uids).size).toBe(uids.length);
  return uids;
}

function twoContainers(name: string): unknown {
  const deployment = shopDeployment({ name, replicas: 2 }) as { spec: { template: { spec: { containers: unknown[] } } } };
  deployment.spec.template.spec.containers.push({ name: "helper", image: "helper:1" });
  return deployment;
}

/** Nobody binds it here, and nobody mounts it. */
const claim = (name: string, mode: string): unknown => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name },
  spec: { accessModes: [mode], resources: { requests: { storage: "1Gi" } } },
});
