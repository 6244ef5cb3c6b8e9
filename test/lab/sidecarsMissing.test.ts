import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { annotations, apiVersion } from "../../src/api/names.ts";
import type { SidecarPolicy, SidecarPolicyStatus } from "../../src/api/sidecarPolicy.ts";
import type { SidecarReport } from "../../src/cli/sidecars/sidecarReport.ts";
import { inWords, serinWrites } from "./auditLog.ts";
import { type Story, steps, type Typed, tell } from "./story.ts";
import { shopDeployment } from "./storyShop.ts";
import { applyAll } from "./storyTown.ts";
import { until } from "./until.ts";

const tracing = {
  apiVersion,
  kind: "SidecarPolicy",
  metadata: { name: "tracing" },
  spec: { containers: [{ name: "tracer", image: "tracer:1" }] },
};

/** A Deployment's manifest as another kind's. */
function as(kind: "DaemonSet" | "StatefulSet", name: string): unknown {
  const { spec, ...rest } = shopDeployment({ name, replicas: 2 }) as { spec: { replicas?: number; template: unknown } };
  if (kind === "DaemonSet") delete spec.replicas;
  return { ...rest, kind, spec: { ...spec, ...(kind === "StatefulSet" ? { serviceName: name } : {}) } };
}

/** A template that opts out. */
function quiet(): unknown {
  const deployment = shopDeployment({ name: "quiet", replicas: 1 }) as { spec: { template: { metadata: object } } };
  Object.assign(deployment.spec.template.metadata, { annotations: { [annotations.sidecars]: "off" } });
  return deployment;
}

/** The list of pods that Istio's injector never had: which pods lack their sidecars, why, and how they get them, under 100 requests a second. */
describe("pods that miss what a SidecarPolicy asks for", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell({ without: ["prometheus"] });
    // JSON: kubectl reads a bare `off` as a truth value.
    await story.lab.apply(JSON.stringify(quiet()));
    await applyAll(story, [as("StatefulSet", "db"), as("DaemonSet", "agent"), shopDeployment({ name: "held", replicas: 1 })]);
    await story.policy({ steps: steps([50, "1h"]), traffic: { withoutRoute: "Replicas" } });
    await story.shop({ replicas: 4 });
    for (const workload of ["deploy/quiet", "sts/db", "ds/agent", "deploy/held"])
      await story.kubectl("rollout", "status", workload, "--timeout=60s");
    await story.load(100);
  });
  afterAll(() => story?.stop());

  const serin = (line: string): Promise<Typed> => story.type("kubectl", "serin", ...line.split(" "));
  const status = async (): Promise<SidecarPolicyStatus> => (await story.get<SidecarPolicy>("sidecarpolicy", "tracing")).status ?? {};
  /** `nginx CreatedBefore` for each pod that the command lists, in order. */
  const listed = async (line: string): Promise<string[]> => {
    const { stdout } = await serin(`${line} -o json`);
    return (JSON.parse(stdout) as SidecarReport).pods.map(({ owner, lacks }) => `${owner?.name} ${lacks[0]?.reason ?? "Carrying"}`);
  };
  const within = async (seconds: number, what: string, holds: () => Promise<boolean>): Promise<void> => {
    const from = Date.now();
    await until(what, holds);
    process.stdout.write(`${what}: ${Date.now() - from} ms\n`);
    expect(Date.now() - from).toBeLessThan(seconds * 1_000);
  };

  it("those that are older than the policy are listed as created before it, those that opt out as that", async () => {
    await applyAll(story, [tracing]);
    await within(5, "the policy's first status", async () => (await status()).missing === 11);
    expect(await status()).toMatchObject({ observedGeneration: 1, matched: 11, carrying: 0 });
    expect((await status()).conditions).toMatchObject([
      { type: "Complete", status: "False", reason: "SomeMiss", message: expect.stringContaining("10 CreatedBefore, 1 OptedOut") },
    ]);
    const names = ["agent", "agent", "agent", "held", "nginx", "nginx", "nginx", "nginx", "quiet", "db", "db"];
    const expected = names.map((name) => `${name} ${name === "quiet" ? "OptedOut" : "CreatedBefore"}`);
    expect((await listed("sidecars")).sort()).toEqual(expected.sort());
    const { stdout, code } = await serin("sidecars --missing");
    process.stdout.write(`${stdout}\n`);
    expect(code).toBe(2);
    expect(stdout).toContain("kubectl serin sidecars repair");
  });

  it("a restart repairs them at their own pace, and is no canary", async () => {
    const repaired = await Promise.all(["deploy/nginx", "sts/db", "ds/agent"].map((workload) => serin(`sidecars repair ${workload}`)));
    for (const { stdout, stderr, code } of repaired) {
      process.stdout.write(stdout);
      expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
      expect(stdout).toContain("nothing is missing any more");
    }
    expect(await story.plans()).toEqual([]);
    expect(await listed("sidecars --missing")).toEqual(["held CreatedBefore", "quiet OptedOut"]);
    await within(5, "nine carry it", async () => (await status()).carrying === 9);
    expect(await status()).toMatchObject({ matched: 11, missing: 2 });
    expect(await serin("sidecars repair deploy/nginx")).toMatchObject({
      code: 0,
      stdout: "nothing to repair: nothing is missing in deploy/nginx (4 pods)\n",
    });
  });

  it("what no restart brings is not restarted, nor what a plan holds", async () => {
    const { stderr, code } = await serin("sidecars repair deploy/quiet");
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("new pods would lack the same") });
    await story.setImage("nginx:1.24.0", "held");
    const plan = await story.plan("nginx:1.24.0");
    const refused = await serin("sidecars repair deploy/held");
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`plan ${plan.metadata.name} is under way`),
    });
  });

  it("pods that were made while the webhook was down are listed and counted within 5 s, and repaired on request", async () => {
    await story.lab.processes.kill("serin-webhook-0");
    const before = await status();
    const lacking = async () => (await listed("sidecars --missing -l app=nginx")).filter((line) => line === "nginx NotAdded").length;
    await story.kubectl("scale", "deploy/nginx", "--replicas=6");
    await Promise.all([
      within(5, "two pods under --missing", async () => (await lacking()) === 2),
      within(5, "two pods in the status", async () => (await status()).missing === (before.missing ?? 0) + 2),
    ]);
    const pods = ((await status()).pods ?? []).filter(({ reason }) => reason === "NotAdded");
    expect(pods.map(({ name, message }) => `${name.slice(0, 6)} ${message}`)).toEqual(
      Array(2).fill("nginx- container tracer: the pod was made past Serin's webhook"),
    );
    await story.kubectl("rollout", "status", "deploy/nginx", "--timeout=60s");

    await story.lab.processes.restart("serin-webhook-0");
    const { stdout, code } = await serin("sidecars repair deploy/nginx");
    process.stdout.write(stdout);
    expect(code).toBe(0);
    expect(stdout).toContain("deploy/nginx: nothing is missing any more (6 pods)\n");
    await within(5, "the status without them", async () => (await status()).missing === before.missing);
  });

  it("no request was lost, and the status is written only when it changes, every 3 s at most", async () => {
    const report = await story.stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.non200).toBe(0);
    const writes = (await serinWrites(story.lab)).filter(({ objectRef }) => objectRef?.resource === "sidecarpolicies");
    process.stdout.write(`${writes.map(inWords).join("\n")}\n`);
    expect(writes.filter(({ objectRef }) => objectRef?.subresource !== "status")).toEqual([]);
    const times = writes.map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp));
    expect(times.slice(1).filter((at, index) => at - (times[index] ?? 0) < 2_900)).toEqual([]);
  });
});
