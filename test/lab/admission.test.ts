import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { annotations } from "../../src/api/names.ts";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { type Cell, type ManifestChange, type Seen, type State, states, type Tool, table, tools } from "./admissionTable.ts";
import { type ClusterClient, connectCluster } from "./kubelet/clusterClient.ts";
import { type Story, tell } from "./story.ts";
import { shopDeployment } from "./storyShop.ts";
import { applyAll, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

/** By pod count and without Services: a plan is where it should be within a second, and no route is the matter here. */
const quick = (spec: Record<string, unknown>) => ({ traffic: { settle: "500ms", withoutRoute: "Replicas" }, ...spec });
const long = [{ setWeight: 50 }, { pause: { duration: "1h" } }];

const policies: Record<State, Record<string, unknown>> = {
  idle: quick({ steps: long }),
  progressing: quick({ steps: long }),
  gate: quick({ steps: [{ setWeight: 50 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: "1h" } }] }),
  promoting: quick({ steps: long, canary: { scaleDownDelay: "20s" } }),
  rollingBack: quick({ steps: long, revertAfter: "1h" }),
  held: quick({ steps: long, onFailure: "Hold" }),
};

describe("what each tool's write does, in each state (design §5)", () => {
  let story: Story;
  /** Without a kubectl for each look: dozens of plans are looked at again and again. */
  let client: ClusterClient;
  const plans = async (): Promise<CanaryPlan[]> =>
    (await client.get<{ items: CanaryPlan[] }>("/apis/serin.dev/v1alpha1/namespaces/default/canaryplans")).items;
  const plansOf = async (name: string): Promise<CanaryPlan[]> => (await plans()).filter(({ spec }) => spec.deployment.name === name);
  beforeAll(async () => {
    story = await tell({ without: ["prometheus"] });
    client = connectCluster(story.lab.env["KUBECONFIG"] ?? "", "admission-test");
    await applyAll(
      story,
      states.map((state) => townPolicy(state.toLowerCase(), policies[state])),
    );
    const houses = states.flatMap((state) => cellsOf(state).map((tool) => manifest(state, tool, { version: 1 })));
    await applyAll(story, houses);
    await story.kubectl("wait", "--for=condition=Available", "deploy", "--all", "--timeout=120s");
  });
  afterAll(async () => {
    await client?.close();
    await story?.stop();
  });

  for (const state of states) {
    describe(`${state}:`, () => {
      beforeAll(() => bringTo(state), 120_000);

      /** The plan that was there when the user typed, by cell. */
      const before = new Map<Tool, CanaryPlan>();
      const codes = new Map<Tool, number>();

      it.each(cellsOf(state).map((tool) => ({ tool })))("$tool", async ({ tool }) => {
        const name = nameOf(state, tool);
        const [plan] = await plansOf(name);
        if (plan) before.set(tool, plan);
        const cell: Cell = { name, image: (version) => image(state, version), file: (change) => fileOf(state, tool, change) };
        const [command = "", ...args] = (await tools[tool]?.(cell)) ?? [];
        const { code, stdout, stderr } = await story.type(command, ...args);
        const now = await story.get<Stored>("deploy", name);
        const seen = seenOf(state, tool, code);
        codes.set(tool, code);

        expect({ code, stderr }).toMatchObject({
          code: seen.code ?? 0,
          ...(seen.says ? { stderr: expect.stringMatching(seen.says) } : {}),
        });
        if (seen.silent) expect(stderr).not.toContain("serin");
        if (seen.paused !== undefined) expect(now.spec.paused ?? false).toBe(seen.paused);
        if (seen.version !== undefined) expect(now.spec.template.spec.containers[0]?.image).toBe(image(state, seen.version));
        expect(now.spec.replicas).toBe(seen.replicas ?? 2);
        if (tool.includes("dry-run")) expect(stdout).toMatch(/^ {2}paused: true$/m);
        if (tool === "diff") expect(stdout).toContain(`+      - image: ${image(state, 3)}`);
        if (tool === "diff" && state === "idle") expect(stdout).toMatch(/^\+ {2}paused: true$/m);
      });

      it.concurrent.each(cellsOf(state).map((tool) => ({ tool })))("$tool: what comes of it", async ({ tool }) => {
        const { plan, next, free } = seenOf(state, tool, codes.get(tool));
        const name = nameOf(state, tool);
        const earlier = before.get(tool)?.metadata.name;
        const stands = async () => {
          const all = await plansOf(name);
          const first = all.find(({ metadata }) => metadata.name === earlier);
          return { plan: first?.status?.phase, next: all.filter((one) => one !== first).map(({ status }) => status?.phase) };
        };
        const wanted = { plan, next: next === undefined ? [] : [next] };
        await until(
          `${name} to stand at ${JSON.stringify(wanted)}`,
          async () => JSON.stringify(await stands()) === JSON.stringify(wanted),
          90,
        );
        if (free) await until("nobody holds it", async () => isFree(await story.get<Stored>("deploy", name)), 30);
      });
    });
  }

  const seenOf = (state: State, tool: Tool, code: number | undefined): Seen => {
    const seen = table[state][tool] as Seen;
    return code === 0 && seen.unrefused ? seen.unrefused : seen;
  };
  const cellsOf = (state: State): Tool[] => Object.keys(table[state]);
  const nameOf = (state: State, tool: Tool): string =>
    `${state}-${tool}`
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replace(/-$/, "");
  const image = (state: State, version: number): string => `${state.toLowerCase()}/nginx:${version}`;

  function manifest(state: State, tool: Tool, { version, replicas = 2, paused, sidecar = 1, init = 1 }: ManifestChange): unknown {
    const containers = ["second container"].includes(tool)
      ? [{ name: "sidecar", image: image(state, 10 + sidecar), ports: [{ containerPort: 81 }] }]
      : [];
    const deployment = shopDeployment({
      name: nameOf(state, tool),
      replicas,
      image: image(state, version),
      deployment: paused === undefined ? {} : { paused },
      pod: tool === "init container" ? { initContainers: [{ name: "init", image: image(state, 10 + init) }] } : {},
    }) as { spec: { template: { spec: { containers: unknown[] } } } };
    deployment.spec.template.spec.containers.push(...containers);
    return deployment;
  }

  async function fileOf(state: State, tool: Tool, change: ManifestChange): Promise<string> {
    const file = join(story.lab.dir, `${nameOf(state, tool)}.yaml`);
    await writeFile(file, stringify(manifest(state, tool, change)));
    return file;
  }

  /** All of a state's Deployments at once. */
  async function bringTo(state: State): Promise<void> {
    if (state === "idle") return;
    const names = cellsOf(state).map((tool) => nameOf(state, tool));
    await applyAll(
      story,
      cellsOf(state).map((tool) => manifest(state, tool, { version: 2 })),
    );
    const at = (what: string, is: (plan: CanaryPlan) => boolean) =>
      until(`every Deployment to be ${what}`, async () => {
        const theirs = (await plans()).filter(({ spec }) => names.includes(spec.deployment.name));
        return theirs.length === names.length && theirs.every(is) && theirs;
      });
    if (state === "gate") await at("at its gate", ({ status }) => status?.phase === "Paused");
    else {
      const paused = await at("in its pause", ({ status }) => status?.reason === "StepStarted" && status.step?.index === 1);
      if (state === "progressing") return;
      const control = state === "promoting" ? { promote: { full: true } } : { abort: {} };
      const patch = JSON.stringify({ spec: { control } });
      for (const { metadata } of paused) await story.kubectl("patch", "plan", metadata.name, "--type=merge", "-p", patch);
      if (state === "promoting") await at("promoting", ({ status }) => status?.stage === "delay");
      else if (state === "held") await at("held", ({ status }) => status?.phase === "Held");
      else await at("rolling back", ({ status }) => status?.stage === "revertAfter");
    }
  }
});

interface Stored {
  metadata: { annotations?: Record<string, string> };
  spec: { paused?: boolean; replicas: number; template: { spec: { containers: Array<{ image: string }> } } };
}

const isFree = ({ metadata, spec }: Stored): boolean =>
  spec.paused === undefined && metadata.annotations?.[annotations.intent] === undefined;
