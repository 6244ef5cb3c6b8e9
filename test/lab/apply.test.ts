import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { lastApplied } from "../../src/api/names.ts";
import type { KubeObject } from "./kubelet/clusterClient.ts";
import { type Load, startLoad } from "./load/startLoad.ts";
import { Lookout } from "./lookout.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import type { RecordedEvent } from "./recorder/recordedEvent.ts";
import { hashOf, routesOf } from "./recorder/routes.ts";
import { type Story, steps, successRate, tell } from "./story.ts";
import { shopDeployment, shopObjects, shopRoute } from "./storyShop.ts";
import { until } from "./until.ts";

/** One version of a team's repository. `workingDir` is there until somebody takes it out; `flag` is an env var that only a bad version has. */
interface Version {
  image: string;
  workingDir?: string;
  flag?: string;
}

/** Two teams with the same wish and another tool, both at the same time. */
const teams = [
  { name: "server-side", flags: ["--server-side"] },
  { name: "client-side", flags: [] },
];
type Team = (typeof teams)[number];

const versionsOf = ({ name }: Team) => ({
  first: { image: `${name}:1.0.0`, workingDir: "/srv" },
  good: { image: `${name}:1.1.0`, workingDir: "/srv" },
  bad: { image: `${name}:1.2.0-errors50`, flag: "only-the-bad-version-has-it" },
  later: { image: `${name}:1.1.0` },
});

describe("a team whose GitOps tool applies its manifests every second", () => {
  let story: Story;
  let lookout: Lookout;
  let loads: Load[] = [];
  beforeAll(async () => {
    story = await tell({ scrape: "1s" });
    lookout = new Lookout(story.lab.env);
    await story.policy({
      steps: steps([30, "2s"], [60, "2s"], [100, "1s"]),
      analysis: { metrics: [successRate({ interval: "2s" })] },
      revertAfter: "6s",
    });
    await each(async (team) => {
      const { first } = versionsOf(team);
      const [, service, gateway] = shopObjects({ name: team.name });
      const file = await write(team, "all", [manifestOf(team, first), service, gateway, routeOf(team)]);
      await story.kubectl("apply", ...team.flags, "-f", file);
      await story.kubectl("rollout", "status", `deploy/${team.name}`, "--timeout=60s");
      const load = await startLoad({ url: story.lab.env["LAB_GATEWAY"] ?? "", host: `${team.name}.example`, path: "/", rate: 40 });
      loads.push(load);
      await until("the gateway answers", async () => (await load.snapshot()).byStatus["200"]);
    });
  });
  afterAll(async () => {
    await Promise.all(loads.map((load) => load.stop()));
    loads = [];
    await lookout?.close();
    await story?.stop();
  });

  it("through a whole good plan: no conflict, the split in every stored revision, promoted", async () => {
    await story.record();
    await each(async (team) => {
      const { good } = versionsOf(team);
      const loop = applyEverySecond(team, good);
      const asking = askAllTheTime(team, good);
      expect((await story.ends(good.image)).status?.phase).toBe("Promoted");
      expect(await loop.stop()).toEqual([]);
      expect(await asking.stop()).toEqual([]);
      expect(loop.rounds()).toBeGreaterThan(3);
      expect(await template(team)).toEqual({ image: good.image, workingDir: "/srv" });
    });
    const events = await story.stopRecording();
    expect(checkInvariants(events, { annotations: [lastApplied] })).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    for (const team of teams) expect(weights(events, team)).toEqual(["", "0", "30", "60", "100", ""]);
  });

  it("through a bad plan until the revert: no conflict, the split in every stored revision; then the old manifest applies", async () => {
    await story.record();
    await each(async (team) => {
      const { good, bad } = versionsOf(team);
      const loop = applyEverySecond(team, bad);
      const asking = askAllTheTime(team, bad);
      await lookout.when("canaryplans", "the failure is shown", isPlan(bad.image, "revertAfter"));
      await loop.round();
      expect(await loop.stop()).toEqual([]);
      expect((await story.ends(bad.image)).status?.phase).toBe("RolledBack");
      expect(await asking.stop()).toEqual([]);
      expect(await template(team)).toEqual({ image: good.image, workingDir: "/srv" });
      expect(await apply(team, good)).toEqual([]);
      expect(await template(team)).toEqual({ image: good.image, workingDir: "/srv" });
    });
    const events = await story.stopRecording();
    expect(checkInvariants(events, { annotations: [lastApplied] })).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    for (const team of teams) expect(weights(events, team)).toEqual(["", "0", "30", "0", ""]);
  });

  it("and later: what the revert brought back is pruned once the manifest drops it; the bad version again is held, and taken back", async () => {
    await story.record();
    await each(async (team) => {
      const { bad, later } = versionsOf(team);
      expect(await apply(team, later)).toEqual([]);
      expect(await template(team)).toEqual({ image: later.image });
      expect((await story.rolloutStatus(team.name)).code).toBe(0);

      expect(await apply(team, bad)).toEqual([]);
      await story.planWhen(bad.image, "held", ({ status }) => status?.phase === "Held");
      expect(await apply(team, bad)).toEqual([]);
      expect(await apply(team, later)).toEqual([]);
      const paused = () => story.kubectl("get", "deploy", team.name, "-o", "jsonpath={.spec.paused}");
      await until("the hold is gone", async () => (await paused()) === "", 30);
      expect(await template(team)).toEqual({ image: later.image });
    });
    const events = await story.stopRecording();
    expect(checkInvariants(events, { annotations: [lastApplied] })).toEqual([]);
    for (const team of teams) expect(weights(events, team)).toEqual([""]);
  });

  const each = async (tell: (team: Team) => Promise<void>): Promise<void> => void (await Promise.all(teams.map(tell)));

  async function write({ name }: Team, what: string, objects: unknown[]): Promise<string> {
    const file = join(story.lab.dir, `${name}-${what}.yaml`);
    await writeFile(file, objects.map((object) => stringify(object)).join("---\n"));
    return file;
  }

  /** The Deployment and the VirtualService of this version, as the team has them in Git. @returns what kubectl had against it */
  async function apply(team: Team, version: Version): Promise<string[]> {
    const files = [await write(team, "deployment", [manifestOf(team, version)]), await write(team, "route", [routeOf(team)])];
    const troubles: string[] = [];
    for (const file of files) {
      const { code, stderr } = await story.type("kubectl", "apply", ...team.flags, "-f", file);
      if (code !== 0) troubles.push(stderr);
    }
    return troubles;
  }

  function applyEverySecond(team: Team, version: Version) {
    const troubles: string[] = [];
    let rounds = 0;
    let over = false;
    const running = (async () => {
      while (!over) {
        const pause = delay(1_000);
        troubles.push(...(await apply(team, version)));
        rounds++;
        await pause;
      }
    })();
    return {
      rounds: () => rounds,
      /** At least one whole round from now on. */
      round: async () => {
        const wanted = rounds + 2;
        await until("two more rounds", async () => rounds >= wanted);
      },
      stop: async () => {
        over = true;
        await running;
        return troubles;
      },
    };
  }

  /**
   * Once a second meets few of the moments between two of our writes. So a dry run asks, again as soon as it was answered, whether a server-side apply
   * of these manifests would meet a conflict right now. A team that applies client-side can't meet one.
   */
  function askAllTheTime(team: Team, version: Version) {
    const conflicts = new Set<string>();
    let over = false;
    const ask = async (path: string, manifest: unknown): Promise<void> => {
      while (!over) {
        const asked = `/apis/${path}/${team.name}?dryRun=All&fieldManager=kubectl`;
        await lookout.client.patch(asked, manifest, "application/apply-patch+yaml").catch((error: unknown) => conflicts.add(String(error)));
        await delay(5);
      }
    };
    const running = team.flags.includes("--server-side")
      ? [
          ask("apps/v1/namespaces/default/deployments", manifestOf(team, version)),
          ask("networking.istio.io/v1/namespaces/default/virtualservices", routeOf(team)),
        ]
      : [];
    return {
      stop: async () => {
        over = true;
        await Promise.all(running);
        return [...conflicts];
      },
    };
  }

  /** What of the template is of interest here. */
  async function template({ name }: Team): Promise<Version> {
    const { spec } = await story.get<{ spec: { template: { spec: { containers: Container[] } } } }>("deploy", name);
    const [{ image, workingDir, env } = { image: "" }] = spec.template.spec.containers;
    return { image, ...(workingDir === undefined ? {} : { workingDir }), ...(env === undefined ? {} : { flag: env[0]?.value ?? "" }) };
  }
});

interface Container {
  image: string;
  workingDir?: string;
  env?: Array<{ name: string; value: string }>;
}

function manifestOf({ name }: Team, { image, workingDir, flag }: Version): unknown {
  const container = {
    ...(workingDir === undefined ? {} : { workingDir }),
    ...(flag === undefined ? {} : { env: [{ name: "FLAG", value: flag }] }),
  };
  return shopDeployment({ name, replicas: 2, image, container });
}

/** Each team has a host of its own. */
function routeOf({ name }: Team): unknown {
  const route = shopRoute(name) as { spec: object };
  return { ...route, spec: { ...route.spec, hosts: [`${name}.example`] } };
}

const isPlan =
  (image: string, stage: string) =>
  ({ spec, status }: KubeObject): boolean =>
    (spec as { canary: { images: string[] } }).canary.images.includes(image) && (status as { stage?: string } | undefined)?.stage === stage;

/** The canary's weight in each stored revision of a team's route, once in a row; "" without a split. */
function weights(events: readonly RecordedEvent[], team: Team): string[] {
  const all = events
    .filter(({ kind, name, type }) => kind === "VirtualService" && name === team.name && type !== "DELETED")
    .map((event) => {
      const split = (routesOf(event)[0]?.destinations ?? []).filter(({ subset }) => hashOf(subset) !== undefined);
      return split.length === 2 ? String(split[1]?.weight) : "";
    });
  return all.filter((weight, index) => index === 0 || weight !== all[index - 1]);
}
