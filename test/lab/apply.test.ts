import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { lastApplied } from "../../src/api/names.ts";
import type { KubeObject } from "./kubelet/clusterClient.ts";
import { Lookout } from "./lookout.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import type { RecordedEvent } from "./recorder/recordedEvent.ts";
import { hashOf, routesOf } from "./recorder/routes.ts";
import { type Story, steps, successRate, tell } from "./story.ts";
import { shopDeployment, shopObjects, shopRoute } from "./storyShop.ts";
import { until } from "./until.ts";

/** One version of the team's repository. `workingDir` is there until somebody takes it out; `flag` is an env var that only a bad version has. */
interface Version {
  image: string;
  workingDir?: string;
  flag?: string;
}

let story: Story;
let lookout: Lookout;
beforeAll(async () => {
  story = await tell();
  lookout = new Lookout(story.lab.env);
  await story.policy({
    steps: steps([30, "2s"], [60, "2s"], [100, "1s"]),
    analysis: { metrics: [successRate({ interval: "2s" })] },
    revertAfter: "8s",
  });
});
afterAll(async () => {
  await lookout?.close();
  await story?.stop();
});

describe.each([
  { way: "kubectl apply --server-side", flags: ["--server-side"], major: 1 },
  { way: "kubectl apply", flags: [], major: 2 },
])("a team whose GitOps tool runs `$way` every second", ({ flags, major }) => {
  const first: Version = { image: `nginx:${major}.0.0`, workingDir: "/srv" };
  const good: Version = { image: `nginx:${major}.1.0`, workingDir: "/srv" };
  const bad: Version = { image: `nginx:${major}.2.0-errors50`, flag: "only-the-bad-version-has-it" };
  const later: Version = { image: good.image };

  beforeAll(async () => {
    const file = await write("all", shopObjects({ replicas: 2, image: first.image, container: container(first) }));
    await story.kubectl("apply", ...flags, "-f", file);
    await story.kubectl("rollout", "status", "deploy/nginx", "--timeout=60s");
    await until("the gateway answers", async () => (await fetch(`${story.lab.env["LAB_GATEWAY"]}/`)).ok);
    await story.load(50);
  });
  afterAll(async () => {
    await story.stopLoad();
    await story.kubectl("delete", "deploy,svc,virtualservice,gateway", "--all", "-n", "default");
    await until("the pods are gone", async () => (await story.pods()).length === 0);
  });

  it("through a whole good plan: no conflict, the split in every stored revision, promoted", async () => {
    await story.record();
    const loop = applyEverySecond(good);
    const plan = await story.ends(good.image);
    expect(await loop.stop()).toEqual([]);
    expect(plan.status?.phase).toBe("Promoted");
    expect(await loop.rounds()).toBeGreaterThan(5);
    const events = await story.stopRecording();
    expect(checkInvariants(events, { annotations: [lastApplied] })).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    expect(weights(events)).toEqual(["", "0", "30", "60", "100", ""]);
    expect(await template()).toEqual({ image: good.image, workingDir: "/srv" });
  });

  it("through a bad plan until the revert: no conflict, the split in every stored revision, rolled back; the old manifest applies", async () => {
    await story.record();
    const loop = applyEverySecond(bad);
    await lookout.when("canaryplans", "the failure is shown", isPlan(bad.image, "revertAfter"));
    await loop.round();
    expect(await loop.stop()).toEqual([]);
    const plan = await story.ends(bad.image);
    expect(plan.status?.phase).toBe("RolledBack");
    expect(await template()).toEqual({ image: good.image, workingDir: "/srv" });

    expect(await apply(good)).toEqual([]);
    expect(await template()).toEqual({ image: good.image, workingDir: "/srv" });
    const events = await story.stopRecording();
    expect(checkInvariants(events, { annotations: [lastApplied] })).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    expect(weights(events)).toEqual(["", "0", "30", "0", ""]);
  });

  it("and later: what the revert brought back is pruned once the manifest drops it; the bad version again is held, and taken back", async () => {
    await story.record();
    expect(await apply(later)).toEqual([]);
    expect(await template()).toEqual({ image: good.image });
    await story.rolloutStatus();

    expect(await apply(bad)).toEqual([]);
    expect((await story.planWhen(bad.image, "held", ({ status }) => status?.phase === "Held")).spec.canary.images).toEqual([bad.image]);
    expect(await apply(bad)).toEqual([]);
    expect(await apply(later)).toEqual([]);
    const released = async () => (await story.kubectl("get", "deploy", "nginx", "-o", "jsonpath={.spec.paused}")) === "";
    await until("the hold is gone", released, 30);
    expect(await template()).toEqual({ image: good.image });
    const events = await story.stopRecording();
    expect(checkInvariants(events, { annotations: [lastApplied] })).toEqual([]);
    expect(weights(events)).toEqual([""]);
  });

  /** The Deployment and the VirtualService of this version, as the team has them in Git. @returns what kubectl had against it */
  async function apply(version: Version): Promise<string[]> {
    const files = [
      await write("deployment", [shopDeployment({ replicas: 2, image: version.image, container: container(version) })]),
      await write("route", [shopRoute()]),
    ];
    const troubles: string[] = [];
    for (const file of files) {
      const { code, stderr } = await story.type("kubectl", "apply", ...flags, "-f", file);
      if (code !== 0) troubles.push(stderr);
    }
    return troubles;
  }

  function applyEverySecond(version: Version) {
    const troubles: string[] = [];
    let rounds = 0;
    let over = false;
    const running = (async () => {
      while (!over) {
        const pause = delay(1_000);
        troubles.push(...(await apply(version)));
        rounds++;
        await pause;
      }
    })();
    const rounded = async (more: number) => {
      const wanted = rounds + more;
      await until(`${more} more rounds`, async () => rounds >= wanted);
    };
    return {
      rounds: async () => rounds,
      /** A whole round from now on. */
      round: () => rounded(2),
      stop: async () => {
        over = true;
        await running;
        return troubles;
      },
    };
  }

  /** What of the template is of interest here. */
  async function template(): Promise<Version> {
    const { spec } = await story.get<{ spec: { template: { spec: { containers: Template[] } } } }>("deploy", "nginx");
    const [{ image, workingDir, env } = { image: "" }] = spec.template.spec.containers;
    return { image, ...(workingDir === undefined ? {} : { workingDir }), ...(env === undefined ? {} : { flag: env[0]?.value ?? "" }) };
  }
});

interface Template {
  image: string;
  workingDir?: string;
  env?: Array<{ name: string; value: string }>;
}

const container = ({ workingDir, flag }: Version): Record<string, unknown> => ({
  ...(workingDir === undefined ? {} : { workingDir }),
  ...(flag === undefined ? {} : { env: [{ name: "FLAG", value: flag }] }),
});

async function write(name: string, objects: unknown[]): Promise<string> {
  const file = join(story.lab.dir, `${name}.yaml`);
  await writeFile(file, objects.map((object) => stringify(object)).join("---\n"));
  return file;
}

const isPlan =
  (image: string, stage: string) =>
  ({ spec, status }: KubeObject): boolean =>
    (spec as { canary: { images: string[] } }).canary.images.includes(image) && (status as { stage?: string } | undefined)?.stage === stage;

/** The canary's weight in each stored revision of the route, once in a row; "" without a split. */
function weights(events: readonly RecordedEvent[]): string[] {
  const all = events
    .filter(({ kind, name, type }) => kind === "VirtualService" && name === "nginx" && type !== "DELETED")
    .map((event) => {
      const split = (routesOf(event)[0]?.destinations ?? []).filter(({ subset }) => hashOf(subset) !== undefined);
      return split.length === 2 ? String(split[1]?.weight) : "";
    });
  return all.filter((weight, index) => index === 0 || weight !== all[index - 1]);
}
