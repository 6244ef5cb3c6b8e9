import type { Log } from "../api/logLine.ts";
import { decideCertificates } from "../core/certificates/decide.ts";
import type { CertificateTimes } from "../core/certificates/times.ts";
import { isAlreadyExists, isConflict } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import { reflect, type Trouble } from "../kube/reflector.ts";
import { resources } from "../kube/resources.ts";
import { act } from "./act.ts";
import { alarmClock } from "./alarmClock.ts";
import { auditSecretName } from "./auditKeys.ts";
import { authoritySecretName } from "./authoritySecret.ts";
import type { CertificateFigures } from "./certificateFigures.ts";
import { ensureAuditKeys } from "./ensureAuditKeys.ts";
import { ensureIntentKeys } from "./ensureIntentKeys.ts";
import { intentKeysSecretName } from "./intentKeys.ts";
import { observe, webhookConfigurationName } from "./observe.ts";
import { servingSecretName } from "./servingSecret.ts";
import { trustLog } from "./trustLog.ts";
import { webhookNames } from "./webhookNames.ts";

export interface KeepOptions {
  namespace: string;
  /** `provided`: nothing is issued, caBundle is kept in step with the Secret's ca.crt. */
  mode: "own" | "provided";
  times: CertificateTimes;
  figures: CertificateFigures;
  log: Pick<Log, "info" | "warn" | "error">;
}

export interface KeptCertificates {
  /** Whether there was nothing left to do once. */
  isSettled(): boolean;
  /** Resolves when the round under way has ended. */
  stop(): Promise<void>;
}

/** Whatever the watches miss is found by then: a cleared caBundle is to be repaired within 10 s. */
const recheckMs = 8_000;
/** Between two looks, so that a quarrel over the bundle, however fast, stays below 20 rounds a second. */
const restMs = 50;
const firstPauseMs = 250;
const longestPauseMs = 8_000;

/**
 * Look, decide, act, for ever: after each change of the Secrets and of the configuration, when something is due, and every 8 s. Several may run:
 * each write is a compare-and-swap, and who comes late looks again.
 */
export function keepCertificates(client: Client, { log, namespace, mode, times, figures }: KeepOptions): KeptCertificates {
  const looking = {
    namespace,
    names: webhookNames(namespace),
    isProvided: mode === "provided",
    now: Date.now,
    trusted: trustLog(() => performance.now()),
  };
  let settled = false;
  let said = "";

  /** @returns milliseconds until the next look */
  const round = async (): Promise<number> => {
    if (await ensureIntentKeys(client, namespace)) log.info({ secret: intentKeysSecretName }, "made intent keys");
    const keys = await ensureAuditKeys(client, { namespace, life: times.auditKeyLife, now: Date.now() });
    if (keys !== undefined) log.info({ secret: auditSecretName, keys }, "the keys that seal the record have changed");
    const seen = await observe(client, looking);
    figures.looked(seen.state);
    const { actions, wakeAfter, reason, message } = decideCertificates(seen.state, times);
    if (actions.length > 0 || reason !== said) log.info({ reason, actions: actions.map(({ type }) => type) }, message);
    said = reason;
    for (const action of actions) {
      await act(client, seen, action, looking);
      figures.acted(action);
    }
    settled ||= actions.length === 0 && keys === undefined;
    return actions.length > 0 || keys !== undefined ? restMs : Math.max(restMs, Math.min(wakeAfter, recheckMs));
  };

  const alarm = alarmClock(restMs);
  const watches = watch(client, namespace, alarm.wake, ({ resource, error, retryInMs }) => {
    log.warn({ resource, err: error, retryInMs }, "reading the cluster failed");
  });
  const stopping = new AbortController();
  const loop = (async () => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        await alarm.sleep(await round());
        failures = 0;
      } catch (error) {
        const wasSlower = isConflict(error) || isAlreadyExists(error);
        if (wasSlower) log.info({ err: error }, "somebody else was faster; looking again");
        else {
          figures.failed();
          log.error({ err: error }, "a look at the certificates failed; it is looked at again");
        }
        const pause = wasSlower ? firstPauseMs : Math.min(longestPauseMs, firstPauseMs * 2 ** failures++);
        await alarm.rest(pause * (0.5 + Math.random() / 2));
      }
    }
  })();

  return {
    isSettled: () => settled,
    async stop() {
      stopping.abort();
      alarm.close();
      await loop;
      for (const reflector of watches) reflector.stop();
    },
  };
}

/** Only wakes the loop, which reads for itself: a copy that lags would be one more thing to reason about. */
function watch(client: Client, namespace: string, wake: () => void, onTrouble: (trouble: Trouble) => void) {
  const named = (name: string) => ({ fieldSelector: `metadata.name=${name}`, project: () => true, onChange: wake, onTrouble });
  return [
    ...[authoritySecretName, servingSecretName, intentKeysSecretName, auditSecretName].map((name) =>
      reflect(client, resources.secrets, { ...named(name), namespace }),
    ),
    reflect(client, resources.mutatingwebhookconfigurations, named(webhookConfigurationName)),
  ];
}
