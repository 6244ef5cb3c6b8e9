import { pino } from "pino";
import { systemNamespace } from "../api/names.ts";
import { createClient } from "../kube/client.ts";
import { connect } from "../kube/connection.ts";
import { createPrometheus } from "../prometheus/client.ts";
import { readIntentKeys } from "../tls/readIntentKeys.ts";
import { serveHealth } from "../worker/health.ts";
import { createLeader } from "../worker/leader.ts";
import { systemClock } from "../worker/queue.ts";
import { createWorker } from "../worker/worker.ts";

/** The worker: warm caches in every replica, one of them acts. Ends with 0 after SIGTERM, with the Lease given away. */
const env = process.env;
const namespace = env["SERIN_NAMESPACE"] ?? systemNamespace;
const instance = env["SERIN_POD_NAME"] ?? "serin-worker";
const log = pino({ name: "serin-worker", level: env["SERIN_LOG_LEVEL"] ?? "info", base: { instance } }, pino.destination({ sync: true }));
const connection = connect({ kubeconfig: env["KUBECONFIG"], userAgent: "serin-worker/0.1.0" });
// Shorter than the lease's slack of 3 s: no write of a deposed leader may arrive after its successor has begun (design I9).
const client = createClient(connection, { timeoutMs: 2_500 });
const leader = createLeader({
  client: createClient(connection, { timeoutMs: 2_000, urgent: true }),
  namespace,
  name: "serin-worker",
  podName: instance,
  clock: systemClock,
  onTrouble: (error) => log.warn({ err: error }, "the Lease could not be read or renewed"),
});

const intentKeys = readIntentKeys(client, namespace, log);
await intentKeys.first;

const worker = createWorker({
  client,
  prometheus: createPrometheus({ defaultAddress: env["SERIN_PROMETHEUS"] }),
  keys: intentKeys.keys,
  log,
  namespace,
  instance,
  clock: systemClock,
  now: () => Date.now(),
  isLeader: () => leader.isLeader(),
});
let isReady = false;
const health = serveHealth(env["SERIN_HEALTH"] ?? "0.0.0.0:8081", { isReady: () => isReady, isLeader: () => leader.isLeader() });
await worker.ready;
isReady = true;
const election = leader.run({
  onStarted: ({ epoch, signal }) => {
    log.info({ epoch }, "leading");
    worker.lead(signal);
  },
  onStopped: (reason) => log.warn({ reason }, "no longer leading"),
});

process.once("SIGTERM", () => {
  intentKeys.stop();
  void worker
    .stop()
    .then(() => leader.stop())
    .then(() => election)
    .then(() => health.close())
    .then(() => connection.close())
    .then(() => process.exit(0));
});
