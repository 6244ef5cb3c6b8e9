import { canaryPlanKind } from "../../src/api/crd.ts";
import type { CanaryPlan } from "../../src/api/plan.ts";
import type { Cluster, Io } from "../../src/cli/io.ts";
import { main } from "../../src/cli/main.ts";
import type { Scene } from "../../src/cli/scene.ts";
import type { Storable } from "../../src/kube/object.ts";
import type { Resource } from "../../src/kube/resources.ts";
import { start } from "../build/story.ts";

/** Objects as the API server would hold them: `world(aDeployment(), aPlan(), …)`. */
export type World = ReadonlyArray<object>;

export interface TerminalOptions {
  screen?: { columns: number; rows: number } | undefined;
  env?: Record<string, string>;
  /** Seconds into the story. */
  at?: number;
  /** The context's namespace. */
  namespace?: string;
  connect?: Io["connect"];
}

export interface Printed {
  code: number;
  /** Standard output, escape sequences and all. */
  out: string;
  err: string;
}

/** Runs the CLI as a user would type it: `serin("get deploy/nginx -n shop", [world])`. With several worlds each second shows the next. */
export async function serin(line: string, worlds: readonly World[], options: TerminalOptions = {}): Promise<Printed> {
  const printed = { out: "", err: "" };
  let second = 0;
  const interrupted = new AbortController();
  const io: Io = {
    out(text) {
      printed.out += text;
    },
    err(text) {
      printed.err += text;
    },
    screen: () => options.screen,
    env: options.env ?? {},
    now: () => start + ((options.at ?? 42) + second) * 1_000,
    async sleep(milliseconds) {
      second += milliseconds / 1_000;
      if (second >= worlds.length) interrupted.abort();
    },
    interrupted: interrupted.signal,
    connect: options.connect ?? (() => clusterOf(() => worlds[Math.min(second, worlds.length - 1)] ?? [], options.namespace ?? "shop")),
  };
  const code = await main(
    line.split(" ").filter((word) => word !== ""),
    io,
  );
  return { code, ...printed };
}

/** A cluster that answers from a world. Label selectors of `key=value` are followed; the field selector is the one of plans. */
function clusterOf(world: () => World, namespace: string): Cluster {
  type Found = { kind: string; metadata: { name: string; namespace?: string; labels?: Record<string, string> } };
  const of = (kind: string) => (world() as Found[]).filter((object) => object.kind === kind);
  return {
    namespace,
    close: async () => undefined,
    client: {
      get: async <T extends Storable>(resource: Resource, name: string, wanted?: string) =>
        of(resource.kind).find(({ metadata }) => metadata.name === name && metadata.namespace === wanted) as T | undefined,
      list: async <T extends Storable>(
        resource: Resource,
        query: { namespace?: string | undefined; labelSelector?: string | undefined; fieldSelector?: string | undefined } = {},
      ) => {
        const labels = (query.labelSelector ?? "")
          .split(",")
          .filter((each) => each !== "")
          .map((each) => each.split("="));
        const items = of(resource.kind)
          .filter(({ metadata }) => metadata.namespace === query.namespace)
          .filter(({ metadata }) => labels.every(([key = "", value]) => metadata.labels?.[key] === value))
          .filter(
            (object) =>
              resource.kind !== canaryPlanKind.kind ||
              query.fieldSelector === `spec.deployment.name=${(object as unknown as CanaryPlan).spec.deployment.name}`,
          );
        return { items: items as unknown as T[], resourceVersion: "1000" };
      },
    },
  };
}

/** The objects of one screen without a client, for tests of the view alone. */
export function sceneOf(parts: Partial<Scene>): Scene {
  return {
    namespace: "shop",
    name: "nginx",
    deployment: undefined,
    plan: undefined,
    replicaSets: [],
    pods: [],
    virtualServices: [],
    ...parts,
  };
}
