import { pino } from "pino";
import { systemNamespace } from "../api/names.ts";
import { createClient } from "../kube/client.ts";
import { connect } from "../kube/connection.ts";
import { bootstrap } from "../tls/bootstrap.ts";

/** Makes certificate, keys and trust for the webhook, once; run again it changes nothing. Ends with 0 when all is there. */
const { KUBECONFIG, SERIN_NAMESPACE } = process.env;
const log = pino({ name: "serin-bootstrap" }, pino.destination({ sync: true }));
const connection = connect({ kubeconfig: KUBECONFIG, userAgent: "serin-certs/0.1.0" });
try {
  await bootstrap(createClient(connection), {
    namespace: SERIN_NAMESPACE ?? systemNamespace,
    now: new Date(),
    tell: (message, fields) => log.info(fields ?? {}, message),
  });
} catch (error) {
  log.fatal({ err: error }, "bootstrap failed");
  process.exitCode = 1;
} finally {
  await connection.close();
}
