import { annotations } from "../../src/api/names.ts";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { isLive } from "../../src/api/plan.ts";
import { type AuditHeads, auditHeadsName, parseHeads } from "../../src/api/seal.ts";
import type { PodTemplate } from "../../src/api/template.ts";
import { type Verified, verifyAudit } from "../../src/core/audit/verify.ts";
import type { VirtualServiceObject } from "../../src/core/traffic/wire.ts";
import type { ConfigMap, Deployment, KubeObject, Pod, ReplicaSet, Service } from "../../src/kube/object.ts";
import { resources } from "../../src/kube/resources.ts";
import type { AuditKeys } from "../../src/tls/auditKeys.ts";
import type { Follower } from "../../src/worker/follower.ts";
import { aDeployment } from "../build/deployment.ts";
import { aPolicy, type PolicyInput, withSpec } from "../build/policy.ts";
import { deploymentName, labels, namespace, stableImage, start, template } from "../build/story.ts";
import { ApiServer } from "./apiServer.ts";
import { DeploymentController } from "./controllers.ts";
import { Mesh } from "./mesh.ts";
import { PodControllers } from "./pods.ts";
import { FakePrometheus } from "./prometheus.ts";
import { SimulatedClock } from "./simulatedClock.ts";
import { Users } from "./users.ts";
import { Watchman } from "./watchman.ts";
import { auditKeys, type CrashPoint, WorkerProcess } from "./workerProcess.ts";

export interface ClusterOptions {
  policy?: Partial<PolicyInput>;
  replicas?: number;
  routes?: VirtualServiceObject[];
  withoutService?: boolean;
  serviceName?: string;
  withoutIstio?: boolean;
  /** Requests per second. */
  rate?: number;
  meshLagMs?: number;
  latencyMs?: number;
  watchLagMs?: number;
  crash?: CrashPoint;
  /** How long nobody works after a crash. */
  downMs?: number;
  /** How far the clocks of the workers, one after the other, are ahead of all others. */
  skewsMs?: readonly number[];
  /** Who reads each worker's plans beside the loop. */
  followers?: readonly Follower[];
  /** Milliseconds between two scrapes of Prometheus. */
  scrapeMs?: number;
  /** Requests can't be counted by revision. */
  uncounted?: boolean;
  /** Pods may die in this story, so that requests may be lost however well the worker works. */
  podsDie?: boolean;
}

/**
 * A cluster of one Deployment in which a whole plan runs to its end within milliseconds: API server, controllers, proxies with their requests, Prometheus,
 * the webhook and the worker. No I/O and no real time; the invariants of design §9 are watched at every write.
 */
export class Cluster {
  readonly clock = new SimulatedClock(start);
  readonly server = new ApiServer(() => this.clock.now());
  readonly pods: PodControllers;
  readonly mesh: Mesh;
  readonly prometheus: FakePrometheus;
  readonly users: Users;
  readonly watchman: Watchman;
  worker: WorkerProcess | undefined;
  readonly #options: ClusterOptions;
  readonly #workers: WorkerProcess[] = [];
  crashes = 0;
  /** What the worker finds when it reads the keys that seal. */
  sealsWith: AuditKeys = auditKeys;

  private constructor(options: ClusterOptions) {
    this.#options = options;
    const { server, clock } = this;
    this.pods = new PodControllers(server, clock, { readyMs: 1_000, graceMs: 2_000 });
    new DeploymentController(server, clock);
    this.mesh = new Mesh(server, clock, {
      service: { name: options.serviceName ?? deploymentName, namespace },
      rate: options.withoutService ? 0 : (options.rate ?? 100),
      lagMs: options.meshLagMs ?? 300,
    });
    this.users = new Users(server, clock);
    this.watchman = new Watchman(this);
    this.prometheus = new FakePrometheus(clock, this.mesh, options.scrapeMs);
    this.prometheus.counts = !options.uncounted;
  }

  /** A cluster in which stable serves and a worker waits. */
  static async of(options: ClusterOptions = {}): Promise<Cluster> {
    // The back-off of a queue is jittered; a story must go the same way each time it is told.
    Math.random = () => 0.5;
    const cluster = new Cluster(options);
    cluster.#populate();
    await cluster.run(3_000);
    cluster.clock.onMove((at) => cluster.mesh.pass(at - cluster.clock.now()));
    cluster.startWorker(options.crash);
    await cluster.run(200);
    return cluster;
  }

  #populate(): void {
    const { server } = this;
    const { replicas = 4, routes = [], withoutService, withoutIstio, policy = {} } = this.#options;
    if (withoutIstio) for (const kind of ["virtualservices", "destinationrules"]) server.absent.add(kind);
    server.create(resources.namespaces, { metadata: { name: namespace, labels: {} } });
    const { status: _, ...deployment } = aDeployment();
    deployment.spec.replicas = replicas;
    deployment.spec.template = template(stableImage) as unknown as typeof deployment.spec.template;
    server.create(resources.deployments, deployment, { manager: "helm" });
    if (!withoutService) server.create(resources.services, service(this.#options.serviceName ?? deploymentName));
    for (const route of routes) server.create(resources.virtualservices, route, { manager: "argocd" });
    const { metadata, spec } = aPolicy(withSpec({ traffic: { settle: "1s" }, ...policy }));
    server.create(resources.canarypolicies, {
      apiVersion: "serin.dev/v1alpha1",
      kind: "CanaryPolicy",
      metadata: { name: metadata.name },
      spec,
    });
  }

  startWorker(crash?: CrashPoint): void {
    const { latencyMs = 2, watchLagMs = 20 } = this.#options;
    this.worker = new WorkerProcess(this.server, this.clock, this.prometheus, {
      lags: { latencyMs, watchLagMs },
      crash,
      sealsWith: () => this.sealsWith,
      skewMs: this.#options.skewsMs?.[this.#workers.length],
      followers: this.#options.followers,
    });
    this.#workers.push(this.worker);
    this.worker.onCrash = () => {
      this.crashes += 1;
      this.clock.setTimer(() => this.startWorker(), this.#options.downMs ?? 500);
    };
  }

  /** The worker dies and another one takes over after a while. */
  crash(): void {
    if (!this.worker?.isAlive) return;
    this.worker.kill();
    this.worker.onCrash();
  }

  /** Lets so many milliseconds pass. */
  async run(milliseconds: number, isOver?: () => boolean): Promise<void> {
    await this.clock.advanceTo(this.clock.now() + milliseconds, isOver);
  }

  /** Until every plan has ended and the cluster is quiet, at most so long. @throws when plans are still live then */
  async runToEnd(milliseconds = 900_000): Promise<void> {
    const quiet = () => this.quiet();
    await this.run(milliseconds, quiet);
    if (!quiet()) throw new Error(`still going on after ${milliseconds / 1_000} s: ${this.describe()}`);
    await this.run(4_000);
  }

  /** Every plan has ended, and what was asked for last has had its plan or needs none. */
  quiet(): boolean {
    const over = (plan: CanaryPlan) => !isLive(plan) && ((plan.metadata.finalizers ?? []).length === 0 || plan.status?.phase === "Held");
    if (!this.plans.every(over)) return false;
    const { deployment } = this;
    if (!deployment || deployment.metadata.deletionTimestamp) return true;
    // One that somebody unpaused past the admission a moment ago is paused again, and gets its plan.
    if (!deployment.spec?.paused) return deployment.metadata.annotations?.[annotations.intent] === undefined;
    const asked = this.users.held.at(-1)?.uid;
    return asked === undefined || this.plans.some(({ spec, status }) => spec.request?.uid === asked && status?.phase === "Held");
  }

  /** Ends all processes; errors of theirs, and broken invariants, fail the test that asks. */
  findings(): string[] {
    const errors = this.#workers.flatMap((worker) =>
      worker.errors.map((error) => `worker: ${error instanceof Error ? error.stack : String(error)}`),
    );
    for (const worker of this.#workers) worker.kill();
    const lost =
      this.mesh.lost > 0 && !this.#options.podsDie
        ? [`${this.mesh.lost.toFixed(1)} requests lost: ${this.mesh.losses.slice(0, 3).join("; ")}`]
        : [];
    return [...new Set([...errors, ...this.watchman.findings(), ...lost, ...this.#auditFindings()])].slice(0, 12);
  }

  get heads(): AuditHeads | undefined {
    return parseHeads(this.server.get<ConfigMap>(resources.configmaps, auditHeadsName, "serin-system")?.data);
  }

  /** What `audit verify` says of these plans. */
  verify(plans: readonly CanaryPlan[]): Verified {
    return verifyAudit({ plans, heads: this.heads, keys: auditKeys.records, complete: true, now: this.clock.now() });
  }

  /** Whatever happened, the record vouches for itself; plans that somebody deleted after their end are taken as an export has them. */
  #auditFindings(): string[] {
    const { findings, unchecked } = this.verify(this.watchman.plans);
    return [...findings.map(({ code, message }) => `audit: ${code}: ${message}`), ...unchecked.map((what) => `audit: unchecked: ${what}`)];
  }

  get deployment(): Deployment | undefined {
    return this.server.get<Deployment>(resources.deployments, deploymentName, namespace);
  }
  get plans(): CanaryPlan[] {
    return this.server.list<CanaryPlan>(resources.canaryplans);
  }
  /** The plan that was made last. */
  get plan(): CanaryPlan | undefined {
    return this.plans.at(-1);
  }
  get replicaSets(): ReplicaSet[] {
    return this.server.list<ReplicaSet>(resources.replicasets);
  }
  route(name = deploymentName): VirtualServiceObject | undefined {
    return this.server.get<VirtualServiceObject>(resources.virtualservices, name, namespace);
  }
  get events(): string[] {
    return this.server.list<KubeObject>(resources.events).map((event) => String(event["reason"]));
  }
  /** Running pods by image. */
  running(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const pod of this.server.list<Pod>(resources.pods)) {
      const image = pod.spec?.containers[0]?.image ?? "";
      if (!pod.metadata.deletionTimestamp) counts[image] = (counts[image] ?? 0) + 1;
    }
    return counts;
  }
  podsOf(image: string): Pod[] {
    return this.server
      .list<Pod>(resources.pods)
      .filter((pod) => pod.spec?.containers[0]?.image === image && !pod.metadata.deletionTimestamp);
  }

  /** What stands where, in one line, for failures of tests. */
  describe(): string {
    const plans = this.plans.map(
      ({ metadata, status }) =>
        `${metadata.name} ${status?.phase} ${status?.outcome ?? ""} stage ${status?.stage} step ${status?.step?.index} (${status?.reason}: ${status?.message})`,
    );
    const sets = this.replicaSets.map(
      ({ metadata, spec, status }) =>
        `${metadata.name} of ${metadata.ownerReferences?.[0]?.kind} ${spec?.replicas}/${status?.readyReplicas}${metadata.deletionTimestamp ? " deleting" : ""}`,
    );
    return `${plans.join(" · ")} | paused ${this.deployment?.spec?.paused} | ${sets.join(", ")}`;
  }
}

const service = (name: string): Service =>
  ({
    metadata: { name, namespace },
    spec: { selector: labels, clusterIP: "10.0.0.1", ports: [{ name: "http", port: 80, protocol: "TCP" }] },
  }) as unknown as Service;

export const imageOf = (deployment: Deployment | undefined): string =>
  (deployment?.spec?.template as unknown as PodTemplate | undefined)?.spec.containers[0]?.image ?? "";
