import type { Log } from "../api/logLine.ts";
import { type Client, createClient } from "../kube/client.ts";
import type { Connection } from "../kube/connection.ts";
import { webhookApp } from "./app.ts";
import { openCaches } from "./caches.ts";
import { counters as newCounters } from "./counters.ts";
import { limitCrowd } from "./crowd.ts";
import { denials as newDenials } from "./denials.ts";
import { healthApp } from "./healthApp.ts";
import { servedCertificate } from "./servedCertificate.ts";
import { type Address, type DrainTimes, drain, httpServer, httpsServer, listen, serve } from "./servers.ts";
import { workerHeartbeat } from "./workerHeartbeat.ts";

export interface WebhookOptions {
  /** Name of this process. */
  instance: string;
  ownNamespace: string;
  listen: Address;
  health: Address;
  drain: DrainTimes;
  log: Log;
}

export interface RunningWebhook {
  /** Leaves without failing a request. Resolves when the last one is answered. */
  stop(): Promise<void>;
}

/**
 * Puts the parts together: caches → app → servers. Ready when the caches are complete and the certificate served is valid; before that it doesn't even
 * listen for reviews: by policies that are not read yet it would let changes through, and a handshake without a certificate is a review that failed.
 */
export async function runWebhook(connection: Connection, options: WebhookOptions): Promise<RunningWebhook> {
  const { log, ownNamespace, instance } = options;
  const client: Client = createClient(connection);
  const counters = newCounters({ process: true });
  const heartbeat = workerHeartbeat({ monotonic: () => performance.now(), wall: () => Date.now() });
  let draining = false;
  const complete = Promise.withResolvers<void>();
  const look = () => missing().length === 0 && complete.resolve();

  const caches = openCaches(client, {
    ownNamespace,
    heartbeat,
    now: () => new Date(),
    trouble: ({ resource, error, retryInMs }) => log.warn({ resource, err: error, retryInMs }, "reading the cluster failed"),
    certificate: (offered) => certificate.offer(offered),
    trusted: (authorities) => certificate.trusts(authorities),
    read: () => look(),
  });
  const denials = newDenials({ client, now: Date.now, instance, counted: counters.denied });
  const app = webhookApp({ world: caches.world, log, counters, denials, isDraining: () => draining });
  const reviews = httpsServer(app);
  const crowd = limitCrowd(reviews, counters.dropped);
  counters.connections(crowd.size);
  const certificate = servedCertificate({
    now: Date.now,
    serve: (one) => {
      serve(reviews, one);
      queueMicrotask(look);
    },
    log,
  });
  reviews.on("tlsClientError", (error) => log.debug({ err: error }, "a client could not connect"));
  const missing = () => [
    ...caches.notSynced(),
    ...(certificate.isValid() ? [] : ["a valid certificate"]),
    ...(caches.world().keys.length > 0 ? [] : ["intent keys"]),
  ];
  const notReady = () => {
    // A clock that is set right makes a certificate valid, and says nothing.
    look();
    if (draining) return [...missing(), "shutdown"];
    return reviews.listening ? missing() : [...missing(), "the port for reviews"];
  };
  const metrics = async () => (await counters.render()) + certificate.render();
  const health = httpServer(healthApp({ notReady, metrics, contentType: counters.contentType }));
  await listen(health, options.health);
  log.info({ health: options.health }, "webhook started");
  const opened = complete.promise.then(async () => {
    if (draining) return;
    await listen(reviews, options.listen);
    log.info({ listen: options.listen }, "reviews are taken");
  });

  return {
    async stop() {
      draining = true;
      log.info({}, "draining: the last requests are answered");
      complete.resolve();
      await opened;
      if (reviews.listening) await drain(reviews, options.drain);
      denials.stop();
      caches.stop();
      certificate.stop();
      await drain(health, { lingerMs: 0, quietMs: 0, finishMs: 1_000 });
      await connection.close();
    },
  };
}
