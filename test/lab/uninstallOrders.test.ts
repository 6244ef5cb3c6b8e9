import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Load } from "./load/startLoad.ts";
import { DEFAULT_OPTIONS } from "./options.ts";
import { type Story, tell } from "./story.ts";
import { applyAll, house, settleTown, townLoad, townPolicy } from "./storyTown.ts";
import { deleteManifests, installAgain, leftBehind, marked, serinProcesses, standIn, teamsObjects, terminate } from "./uninstalled.ts";
import { until } from "./until.ts";

const options = DEFAULT_OPTIONS;
const soak = Boolean(process.env["SOAK"]);
const nothing = async (): Promise<unknown> => undefined;
const gate = [{ setWeight: 50 }, { pause: {} }];
const policies = [townPolicy("plain", { steps: gate }), townPolicy("hold", { steps: gate, onFailure: "Hold" })];
const kinds = ["canarypolicies", "canaryplans", "metrictemplates", "sidecarpolicies"].map((kind) => `${kind}.serin.dev`);
/** kube-apiserver believes the token of a deleted ServiceAccount for so long. */
const leewayMs = 60_000;
/** With nothing under way: 5 s without news, and what a busy machine adds. */
const idleMs = 20_000;

describe("Serin goes, in any order, with one canary at its gate and one change held, under 100 requests a second", () => {
  let story: Story;
  let load: Load | undefined;
  let before: Record<string, unknown>;
  beforeAll(async () => {
    story = await tell(options);
    await settleTown(
      story,
      policies,
      ["live", "held", "calm"].flatMap((name) => house(name)),
    );
    load = await townLoad(story, "live", 100);
    before = await teamsObjects(story);
    await begin();
  });
  afterAll(async () => {
    await load?.stop();
    await story?.stop();
  });

  it.runIf(soak)("the namespace first, with no worker: it says what it waits for; installed again, all goes on", async () => {
    for (const name of serinProcesses(story.lab)) await story.lab.processes.kill(name, "SIGKILL");
    await story.kubectl("delete", "namespace", "serin-system", "--wait=false");
    const conditions = () => story.kubectl("get", "namespace", "serin-system", "-o", "jsonpath={.status.conditions[*].message}");
    await until("the namespace to say so", async () => (await conditions()).includes("serin.dev/worker in 1 resource instances"), 60);
    expect(await weightOfCanary()).toBe(50);
    const none = ["--type=merge", "-p", '{"metadata":{"finalizers":null}}'];
    await story.kubectl("patch", "serviceaccount", "serin-worker", "-n", "serin-system", ...none);
    await story.kubectl("patch", "clusterrole,clusterrolebinding", "serin-worker", ...none);
    await story.kubectl("wait", "namespace/serin-system", "--for=delete", "--timeout=60s");
    await installAgain(story.lab, options);
    await until("the plan to be at its gate", async () => (await phases()).sort().join() === "Held,Paused", 60);
  });

  it("the kinds first: what is under way is back on stable when they are gone, and Serin holds nothing any more", async () => {
    await deleteKinds();
    await backToStable();
    await plainRollout("calm:2");
    expect(await goes(deleteManifests(story))).toBeLessThan(leewayMs);
    await gone("calm:2");
  });

  it("the webhook configuration first: what is under way goes on, and is back on stable when the rest goes at once", async () => {
    await again();
    await deleteConfiguration();
    await plainRollout("calm:3");
    expect(await phases()).toEqual(expect.arrayContaining(["Held", "Paused"]));
    expect(await weightOfCanary()).toBe(50);
    expect(await goes(deleteManifests(story))).toBeLessThan(leewayMs);
    await gone("calm:3");
  });

  it("the namespace first: what is under way is back on stable before the worker ends", async () => {
    await again();
    const pod = await standIn(story);
    // A change in between is held by nobody for long.
    expect(await goes(deleteNamespace(), () => story.setImage("calm:4", "calm"), pod.ends)).toBeLessThan(leewayMs);
    await backToStable();
    const sealed = (await story.plansOf("live")).map(({ status }) => [status?.phase, typeof status?.seal?.number]);
    expect(sealed).toEqual([["Cancelled", "number"]]);
    expect(await story.rolloutStatus("calm")).toMatchObject({ code: 0 });
    await deleteManifests(story);
    await gone("calm:4");
  });

  it.runIf(soak)("with nothing under way: the kinds first", async () => {
    await installIdle();
    await deleteKinds();
    await plainRollout("calm:5");
    await everythingElse("calm:5");
  });

  it.runIf(soak)("with nothing under way: the webhook configuration first", async () => {
    await installIdle();
    await deleteConfiguration();
    await plainRollout("calm:6");
    await everythingElse("calm:6");
  });

  it.runIf(soak)("with nothing under way: the namespace first", async () => {
    await installIdle();
    expect(await goes(deleteNamespace())).toBeLessThan(idleMs);
    await everythingElse(await story.image("calm"));
  });

  it.runIf(soak)("installed once more at once: a canary goes all its way, and then everything goes", async () => {
    await installIdle();
    await applyAll(story, [townPolicy("plain", { steps: [{ setWeight: 50 }, { pause: { duration: "1s" } }] })]);
    await story.setImage("calm:7", "calm");
    expect((await story.ends("calm:7")).status?.phase).toBe("Promoted");
    await everythingElse("calm:7");
  });

  it("not one request failed", async () => {
    const report = await load?.stop();
    load = undefined;
    expect(report?.failures).toEqual([]);
    expect(report?.non200).toBe(0);
    expect(report?.answered).toBeGreaterThan(1_000);
  });

  /** One canary at its gate, one change held after its canary was aborted. */
  async function begin(): Promise<void> {
    await story.setImage("live:2", "live");
    await story.setImage("hold/nginx:2", "held");
    await story.planWhen("live:2", "at its gate", ({ status }) => status?.phase === "Paused");
    await story.planWhen("hold/nginx:2", "at its gate", ({ status }) => status?.phase === "Paused");
    const [held] = await story.plansOf("held");
    await story.kubectl("patch", "plan", held?.metadata.name ?? "", "--type=merge", "-p", '{"spec":{"control":{"abort":{}}}}');
    await story.planWhen("hold/nginx:2", "held", ({ status }) => status?.phase === "Held");
  }

  async function installIdle(): Promise<void> {
    await installAgain(story.lab, options);
    await applyAll(story, policies);
    expect(await story.plans()).toEqual([]);
  }

  async function everythingElse(calm: string): Promise<void> {
    const command = deleteManifests(story);
    if (serinProcesses(story.lab).length > 0) expect(await goes(command)).toBeLessThan(idleMs);
    await command;
    await gone(calm);
  }

  async function again(): Promise<void> {
    await installAgain(story.lab, options);
    await applyAll(story, policies);
    await begin();
  }

  /** The command is under way: what a kubelet does, once the namespace is being deleted. @returns milliseconds that the processes took to end */
  async function goes(command: Promise<string>, meanwhile = nothing, afterwards = nothing): Promise<number> {
    await until("the namespace to be deleted", async () => !(await namespaces()).includes("serin-system=Active"));
    const [ms] = await Promise.all([terminate(story.lab), meanwhile()]);
    process.stdout.write(`the last process ended ${(ms / 1000).toFixed(1)} s after the signal\n`);
    await afterwards();
    await command;
    return ms;
  }

  const deleteKinds = () => story.kubectl("delete", "crd", ...kinds, "--timeout=90s");
  const deleteConfiguration = () => story.kubectl("delete", "mutatingwebhookconfiguration", "canary-serin");
  const deleteNamespace = (): Promise<string> => story.kubectl("delete", "namespace", "serin-system", "--timeout=90s");
  const phases = async () => (await story.plans()).map(({ status }) => status?.phase);
  const namespaces = () => story.kubectl("get", "namespaces", "-o", "jsonpath={range .items[*]}{.metadata.name}={.status.phase} {end}");

  async function weightOfCanary(): Promise<number | undefined> {
    const { spec } = await story.get<{ spec: { http: { route: { weight?: number }[] }[] } }>("virtualservice", "live");
    return spec.http[0]?.route[1]?.weight;
  }

  /** Of the two that were under way. */
  async function backToStable(): Promise<void> {
    const now = await teamsObjects(story);
    for (const name of ["live", "held"])
      for (const kind of ["Deployment", "Service", "VirtualService"]) expect(now[`${kind} ${name}`]).toEqual(before[`${kind} ${name}`]);
    expect(Object.keys(now).sort()).toEqual(Object.keys(before).sort());
    expect((await marked(story)).filter((name) => !name.includes("calm"))).toEqual([]);
    for (const name of ["live", "held"]) await until(`two pods of ${name}`, async () => (await story.pods(name)).length === 2);
  }

  async function gone(calm: string): Promise<void> {
    await backToStable();
    expect(await leftBehind(story)).toEqual([]);
    expect(await story.image("calm")).toBe(calm);
  }

  /** With no plan, and no word from Serin. */
  async function plainRollout(image: string): Promise<void> {
    expect(await story.type("kubectl", "set", "image", "deploy/calm", `nginx=${image}`)).toMatchObject({ code: 0, stderr: "" });
    expect((await story.rolloutStatus("calm")).code).toBe(0);
  }
});
