import { expect } from "vitest";
import type { CanaryPlan } from "../../../src/api/plan.ts";
import { until } from "../until.ts";
import type { Scene, Setting } from "./scene.ts";

/** What an example promises, seen in a namespace where it holds. */
export interface ExampleStory extends Setting {
  promises: string;
  play(scene: Scene): Promise<void>;
}

const reasons = (plan: CanaryPlan): string[] => plan.status?.journal?.map(({ reason }) => reason) ?? [];

/** By file of manifests/examples, for canaries; those of pods are in `sidecarStories.ts`. */
export const stories: Readonly<Record<string, ExampleStory>> = {
  "builtins.yaml": {
    promises: "a release that fails half of its requests is rolled back by comparison with the stable pods, without a query",
    houses: [{ name: "compared" }],
    async play(scene) {
      await scene.calls("compared", 60);
      await scene.setImage("nginx:2-errors50", "compared");
      const plan = await scene.ends("nginx:2-errors50");
      expect(plan.status?.phase).toBe("RolledBack");
      expect(plan.status?.message).toMatch(/^errors: failed \(1\) > failureLimit \(0\)/);
    },
  },

  "metric-template.yaml": {
    promises: "a metric of a template rolls back, with the arguments of this policy, and the strict one is only tried out",
    houses: [{ name: "templated" }],
    async play(scene) {
      await scene.calls("templated", 40);
      await scene.setImage("nginx:2-errors50", "templated");
      const plan = await scene.ends("nginx:2-errors50");
      expect(plan.status?.phase).toBe("RolledBack");
      expect(plan.status?.message).toMatch(/^success: failed \(2\) > failureLimit \(1\); result\[0\] >= 0.95 is false/);
      expect(plan.status?.metrics?.filter(({ dryRun }) => dryRun)).toMatchObject([{ name: "strict" }]);
    },
  },

  "approval.yaml": {
    promises: "the plan waits at 10 % until a person approves",
    houses: [{ name: "gated" }],
    async play(scene) {
      await scene.calls("gated", 60);
      await scene.setImage("nginx:2", "gated");
      const plan = await scene.planWhen("nginx:2", "at the gate", ({ status }) => status?.reason === "PausedForApproval");
      expect(plan.status?.weight?.desired).toBe(10);
      expect(await scene.type("kubectl", "rollout", "resume", "deploy/gated")).toMatchObject({ code: 0 });
      const ended = await scene.ends("nginx:2");
      expect(ended.status).toMatchObject({ phase: "Promoted", approvals: [{ step: 1 }] });
    },
  },

  "own-query.yaml": {
    promises: "a good release is promoted with the numbers of its own query, and the one that is tried out has been measured",
    houses: [{ name: "asked" }],
    async play(scene) {
      await scene.calls("asked", 40);
      await scene.setImage("nginx:2", "asked");
      const { status } = await scene.ends("nginx:2");
      expect(status?.phase).toBe("Promoted");
      const [success, slower] = ["canary-success", "no-slower"].map((name) => status?.metrics?.find((metric) => metric.name === name));
      expect(success).toMatchObject({ phase: "Successful", failed: 0 });
      expect(success?.successful).toBeGreaterThan(1);
      expect(slower).toMatchObject({ dryRun: true });
    },
  },

  "step-analysis.yaml": {
    promises: "a step of the plan is a measurement, and the next one begins when it has passed three times",
    houses: [{ name: "stepped" }],
    async play(scene) {
      await scene.calls("stepped", 40);
      await scene.setImage("nginx:2", "stepped");
      const { status } = await scene.ends("nginx:2");
      expect(status?.phase).toBe("Promoted");
      expect(status?.metrics?.find(({ name }) => name === "success-rate")).toMatchObject({ step: 1, successful: 3, phase: "Successful" });
      expect(status?.metrics?.find(({ name }) => name === "errors")).toMatchObject({ step: 3, phase: "Successful" });
    },
  },

  "no-data.yaml": {
    promises: "a canary that nobody calls is taken back when its time without data is over",
    houses: [{ name: "uncalled" }],
    async play(scene) {
      await scene.setImage("nginx:2", "uncalled");
      const plan = await scene.ends("nginx:2");
      expect(plan.status?.phase).toBe("RolledBack");
      expect(reasons(plan)).toContain("NoData");
    },
  },

  "hold.yaml": {
    promises: "after a failure the Deployment keeps what Git wants, held, and the stable pods serve",
    houses: [{ name: "kept" }],
    async play(scene) {
      await scene.setImage("nginx:2-crash", "kept");
      expect((await scene.ends("nginx:2-crash")).status?.phase).toBe("Held");
      const { spec, status } = await scene.get<Held>("deploy", "kept");
      expect([spec.paused, spec.template.spec.containers[0]?.image, status.availableReplicas]).toEqual([true, "nginx:2-crash", 2]);
    },
  },

  "way-back.yaml": {
    promises: "the version before comes back without the steps, and what failed is refused when it is asked for again",
    houses: [{ name: "returned" }],
    async play(scene) {
      await scene.calls("returned", 40);
      await scene.setImage("nginx:2", "returned");
      expect((await scene.ends("nginx:2")).status?.phase).toBe("Promoted");
      await scene.setImage("nginx:1.23.4", "returned");
      const back = await scene.ends("nginx:1.23.4");
      expect(back.status?.phase).toBe("Promoted");
      expect(reasons(back)).toContain("WithinRollbackWindow");
      await scene.setImage("nginx:3-crash", "returned");
      expect((await scene.ends("nginx:3-crash")).status?.phase).toBe("RolledBack");
      const again = await scene.type("kubectl", "set", "image", "deploy/returned", "nginx=nginx:3-crash");
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("denied the request") });
    },
  },

  "precedence.yaml": {
    promises: "the policy of the higher priority is for what is labelled, the other one for the rest",
    houses: [{ name: "vital", labels: { tier: "critical" } }, { name: "usual" }],
    async play(scene) {
      for (const name of ["vital", "usual"]) await scene.setImage(`${name}:2`, name);
      expect((await scene.plan("vital:2")).spec.policy?.name).toBe("critical");
      expect((await scene.plan("usual:2")).spec.policy?.name).toBe("everything");
      const told = await scene.type("kubectl", "serin", "explain", "deploy/vital");
      expect(told.stdout).toContain("critical (priority 100)");
    },
  },

  "images.yaml": {
    promises: "a new image of the team is a canary, one of the log shipper beside it rolls out as usual",
    houses: [
      {
        name: "mixed",
        image: "registry.example/shop/web:1",
        pod: { initContainers: [{ name: "agent", image: "agent:1", restartPolicy: "Always" }] },
      },
    ],
    async play(scene) {
      await scene.kubectl("set", "image", "deploy/mixed", "agent=agent:2");
      await scene.kubectl("rollout", "status", "deploy/mixed", "--timeout=60s");
      expect(await scene.plansOf("mixed")).toEqual([]);
      await scene.setImage("registry.example/shop/web:2", "mixed");
      expect((await scene.plan("registry.example/shop/web:2")).spec.policy?.name).toBe("images");
    },
  },

  "any-change.yaml": {
    promises: "a changed variable is a canary, too",
    labels: { stage: "production" },
    houses: [{ name: "changed" }],
    async play(scene) {
      await scene.kubectl("set", "env", "deploy/changed", "MODE=new");
      const [plan] = await until("a plan", async () => {
        const plans = await scene.plansOf("changed");
        return plans.length > 0 && plans;
      });
      expect(plan?.spec.policy?.name).toBe("any-change");
    },
  },

  "no-way-around.yaml": {
    promises: "the annotation that opts out is ignored, and the user is told",
    labels: { stage: "production" },
    houses: [{ name: "stubborn", annotations: { "serin.dev/canary": "off" } }],
    async play(scene) {
      const asked = await scene.type("kubectl", "set", "image", "deploy/stubborn", "nginx=nginx:2");
      expect(asked.stderr).toContain('policy no-way-around says optOut: Forbid: annotation serin.dev/canary: "off" is ignored');
      expect((await scene.plan("nginx:2")).spec.policy?.name).toBe("no-way-around");
    },
  },

  "opt-out.yaml": {
    promises: "the Deployment that opts out rolls out as usual, and that is on record",
    async play(scene) {
      await scene.kubectl("rollout", "status", "deploy/batch", "--timeout=60s");
      await scene.kubectl("set", "image", "deploy/batch", "batch=registry.example/batch:1.1");
      await scene.kubectl("rollout", "status", "deploy/batch", "--timeout=60s");
      const plan = await scene.ends("registry.example/batch:1.1");
      expect(plan.status).toMatchObject({ phase: "Bypassed", message: expect.stringContaining('serin.dev/canary is "off"') });
    },
  },

  "without-mesh.yaml": {
    promises: "one pod of the canary beside four is 20 %, and no routing object is made",
    houses: [{ name: "meshless", replicas: 4, route: false }],
    async play(scene) {
      await scene.setImage("nginx:2", "meshless");
      const { spec } = await scene.planWhen("nginx:2", "at 20 %", ({ status }) => status?.weight?.desired === 20);
      const hashes = async () =>
        (await scene.podsOf<{ metadata: { labels: Record<string, string> } }>("meshless")).map(
          ({ metadata }) => metadata.labels["pod-template-hash"],
        );
      await until("one pod of five", async () => (await hashes()).filter((hash) => hash === spec.canary.hash).length === 1);
      expect(await scene.kubectl("get", "virtualservices,destinationrules", "-o", "name")).toBe("");
    },
  },

  "capacity.yaml": {
    promises: "at 10 % the canary has half of the pods, and the old ones stay for a while after the promotion",
    houses: [{ name: "ample", replicas: 4 }],
    durations: { duration: "10s", scaleDownDelay: "20s" },
    async play(scene) {
      await scene.calls("ample", 60);
      await scene.setImage("nginx:2", "ample");
      const { spec } = await scene.planWhen("nginx:2", "at 10 %", ({ status }) => status?.weight?.desired === 10);
      const sizes = async () => {
        const { items } = JSON.parse(await scene.kubectl("get", "rs", "-l", "app=ample", "-o", "json")) as { items: ReplicaSetSize[] };
        const of = (isCanary: boolean) =>
          items.find(({ metadata }) => (metadata.labels["pod-template-hash"] === spec.canary.hash) === isCanary);
        return { canary: of(true)?.spec.replicas, stable: of(false)?.spec.replicas };
      };
      expect(await sizes()).toEqual({ canary: 2, stable: 4 });
      const stays = "the old pods stay for 20s (scaleDownDelay)";
      await scene.planWhen("nginx:2", "handed over", ({ status }) => status?.message === stays);
      expect((await sizes()).stable).toBe(4);
      expect((await scene.ends("nginx:2")).status?.phase).toBe("Promoted");
    },
  },

  "history.yaml": {
    promises: "of three finished plans two are kept",
    houses: [{ name: "remembered" }],
    async play(scene) {
      await scene.calls("remembered", 40);
      for (const image of ["nginx:2", "nginx:3", "nginx:4"]) {
        await scene.setImage(image, "remembered");
        expect((await scene.ends(image)).status?.phase).toBe("Promoted");
      }
      const kept = async () => (await scene.plansOf("remembered")).map(({ spec }) => spec.canary.images[0]).sort();
      await until("the oldest plan to be pruned", async () => (await kept()).join() === "nginx:3,nginx:4", 60);
    },
  },
};

interface Held {
  spec: { paused?: boolean; template: { spec: { containers: { image: string }[] } } };
  status: { availableReplicas: number };
}

interface ReplicaSetSize {
  metadata: { labels: Record<string, string> };
  spec: { replicas: number };
}
