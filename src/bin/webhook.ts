import { systemNamespace } from "../api/names.ts";
import { connect } from "../kube/connection.ts";
import { runWebhook } from "../webhook/run.ts";
import { parseAddress } from "../webhook/servers.ts";
import { endOnBug, endOnSignal } from "./endings.ts";
import { logWarnings, openLog } from "./log.ts";

/** The webhook as a process. Ends with 0 on SIGTERM, after the last request is answered. */
const { KUBECONFIG, SERIN_NAMESPACE, SERIN_POD_NAME, SERIN_LISTEN, SERIN_HEALTH, SERIN_LOG_LEVEL } = process.env;
const pod = SERIN_POD_NAME ?? "serin-webhook";
const log = openLog("webhook", pod, SERIN_LOG_LEVEL);

endOnBug(log);
logWarnings(log);

const webhook = await runWebhook(connect({ kubeconfig: KUBECONFIG, userAgent: "serin-webhook/0.1.0" }), {
  instance: pod,
  ownNamespace: SERIN_NAMESPACE ?? systemNamespace,
  listen: parseAddress(SERIN_LISTEN ?? ":8443"),
  health: parseAddress(SERIN_HEALTH ?? ":8080"),
  // Longer than kube-proxy and kube-apiserver need to hear of it; together below the pod's terminationGracePeriodSeconds.
  drain: { lingerMs: 5_000, quietMs: 2_000, finishMs: 10_000 },
  log,
});

endOnSignal(log, () => webhook.stop());
