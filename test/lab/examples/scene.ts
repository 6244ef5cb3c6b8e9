import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import { asList } from "../kubectl.ts";
import { CHECKOUT } from "../labEnvironment.ts";
import type { Load } from "../load/startLoad.ts";
import { Story } from "../story.ts";
import { type ShopOptions, shopDeployment, shopService } from "../storyShop.ts";
import { hostOf, townLoad } from "../storyTown.ts";
import { until } from "../until.ts";

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: Record<string, unknown>;
}

export interface House extends Omit<ShopOptions, "route" | "more" | "name"> {
  name: string;
  /** Of the Deployment itself. */
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** false: no VirtualService. */
  route?: boolean;
}

export interface Setting {
  /** Of the namespace. */
  labels?: Record<string, string>;
  houses?: readonly House[];
  /** In place of the short ones, by field: where something is looked at that must still be so when kubectl has answered, seconds on a busy machine. */
  durations?: Durations;
}

type Durations = Readonly<Record<string, string>>;

/** One example in a namespace of its own: told from there, so that every command is as it is typed. */
export class Scene extends Story {
  readonly #town: Story;
  readonly #loads: Load[] = [];

  private constructor(town: Story, namespace: string, kubeconfig: string) {
    const env = { ...town.lab.env, KUBECONFIG: kubeconfig };
    super({ ...town.lab, env, kubectl: (...args) => town.lab.kubectl("-n", namespace, ...args) }, namespace);
    this.#town = town;
  }

  /** The namespace, with the labels that the example asks for, and the applications in it, ready; and then the file. */
  static async of(town: Story, file: string, { labels = {}, houses = [], durations = {} }: Setting): Promise<Scene> {
    const namespace = file.replace(/\.yaml$/, "");
    const config = parse(await readFile(town.lab.env["KUBECONFIG"] ?? "", "utf8")) as { contexts: { context: { namespace?: string } }[] };
    for (const { context } of config.contexts) context.namespace = namespace;
    const kubeconfig = join(town.lab.dir, `${namespace}.kubeconfig`);
    await writeFile(kubeconfig, stringify(config), { mode: 0o600 });
    const scene = new Scene(town, namespace, kubeconfig);
    await scene.applyAll([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } }]);
    await scene.applyAll(await exampleFor(file, namespace, { ...short, ...durations }));
    await scene.#settle(houses);
    return scene;
  }

  async applyAll(objects: readonly object[]): Promise<void> {
    await this.lab.apply(asList(objects));
  }

  /** Requests a second to one of the applications, until the scene ends. */
  async calls(name: string, rate: number): Promise<void> {
    this.#loads.push(await townLoad(this.#town, name, rate));
  }

  /** Of the application's pods that are not on their way out. */
  async podsOf<T>(name: string): Promise<T[]> {
    const { items } = JSON.parse(await this.kubectl("get", "pods", "-l", `app=${name}`, "-o", "json")) as {
      items: Array<T & { metadata: { deletionTimestamp?: string } }>;
    };
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  override async stop(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.stop()));
  }

  async #settle(houses: readonly House[]): Promise<void> {
    if (houses.length === 0) return;
    await this.applyAll(houses.flatMap((house) => this.#objectsOf(house)));
    await Promise.all(houses.map(({ name }) => this.kubectl("rollout", "status", `deploy/${name}`, "--timeout=60s")));
    await until("the policies to be read", async () => !(await this.#unread()));
  }

  /** A policy's status is written when the worker has read it; the webhook hears of it by the same watch. */
  async #unread(): Promise<boolean> {
    const { items } = JSON.parse(await this.kubectl("get", "canarypolicies", "-o", "json")) as { items: { status?: unknown }[] };
    return items.some(({ status }) => status === undefined);
  }

  #objectsOf({ labels, annotations, route, ...options }: House): object[] {
    const { name } = options;
    const { namespace } = this;
    const deployment = shopDeployment({ replicas: 2, ...options }) as Manifest;
    const virtualService = {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name, namespace },
      spec: {
        hosts: [hostOf(name)],
        gateways: ["default/town"],
        http: [{ route: [{ destination: { host: name, port: { number: 80 } } }] }],
      },
    };
    const service = shopService(name) as Manifest;
    return [
      { ...deployment, metadata: { ...deployment.metadata, namespace, labels, annotations } },
      { ...service, metadata: { ...service.metadata, namespace } },
      ...(route === false ? [] : [virtualService]),
    ];
  }
}

/** The file's objects, for this namespace alone and with durations of seconds; else as they are. */
async function exampleFor(file: string, namespace: string, durations: Durations): Promise<Manifest[]> {
  const text = await readFile(join(CHECKOUT, "manifests", "examples", file), "utf8");
  return parseAllDocuments(text).map((document) => {
    const manifest = shortened(document.toJS(), durations) as Manifest;
    if (manifest.kind === "Deployment") return { ...manifest, metadata: { ...manifest.metadata, namespace } };
    if (!["CanaryPolicy", "SidecarPolicy"].includes(manifest.kind)) return manifest;
    const match = (manifest.spec["match"] ?? {}) as { namespaceSelector?: { matchLabels?: Record<string, string> } };
    const matchLabels = { ...match.namespaceSelector?.matchLabels, "kubernetes.io/metadata.name": namespace };
    const namespaceSelector = { ...match.namespaceSelector, matchLabels };
    return { ...manifest, spec: { ...manifest.spec, match: { ...match, namespaceSelector } } };
  });
}

/** By the field's name. */
const short: Durations = {
  duration: "2s",
  interval: "2s",
  initialDelay: "2s",
  after: "8s",
  progressDeadline: "6s",
  revertAfter: "2s",
  scaleDownDelay: "10s",
};

function shortened(value: unknown, durations: Durations, field = ""): unknown {
  if (typeof value === "string") {
    if (field === "query") return value.replaceAll("[1m]", "[10s]");
    // A template's default for a Duration.
    if (field === "default" && value === "1m") return "10s";
    return durations[field] ?? value;
  }
  if (Array.isArray(value)) return value.map((one) => shortened(one, durations));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortened(one, durations, name)]));
}
