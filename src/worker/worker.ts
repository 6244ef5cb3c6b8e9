import type { Log } from "../api/logLine.ts";
import { isLive, type PlanStatus } from "../api/plan.ts";
import type { SealKey } from "../core/admission/seal.ts";
import { settleTime } from "../core/analysis/settle.ts";
import type { Told } from "../core/notify/notified.ts";
import { isConflict, isNotFound } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import type { Trouble } from "../kube/reflector.ts";
import type { Prometheus } from "../prometheus/client.ts";
import { settleSource } from "../prometheus/settle.ts";
import type { AuditKeys } from "../tls/auditKeys.ts";
import type { Hands } from "./act/act.ts";
import { Outdated } from "./act/guest.ts";
import { bypassRecorder } from "./bypassRecorder.ts";
import { type Caches, openCaches } from "./caches.ts";
import { followDeparture } from "./departure.ts";
import type { Follower, World } from "./follower.ts";
import { lately } from "./lately.ts";
import { countAll } from "./measure/countRequests.ts";
import { type Instruments, startMeasurement } from "./measure/measure.ts";
import { builtinReader } from "./measure/readBuiltins.ts";
import { Memories } from "./memory.ts";
import type { Senses } from "./observe.ts";
import { policyKey, policyOfKey, writePolicyStatus } from "./policyStatus.ts";
import type { DeploymentProjection } from "./project.ts";
import { type Clock, createQueue } from "./queue.ts";
import { type Reconciler, reconcile } from "./reconcile.ts";
import { Sealer } from "./sealer.ts";
import { isSidecarKey, SidecarWatch } from "./sidecars.ts";
import type { WorkerState } from "./stateGauges.ts";
import { newestTimeIn, steadyNow } from "./steadyNow.ts";
import { tidyRecord } from "./tidyRecord.ts";

export interface WorkerOptions {
  client: Client;
  prometheus: Prometheus;
  /** The same for Serin's own counting, with connections of its own; `prometheus` when absent. */
  counting?: Prometheus;
  keys(): readonly SealKey[];
  log: Log;
  /** Serin's own namespace, never touched. */
  namespace: string;
  /** Name of this process, for Events. */
  instance: string;
  clock: Clock;
  /** Milliseconds since the epoch. */
  now(): number;
  /** False from the moment on that another worker may be leading. */
  isLeader(): boolean;
  /** The keys that seal finished plans, read when they are needed. */
  auditKeys(): Promise<AuditKeys>;
  /** A plan of phase Bypassed was recorded; the reason is one of the catalogue's. */
  onBypass?(reason: string): void;
  /** A plan of a request has ended with this status. */
  onEnd?(status: PlanStatus): void;
  /** Those who read the plans beside the loop. */
  followers?: readonly Follower[];
  /** What is known of those whom a policy names to be told. */
  told?(policy: string): Told;
}

export interface Worker {
  /** Resolves when every cache has its first list. */
  ready: Promise<void>;
  /** Begins to act; a term of leadership. */
  lead(signal: AbortSignal): void;
  /** What it shows of itself, from its caches. */
  state(): WorkerState;
  /** Serin is being uninstalled. */
  isLeaving(): boolean;
  /** Before it leads: keeps its rights until it gives them back. */
  holdRights(): Promise<void>;
  /** The process shall end. Resolves when it may: at once, unless Serin is being uninstalled and something of it still stands. */
  beforeEnd(): Promise<void>;
  stop(): Promise<void>;
}

/** How often the meters are looked at while plans live; each has its own, longer, pace. */
const meterMs = 500;

/** What could not be sealed, or pruned in one go, is looked at again so soon. */
const tidyAgainMs = 30_000;

/**
 * The caches are warm in every worker, so that a successor acts at once; only the leader has a queue. A new leader looks at every
 * Deployment once, and therefore touches what its plans route before anything else of an earlier leader could (design I9).
 */
export function createWorker(options: WorkerOptions): Worker {
  const { client, prometheus, counting = prometheus, log, clock } = options;
  const steady = steadyNow(options.now);
  const { now } = steady;
  const memories = new Memories();
  const settling = settleSource(counting, { now });
  const unled = lately<{ before: DeploymentProjection; after: DeploymentProjection; at: number }>();
  let queue: ReturnType<typeof createQueue> | undefined;
  let lookedAt = 0;
  const look = (key: string) => queue?.add(key);
  const trouble = ({ resource, error, retryInMs }: Trouble) => log.warn({ resource, err: error, retryInMs }, "reading the cluster failed");
  const caches: Caches = openCaches(client, {
    look,
    templateChanged: (before, after) => {
      if (departure.isLeaving()) return;
      if (options.isLeader()) void bypasses.record(before, after);
      else unled.note({ before, after, at: now() });
    },
    sidecarPolicyChanged: (name) => sidecars.policyChanged(name),
    namespaceChanged: (name, before, after) => {
      sidecars.namespaceChanged(name);
      if (name === options.namespace) departure.homeChanged(before, after);
    },
    replicaSetChanged: (uid) => sidecars.replicaSetChanged(uid),
    policyChanged: (policy) => toFollowers((follower) => follower.policyChanged?.(policy)),
    // A look that failed after it had ended the plan does not come back to it.
    planOver: (uid) => memories.forget(uid),
    planChanged: (plan) => toFollowers((follower) => follower.changed(plan)),
    trouble,
  });
  const sidecars = new SidecarWatch({
    client,
    caches,
    namespace: options.namespace,
    now,
    wake: (key, afterMs) => queue?.addAfter(key, afterMs),
    trouble,
  });
  const { namespace, instance } = options;
  const departure = followDeparture({ client, caches, clock, namespace, instance, log, trouble, begun: lookAtAll });
  const settle: Senses["settle"] = (setting) => settleTime({ setting, ...settling.latest() });
  const instruments: Instruments = {
    prometheus,
    counting,
    caches,
    memories,
    now,
    look,
    settleMs: (plan) => settle(plan.spec.policy?.spec.traffic.settle ?? "Auto").ms,
  };
  const sealer = new Sealer({
    client,
    namespace: options.namespace,
    readKeys: options.auditKeys,
    plans: () => caches.plans.values(),
    log,
    now,
    mayWrite: options.isLeader,
  });
  const bypasses = bypassRecorder({
    ...options,
    caches,
    sealer,
    now,
    wall: options.now,
    handBack: (before, after) => unled.note({ before, after, at: now() }),
  });
  const readBuiltins = builtinReader(instruments);
  const hands: Hands = {
    client,
    sealer,
    caches,
    now,
    instance: options.instance,
    measure: (plan, action, snapshot) => startMeasurement(plan, action, snapshot, instruments),
    ...(options.onEnd === undefined ? {} : { onEnd: options.onEnd }),
    ...(options.onBypass === undefined ? {} : { onBypass: options.onBypass }),
  };
  const reconciler: Reconciler = {
    senses: {
      caches,
      memories,
      keys: options.keys,
      settle,
      isLeaving: () => departure.isLeaving(),
      recorded: bypasses.recorded,
      now,
      wall: options.now,
    },
    hands,
    log,
    mayWrite: options.isLeader,
  };

  const world: World = {
    plans: () => caches.plans.values(),
    policy: (name) => caches.policies.get(name),
    lookAtPolicy: (name) => look(policyKey({ metadata: { name } })),
  };

  async function lookAt(key: string): Promise<number | undefined> {
    if (isSidecarKey(key)) return options.isLeader() ? sidecars.lookAt(key) : undefined;
    const policy = policyOfKey(key);
    if (policy === undefined) return lookAtDeployment(key);
    if (options.isLeader()) await writePolicyStatus(policy, hands, options.told?.(policy));
    return undefined;
  }

  async function lookAtDeployment(key: string): Promise<number | undefined> {
    const wakeAfter = await reconcile(key, reconciler);
    const isEarly = options.isLeader() && (await tidyRecord(key, hands, options.isLeader));
    return isEarly ? Math.min(wakeAfter ?? tidyAgainMs, tidyAgainMs) : wakeAfter;
  }

  return {
    ready: Promise.all(caches.all.map(({ synced }) => synced)).then(() => undefined),
    lead(signal) {
      const own = createQueue({
        clock,
        onFailure: ({ key, error, times }) => {
          const level = isConflict(error) || isNotFound(error) || error instanceof Outdated ? "debug" : "error";
          log[level]({ key, err: error, times }, "a look at a Deployment failed; it is looked at again");
        },
      });
      queue = own;
      lookedAt = clock.now();
      for (const plan of caches.plans.values()) steady.notBefore(newestTimeIn(plan) ?? Number.NEGATIVE_INFINITY);
      own.start(async (key) => {
        lookedAt = clock.now();
        return { wakeAfter: await lookAt(key) };
      }, 4);
      for (const { before, after } of unled.take(now())) void bypasses.record(before, after);
      lookAtAll();
      for (const policy of caches.policies.values()) own.add(policyKey(policy));
      sidecars.lead();
      toFollowers((follower) => follower.lead(world, signal));
      let stopMeter = clock.setTimer(readAndGoOn, meterMs);
      function readAndGoOn(): void {
        void readMeters();
        stopMeter = clock.setTimer(readAndGoOn, meterMs);
      }
      signal.addEventListener("abort", () => {
        stopMeter();
        queue = undefined;
        sidecars.stop();
        memories.forgetAll();
        void own.stop();
      });
    },
    state: () => ({
      plans: caches.plans.values(),
      policies: [...caches.policies.values(), ...caches.sidecarPolicies.values()],
      watches: caches.ages(),
      ...(queue === undefined ? {} : { queue: { depth: queue.depth, oldestMs: queue.oldestAge, sinceLookMs: clock.now() - lookedAt } }),
    }),
    isLeaving: () => departure.isLeaving(),
    holdRights: () => departure.holdRights(),
    beforeEnd: () => departure.beforeEnd(),
    async stop() {
      await queue?.stop();
      departure.stop();
      sidecars.stop();
      for (const cache of caches.all) cache.stop();
    },
  };

  /** A fault in one of them must not end what a term begins with, nor keep the news from the others. */
  function toFollowers(tell: (follower: Follower) => void): void {
    for (const follower of options.followers ?? []) {
      try {
        tell(follower);
      } catch (error) {
        log.error({ err: error }, "who follows the plans has failed: our bug");
      }
    }
  }

  function lookAtAll(): void {
    for (const { namespace, name } of caches.deployments.values()) look(`${namespace}/${name}`);
    for (const plan of caches.plans.values()) look(`${plan.metadata.namespace}/${plan.spec.deployment.name}`);
  }

  /** Nothing is asked while nothing moves. */
  async function readMeters(): Promise<void> {
    if (!caches.plans.values().some(isLive)) return;
    readBuiltins();
    await Promise.all([settling.refresh(), countAll(instruments)]);
  }
}
