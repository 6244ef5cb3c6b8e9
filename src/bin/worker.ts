import { systemNamespace } from "../api/names.ts";
import { connect } from "../kube/connection.ts";
import { runWorker } from "../worker/run.ts";
import { traceSettings } from "../worker/trace/settings.ts";
import { endOnBug, endOnSignal } from "./endings.ts";
import { logWarnings, openLog } from "./log.ts";

/** The worker as a process. Ends with 0 on SIGTERM, with the Lease given away. */
const env = process.env;
const instance = env["SERIN_POD_NAME"] ?? "serin-worker";
const log = openLog("worker", instance, env["SERIN_LOG_LEVEL"]);

endOnBug(log);
logWarnings(log);

const apiServer = env["KUBERNETES_SERVICE_HOST"];
const connection = connect({
  kubeconfig: env["KUBECONFIG"],
  inClusterServer: apiServer && `https://${apiServer}:${env["KUBERNETES_SERVICE_PORT"] ?? "443"}`,
  userAgent: `serin-worker/0.1.0 (${instance})`,
});
const worker = runWorker(connection, {
  namespace: env["SERIN_NAMESPACE"] ?? systemNamespace,
  instance,
  health: env["SERIN_HEALTH"] ?? "0.0.0.0:8080",
  prometheus: env["SERIN_PROMETHEUS"],
  prometheusSecret: env["SERIN_PROMETHEUS_SECRET"],
  traces: traceSettings(env, (message) => log.error(message)),
  log,
});

endOnSignal(log, () => worker.stop());
await worker.begun;
