import { readFileSync } from "node:fs";
import { z } from "zod";
import { canaryPlanKind } from "../../src/api/crd.ts";
import type { CanaryPlan } from "../../src/api/plan.ts";
import type { Cluster, Io } from "../../src/cli/io.ts";
import { main } from "../../src/cli/main.ts";
import type { Scene } from "../../src/cli/scene.ts";
import { ApiError } from "../../src/kube/apiError.ts";
import type { Patch, PatchOptions } from "../../src/kube/client.ts";
import type { Storable } from "../../src/kube/object.ts";
import type { Resource } from "../../src/kube/resources.ts";
import type { PrometheusAnswer } from "../../src/prometheus/client.ts";
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
  /** Answers a patch; absent: the test fails on one. Throws what the API server would refuse it with. */
  onPatch?(name: string, body: unknown, options: PatchOptions): object;
  /** Answers a create; absent: the test fails on one. */
  onCreate?(object: object): object;
  /** What the API server says of itself. */
  about?: { version: string; date: number | undefined };
  /** What a person at the terminal answers; absent: there is nobody. */
  answer?: (question: string) => boolean;
  /** Files by name; `-` is standard input. */
  files?: Record<string, string>;
  /** Answers queries of the past. */
  query?(promql: string, at: number, address: string): readonly number[] | { series: Series[] } | { error: string };
  /** Plurals of kinds that may not be listed over all namespaces, or not at all. */
  forbidden?: Record<string, "everywhere" | "anywhere">;
  /** Plurals of kinds that are not installed. */
  absent?: readonly string[];
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
    async read(file) {
      const text = options.files?.[file];
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${file}'`);
      return text;
    },
    confirm: async (question) => options.answer?.(question),
    prometheus: async (address) => ({
      query: async (promql, of = {}) => answerOf(options, promql, of.at ?? 0, of.address ?? address),
      close: async () => undefined,
    }),
    screen: () => options.screen,
    env: options.env ?? {},
    now: () => start + ((options.at ?? 42) + second) * 1_000,
    async sleep(milliseconds) {
      second += milliseconds / 1_000;
      if (second >= worlds.length) interrupted.abort();
    },
    interrupted: interrupted.signal,
    connect: options.connect ?? (() => clusterOf(() => worlds[Math.min(second, worlds.length - 1)] ?? [], options)),
  };
  const code = await main(
    line.split(" ").filter((word) => word !== ""),
    io,
  );
  if (/ -o json( |$)/.test(line) && printed.out !== "") checkPublished(line, printed.out);
  return { code, ...printed };
}

const schema = JSON.parse(readFileSync(new URL("../../src/cli/output/schema.json", import.meta.url), "utf8"));
const published = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);

/** Whatever any test prints as JSON is what the schema says, one object or one a line (NDJSON). */
function checkPublished(line: string, out: string): void {
  const objects = out.startsWith('{"') ? out.trim().split("\n") : [out];
  for (const object of objects) {
    const { error } = published.safeParse(JSON.parse(object));
    if (error) throw new Error(`kubectl serin ${line} prints what src/cli/output/schema.json does not say: ${z.prettifyError(error)}`);
  }
}

type Series = Extract<PrometheusAnswer, { kind: "values" }>["series"][number];

function answerOf({ query }: TerminalOptions, promql: string, at: number, address: string): PrometheusAnswer {
  if (query === undefined) throw new Error(`a query that no test expects: ${promql}`);
  const said = query(promql, at, address);
  if ("error" in said) return { kind: "error", message: said.error } as PrometheusAnswer;
  const series = "series" in said ? said.series : said.map((value) => ({ labels: {}, value, at }));
  return { kind: "values", values: series.map(({ value }) => value), series, warnings: [] };
}

/** A cluster that answers from a world. Label selectors of `key=value` are followed; the field selector is the one of plans. */
function clusterOf(world: () => World, options: TerminalOptions): Cluster {
  const { namespace = "shop", forbidden = {}, absent = [], onPatch } = options;
  const refuse = (code: number, reason: string, doing: string) => {
    throw new ApiError({ code, reason, doing, message: `${reason} in this test` });
  };
  const mayRead = ({ plural }: Resource, verb: string, where: string | undefined) => {
    if (forbidden[plural] === "anywhere" || (forbidden[plural] && where === undefined)) refuse(403, "Forbidden", `${verb} ${plural}`);
  };
  type Found = { kind: string; metadata: { name: string; namespace?: string; labels?: Record<string, string> } };
  const of = (kind: string) => (world() as Found[]).filter((object) => object.kind === kind);
  return {
    namespace,
    close: async () => undefined,
    about: async () => options.about ?? { version: "v1.36.3", date: start },
    client: {
      create: async <T extends Storable>(resource: Resource, object: T) => {
        if (options.onCreate === undefined) throw new Error(`a write that no test expects: create ${resource.plural}`);
        return options.onCreate(object as object) as T;
      },
      get: async <T extends Storable>(resource: Resource, name: string, wanted?: string) => {
        mayRead(resource, "get", wanted);
        return of(resource.kind).find(({ metadata }) => metadata.name === name && metadata.namespace === wanted) as T | undefined;
      },
      patch: async <T extends Storable>(_: Resource, name: string, _namespace: string | undefined, patch: Patch, how: PatchOptions) => {
        if (onPatch === undefined || patch.type === "apply") throw new Error(`a write that no test expects: ${name}`);
        return onPatch(name, patch.type === "json" ? patch.operations : patch.body, how) as T;
      },
      list: async <T extends Storable>(
        resource: Resource,
        query: { namespace?: string | undefined; labelSelector?: string | undefined; fieldSelector?: string | undefined } = {},
      ) => {
        if (absent.includes(resource.plural)) refuse(404, "KindNotInstalled", `list ${resource.plural}`);
        mayRead(resource, "list", query.namespace);
        const labels = (query.labelSelector ?? "")
          .split(",")
          .filter((each) => each !== "")
          .map((each) => each.split("="));
        const items = of(resource.kind)
          .filter(({ metadata }) => query.namespace === undefined || metadata.namespace === query.namespace)
          .filter(({ metadata }) => labels.every(([key = "", value]) => metadata.labels?.[key] === value))
          .filter(
            (object) =>
              resource.kind !== canaryPlanKind.kind ||
              query.fieldSelector === undefined ||
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
