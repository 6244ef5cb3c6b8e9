import { pino } from "pino";
import { systemNamespace } from "../api/names.ts";
import { connect } from "../kube/connection.ts";
import { runWorker } from "../worker/run.ts";

/** The worker as a process. Ends with 0 on SIGTERM, with the Lease given away. */
const env = process.env;
const instance = env["SERIN_POD_NAME"] ?? "serin-worker";
const log = pino({ name: "serin-worker", level: env["SERIN_LOG"] ?? "info", base: { instance } }, pino.destination({ sync: true }));

process.on("uncaughtException", (error) => {
  log.fatal({ err: error }, "our bug");
  process.exit(1);
});

const apiServer = env["KUBERNETES_SERVICE_HOST"];
const connection = connect({
  kubeconfig: env["KUBECONFIG"],
  inClusterServer: apiServer && `https://${apiServer}:${env["KUBERNETES_SERVICE_PORT"] ?? "443"}`,
  userAgent: `serin-worker/0.1.0 (${instance})`,
});
const worker = await runWorker(connection, {
  namespace: env["SERIN_NAMESPACE"] ?? systemNamespace,
  instance,
  health: env["SERIN_HEALTH"] ?? "0.0.0.0:8080",
  prometheus: env["SERIN_PROMETHEUS"],
  log,
});

let isStopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    worker.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, "the worker did not stop well");
        process.exit(1);
      },
    );
  });
}
