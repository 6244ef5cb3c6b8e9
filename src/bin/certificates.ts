import { systemNamespace } from "../api/names.ts";
import { parseTimes } from "../core/certificates/times.ts";
import { connect } from "../kube/connection.ts";
import { runCertificates } from "../tls/run.ts";
import { parseAddress } from "../webhook/servers.ts";
import { endOnBug, endOnSignal } from "./endings.ts";
import { logWarnings, openLog } from "./log.ts";

/** The certs process: makes and rotates the webhook's certificates, and keeps kube-apiserver's trust in step. Ends with 0 on SIGTERM. */
const {
  KUBECONFIG,
  SERIN_NAMESPACE,
  SERIN_HEALTH,
  SERIN_CERTS = "own",
  SERIN_CERT_TIMES = "",
  SERIN_LOG_LEVEL,
  SERIN_POD_NAME,
} = process.env;
const log = openLog("certs", SERIN_POD_NAME ?? "serin-certs", SERIN_LOG_LEVEL);

endOnBug(log);
logWarnings(log);

if (SERIN_CERTS !== "own" && SERIN_CERTS !== "provided") throw new Error(`SERIN_CERTS is "${SERIN_CERTS}": own or provided is meant`);
const certificates = await runCertificates(connect({ kubeconfig: KUBECONFIG, userAgent: "serin-certs/0.1.0" }), {
  namespace: SERIN_NAMESPACE ?? systemNamespace,
  mode: SERIN_CERTS,
  times: parseTimes(SERIN_CERT_TIMES),
  health: parseAddress(SERIN_HEALTH ?? ":8080"),
  log,
});

endOnSignal(log, () => certificates.stop());
