import { podTemplateHash } from "../../src/api/names.ts";
import { resolveHost } from "../../src/core/traffic/hosts.ts";
import { shareOf } from "../../src/core/traffic/routes.ts";
import type { DestinationRuleObject, RouteDestination, VirtualServiceObject } from "../../src/core/traffic/wire.ts";
import type { KubeObject, Pod } from "../../src/kube/object.ts";
import { resources } from "../../src/kube/resources.ts";
import { type ApiServer, type Change, keyOf } from "./apiServer.ts";
import { isReady } from "./pods.ts";
import type { SimulatedClock } from "./simulatedClock.ts";

/** What one proxy has heard of. */
interface View {
  /** Milliseconds until it hears of a change, by what has changed. */
  lags: { routes: number; rules: number; pods: number };
  routes: Map<string, VirtualServiceObject>;
  rules: Map<string, DestinationRuleObject>;
  /** Ready pods of the Service, by name, with their hash and image. */
  pods: Map<string, { hash: string; image: string }>;
  flows: Flow[] | undefined;
}

/** A part of the requests: where it goes, or why it is lost. */
interface Flow {
  share: number;
  hash?: string;
  image?: string;
  lost?: string;
  /** By a subset, and not as one endpoint of the Service among others. */
  isNamed?: boolean;
}

const heardAs: Record<string, keyof View["lags"]> = { virtualservices: "routes", destinationrules: "rules", pods: "pods" };

const heardLate = ({ lags }: View): string => `of routes after ${lags.routes} ms, of rules after ${lags.rules} ms`;

export interface Count {
  requests: number;
  errors: number;
  /** Answered within 800 ms instead of 5. */
  slow: number;
}

export interface MeshOptions {
  service: { name: string; namespace: string };
  /** Requests per second. */
  rate: number;
  /** Until the slowest proxies have heard of a change. Some hear at once, some of routes late, some of rules and endpoints late. */
  lagMs: number;
}

/**
 * Proxies that send a steady stream of requests: half through a gateway, half from callers in the mesh, each by what it has heard of so far. A request to a
 * subset that the proxy does not know, or in which no pod that it knows is alive, is lost.
 */
export class Mesh {
  readonly #server: ApiServer;
  readonly #clock: SimulatedClock;
  readonly #options: MeshOptions;
  readonly #views: View[];
  readonly counts = new Map<string, Count>();
  lost = 0;
  readonly losses: string[] = [];
  /** The canary's weight as the slowest proxy sees it, each change once: `[time, hash, percent]` of the second destination. */
  readonly weightsSeen: Array<{ at: number; hash: string; weight: number }> = [];

  constructor(server: ApiServer, clock: SimulatedClock, options: MeshOptions) {
    this.#server = server;
    this.#clock = clock;
    this.#options = options;
    const late = options.lagMs;
    this.#views = [
      { routes: 0, rules: 0, pods: 0 },
      { routes: late, rules: 0, pods: 0 },
      { routes: 0, rules: late, pods: late },
      { routes: late, rules: late, pods: late },
    ].map((lags) => ({ lags, routes: new Map(), rules: new Map(), pods: new Map(), flows: undefined }));
    server.onChange((change) => this.#spread(change));
  }

  /** Requests of the time since the last call, with what the proxies knew. */
  pass(milliseconds: number): void {
    if (this.#options.rate === 0) return;
    const requests = (this.#options.rate * milliseconds) / 1_000 / this.#views.length;
    for (const view of this.#views) {
      view.flows ??= this.#flowsOf(view);
      for (const flow of view.flows) this.#count(flow, requests * flow.share);
    }
  }

  #count({ hash = "", image = "", lost }: Flow, requests: number): void {
    if (lost !== undefined) {
      this.lost += requests;
      const told = `${new Date(this.#clock.now()).toISOString().slice(14, 23)} ${lost}`;
      if (this.losses.length < 20 && requests > 0) this.losses.push(told);
      return;
    }
    const count = this.counts.get(hash) ?? { requests: 0, errors: 0, slow: 0 };
    count.requests += requests;
    if (image.endsWith("-delay800")) count.slow += requests;
    if (image.endsWith("-errors50")) count.errors += requests / 2;
    this.counts.set(hash, count);
  }

  /** Whether some proxy still sends anything to pods of this hash because a route names them. */
  reaches(hash: string): boolean {
    return this.#views.some((view) => {
      view.flows ??= this.#flowsOf(view);
      return view.flows.some((flow) => flow.isNamed && flow.hash === hash && flow.share > 0);
    });
  }

  #spread({ resource, object, type }: Change): void {
    const take = this.#taking(resource.plural, object, type === "DELETED");
    if (!take) return;
    // Whether a pod answers is true at once, whoever has heard of it.
    if (resource.plural === resources.pods.plural) for (const view of this.#views) view.flows = undefined;
    for (const view of this.#views) {
      const hear = () => {
        take(view);
        view.flows = undefined;
        if (view === this.#views.at(-1) && resource.plural === "virtualservices") this.#note(view);
      };
      const lag = view.lags[heardAs[resource.plural] ?? "pods"];
      if (lag === 0) hear();
      else this.#clock.setTimer(hear, lag);
    }
  }

  #taking(kind: string, object: KubeObject, gone: boolean): ((view: View) => void) | undefined {
    const key = keyOf(object.metadata.name ?? "", object.metadata.namespace);
    const put = <T>(map: Map<string, T>, value: T) => (gone ? void map.delete(key) : void map.set(key, value));
    if (kind === resources.virtualservices.plural) return (view) => put(view.routes, object as unknown as VirtualServiceObject);
    if (kind === resources.destinationrules.plural) return (view) => put(view.rules, object as unknown as DestinationRuleObject);
    if (kind !== resources.pods.plural) return undefined;
    const pod = object as unknown as Pod;
    const known = { hash: pod.metadata.labels?.[podTemplateHash] ?? "", image: pod.spec?.containers[0]?.image ?? "" };
    return (view) => (isReady(pod) && !gone ? void view.pods.set(key, known) : void view.pods.delete(key));
  }

  #note(view: View): void {
    const pair = [...view.routes.values()]
      .flatMap(({ spec }) => (spec.http ?? [])[0]?.route ?? [])
      .filter(({ destination }) => destination.subset?.startsWith("rev-"));
    const canary = pair[1];
    if (!canary) return;
    const total = (pair[0]?.weight ?? 0) + (canary.weight ?? 0);
    const seen = {
      at: this.#clock.now(),
      hash: String(canary.destination.subset).slice(4),
      weight: Math.round((100 * (canary.weight ?? 0)) / Math.max(1, total)),
    };
    const last = this.weightsSeen.at(-1);
    if (last?.weight !== seen.weight || last.hash !== seen.hash) this.weightsSeen.push(seen);
  }

  #flowsOf(view: View): Flow[] {
    const lists = [this.#routeOf(view, "gateway"), this.#routeOf(view, "mesh")].filter((list) => list !== undefined);
    return lists.flatMap((list) =>
      list.flatMap((entry) => this.#flowsTo(view, list, entry).map((flow) => ({ ...flow, share: flow.share / lists.length }))),
    );
  }

  /** The first route of the VirtualService for this way in; callers in the mesh without one go to the Service itself. */
  #routeOf(view: View, way: "gateway" | "mesh"): readonly RouteDestination[] | undefined {
    const { service } = this.#options;
    const found = [...view.routes.values()].find(({ spec, metadata }) => {
      const gateways = spec.gateways ?? ["mesh"];
      if (way === "gateway") return gateways.some((gateway) => gateway !== "mesh");
      return gateways.includes("mesh") && (spec.hosts ?? []).some((host) => resolveHost(host, metadata.namespace)?.name === service.name);
    });
    if (found) return (found.spec.http ?? [])[0]?.route ?? [];
    return way === "gateway" ? undefined : [{ destination: { host: service.name } }];
  }

  #flowsTo(view: View, list: readonly RouteDestination[], entry: RouteDestination): Flow[] {
    const total = list.reduce((sum, each) => sum + shareOf(list, each), 0);
    const share = shareOf(list, entry) / Math.max(1, total);
    const { host, subset } = entry.destination;
    if (share === 0 || resolveHost(host, this.#options.service.namespace)?.name !== this.#options.service.name) return [];
    const labels = this.#labelsOf(view, subset);
    if (labels === undefined) return [{ share, lost: `subset ${subset} is unknown to a proxy that hears ${heardLate(view)}` }];
    const wanted = labels[podTemplateHash];
    const alive = [...view.pods]
      .filter(([key, { hash }]) => (wanted === undefined || hash === wanted) && this.#answers(key))
      .map(([, pod]) => pod);
    if (alive.length === 0) return [{ share, lost: `no pod answers in ${subset ?? host} for a proxy that hears ${heardLate(view)}` }];
    return alive.map(({ hash, image }) => ({ share: share / alive.length, hash, image, isNamed: subset !== undefined }));
  }

  #labelsOf(view: View, subset: string | undefined): Record<string, string> | undefined {
    if (subset === undefined) return {};
    for (const rule of view.rules.values()) {
      if (resolveHost(rule.spec.host, rule.metadata.namespace)?.name !== this.#options.service.name) continue;
      const found = (rule.spec.subsets ?? []).find(({ name }) => name === subset);
      if (found) return { ...found.labels };
    }
    return undefined;
  }

  /** A pod on its way out goes on answering until it is gone; one that crashed does not. */
  #answers(key: string): boolean {
    const [namespace = "", name = ""] = key.split("/");
    const pod = this.#server.get<Pod>(resources.pods, name, namespace);
    return pod !== undefined && (pod.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
  }
}
