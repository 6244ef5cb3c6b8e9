import { beforeEach, expect, test } from "vitest";
import { resources } from "../../src/kube/resources.ts";
import { openCaches, type WebhookCaches } from "../../src/webhook/caches.ts";
import { aPolicy } from "../build/policy.ts";
import { apiClient } from "../fakes/apiClient.ts";
import { ApiServer } from "../fakes/apiServer.ts";
import { SimulatedClock } from "../fakes/simulatedClock.ts";

/* Whoever holds a Deployment needs somebody who moves it on: no policy is for a change once Serin is being uninstalled. */

const home = "serin-system";
let clock: SimulatedClock;
let server: ApiServer;

beforeEach(() => {
  clock = new SimulatedClock(0);
  server = new ApiServer(() => clock.now());
  server.create(resources.namespaces, { metadata: { name: home, finalizers: ["kubernetes"] } });
  server.create(resources.namespaces, { metadata: { name: "shop", finalizers: ["kubernetes"] } });
  server.create(resources.canarypolicies, aPolicy());
});

async function opened(): Promise<WebhookCaches> {
  const client = apiClient(server, clock, { alive: () => true, onWrite: () => {} }, { latencyMs: 2, watchLagMs: 20 });
  const caches = openCaches(client, {
    ownNamespace: home,
    heartbeat: { seen: () => {}, isAlive: () => true },
    now: () => new Date(0),
    certificate: () => {},
    trusted: () => {},
    trouble: () => {},
    read: () => {},
  });
  await clock.advanceTo(clock.now() + 1_000);
  return caches;
}
const policies = (caches: WebhookCaches): number => caches.world().policies.length;

test("Serin's namespace is being deleted", async () => {
  const caches = await opened();
  expect(policies(caches)).toBe(1);
  server.remove(resources.namespaces, home);
  await clock.advanceTo(clock.now() + 100);
  expect(policies(caches)).toBe(0);
});

test("another namespace is nobody's business", async () => {
  const caches = await opened();
  server.remove(resources.namespaces, "shop");
  await clock.advanceTo(clock.now() + 100);
  expect(policies(caches)).toBe(1);
});
