import type { Logger } from "pino";
import { type Client, createClient } from "../kube/client.ts";
import type { Connection } from "../kube/connection.ts";
import { whyUnusable } from "../tls/servingSecret.ts";
import { webhookApp } from "./app.ts";
import { openCaches } from "./caches.ts";
import { counters as newCounters } from "./counters.ts";
import { limitCrowd } from "./crowd.ts";
import { healthApp } from "./healthApp.ts";
import { type Address, type DrainTimes, drain, httpServer, httpsServer, listen, serve } from "./servers.ts";
import { workerHeartbeat } from "./workerHeartbeat.ts";

export interface WebhookOptions {
  ownNamespace: string;
  listen: Address;
  health: Address;
  drain: DrainTimes;
  log: Logger;
}

export interface RunningWebhook {
  /** Leaves without failing a request. Resolves when the last one is answered. */
  stop(): Promise<void>;
}

/** Puts the parts together: caches → app → servers. Ready when the caches are complete and a certificate is loaded. */
export async function runWebhook(connection: Connection, options: WebhookOptions): Promise<RunningWebhook> {
  const { log, ownNamespace } = options;
  const client: Client = createClient(connection);
  const counters = newCounters({ process: true });
  const heartbeat = workerHeartbeat({ monotonic: () => performance.now(), wall: () => Date.now() });
  let hasCertificate = false;
  let draining = false;

  const caches = openCaches(client, {
    ownNamespace,
    heartbeat,
    now: () => new Date(),
    trouble: ({ resource, error, retryInMs }) => log.warn({ resource, err: error, retryInMs }, "cache"),
    certificate(certificate) {
      const why = whyUnusable(certificate, [], new Date());
      if (why !== undefined) return log.error({ why }, "the new certificate can't be used; the last one stays");
      serve(reviews, certificate);
      hasCertificate = true;
      log.info("serving a new certificate");
    },
  });
  const app = webhookApp({ world: caches.world, log, counters, isDraining: () => draining });
  const reviews = httpsServer(app);
  const crowd = limitCrowd(reviews, counters.dropped);
  counters.connections(crowd.size);
  reviews.on("tlsClientError", (error) => log.debug({ err: error }, "TLS"));
  const notReady = () => [
    ...caches.notSynced(),
    ...(hasCertificate ? [] : ["certificate"]),
    ...(caches.world().keys.length > 0 ? [] : ["intent keys"]),
    ...(draining ? ["shutdown"] : []),
  ];
  const health = httpServer(healthApp({ notReady, metrics: counters.render, contentType: counters.contentType }));
  await Promise.all([listen(reviews, options.listen), listen(health, options.health)]);
  log.info({ listen: options.listen, health: options.health }, "webhook started");

  return {
    async stop() {
      draining = true;
      log.info("draining");
      await drain(reviews, options.drain);
      caches.stop();
      await drain(health, { lingerMs: 0, finishMs: 1_000 });
      await connection.close();
    },
  };
}
