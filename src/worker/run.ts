import type { Log } from "../api/logLine.ts";
import { createClient } from "../kube/client.ts";
import type { Connection } from "../kube/connection.ts";
import { createPrometheus } from "../prometheus/client.ts";
import { countedQueries } from "../prometheus/countedQueries.ts";
import { readAuditKeys } from "../tls/readAuditKeys.ts";
import { readIntentKeys } from "../tls/readIntentKeys.ts";
import { workerCounters } from "./counters.ts";
import { serveHealth } from "./health.ts";
import { createLeader } from "./leader/leader.ts";
import { prometheusSecrets } from "./measure/prometheusSecrets.ts";
import { namedSecrets } from "./namedSecrets.ts";
import { createNotifier } from "./notify/notifier.ts";
import { parseReceiverSecret, receiverReach } from "./notify/reach.ts";
import { systemClock } from "./queue.ts";
import type { TraceSettings } from "./trace/settings.ts";
import { createTracer } from "./trace/tracer.ts";
import { createWorker } from "./worker.ts";

export interface RunOptions {
  /** Serin's own namespace: the Lease and the keys are there. */
  namespace: string;
  /** The pod's name. */
  instance: string;
  /** `host:port` of the plain-HTTP health listener. */
  health: string;
  /** Where metrics without an address are asked. */
  prometheus: string | undefined;
  /** Name of the Secret, in Serin's own namespace, with the credentials for it. */
  prometheusSecret: string | undefined;
  /** Where traces of plans go. */
  traces?: TraceSettings | undefined;
  log: Log;
}

/** Shorter than the lease's slack of 3 s: no write of a deposed leader may arrive after its successor has begun (design I9). */
const requestMs = 2_500;
/** Of the Lease's own requests, so that one that hangs leaves time for another. */
const leaseRequestMs = 2_000;

/**
 * A worker at work: warm caches in every replica, one of them leads.
 * @returns at once: it may be asked to end before it has begun, also when Serin is uninstalled. `begun` resolves when it takes part in the election.
 */
export function runWorker(
  connection: Connection,
  { namespace, instance, health, prometheus, prometheusSecret, traces, log }: RunOptions,
): { begun: Promise<void>; stop(): Promise<void> } {
  const client = createClient(connection, { timeoutMs: requestMs });
  const leader = createLeader({
    client: createClient(connection, { timeoutMs: leaseRequestMs, urgent: true }),
    namespace,
    name: "serin-worker",
    podName: instance,
    clock: systemClock,
    isLast: () => worker.isLeaving(),
    onTrouble: (error) => log.warn({ err: error }, "the Lease could not be read or renewed"),
  });
  const keys = readIntentKeys(client, namespace, log);
  const counters = workerCounters({ process: true, isLeader: () => leader.isLeader() });
  const reach = {
    defaultAddress: prometheus,
    defaultCredentials: prometheusSecret,
    credentials: prometheusSecrets(client, namespace, () => Date.now()),
  };
  const metrics = countedQueries(createPrometheus(reach), counters.asked);
  const counting = countedQueries(createPrometheus(reach), counters.asked);
  const post = receiverReach(namedSecrets({ client, namespace, now: Date.now, parse: parseReceiverSecret }));
  const notifier = createNotifier({
    client,
    namespace,
    log,
    clock: systemClock,
    now: Date.now,
    isLeader: () => leader.isLeader(),
    send: post.send,
    onOutcome: counters.notified,
  });
  const tracer = traces && createTracer({ ...traces, log, clock: systemClock, now: Date.now });
  const worker = createWorker({
    client,
    prometheus: metrics,
    counting,
    keys: keys.keys,
    auditKeys: () => readAuditKeys(client, namespace),
    log,
    namespace,
    instance,
    clock: systemClock,
    now: () => Date.now(),
    isLeader: () => leader.isLeader(),
    onBypass: counters.bypassed,
    onEnd: counters.ended,
    followers: tracer ? [notifier, tracer] : [notifier],
    told: notifier.told,
  });
  counters.watch(worker.state);
  let isReady = false;
  const listener = serveHealth(health, { isReady: () => isReady, metrics: counters.render, contentType: counters.contentType });
  let isOver = false;
  let election: Promise<void> | undefined;
  const begin = async () => {
    await Promise.all([worker.ready, keys.first]);
    await worker.holdRights();
    if (isOver) return;
    isReady = true;
    election = leader.run({
      onStarted: ({ epoch, signal }) => {
        log.info({ epoch }, "leading");
        worker.lead(signal);
      },
      onStopped: (reason) => log.warn({ reason }, "no longer leading"),
    });
  };
  const begun = begin().catch((error: unknown) => {
    if (!isOver) throw error;
  });
  return {
    begun,
    // What is under way ends first: the Lease is given away only when nothing writes any more.
    async stop() {
      await worker.beforeEnd();
      isOver = true;
      keys.stop();
      await worker.stop();
      await notifier.stop();
      await leader.stop();
      await election;
      listener.close();
      await Promise.all([metrics.close(), counting.close(), post.close(), tracer?.close()]);
      await connection.close();
    },
  };
}
