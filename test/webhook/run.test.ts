import { once } from "node:events";
import { connect, createServer } from "node:net";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openLog } from "../../src/bin/log.ts";
import { type Connection, connectWith } from "../../src/kube/connection.ts";
import { newIntentKeys } from "../../src/tls/intentKeys.ts";
import { makeServingCertificate } from "../../src/tls/makeServingCertificate.ts";
import { servingSecretData } from "../../src/tls/servingSecret.ts";
import { webhookNames } from "../../src/tls/webhookNames.ts";
import { type RunningWebhook, runWebhook } from "../../src/webhook/run.ts";
import { accessTo } from "../kube/accessTo.ts";
import { ApiServerDouble } from "../kube/apiServerDouble.ts";

/* The webhook as its process runs it, against an API server of the tests. */

const home = "serin-system";
const secrets = "/api/v1/secrets";
const certificate = servingSecretData(await makeServingCertificate(webhookNames(home), new Date()));
let server: ApiServerDouble;
let connection: Connection;
let running: RunningWebhook;
let [reviews, health] = [0, 0];

beforeEach(async () => {
  server = await new ApiServerDouble().start();
  connection = connectWith(accessTo(server.url), { userAgent: "serin-test/1" });
  [reviews, health] = [await freePort(), await freePort()];
});
afterEach(async () => {
  await running.stop();
  await server.stop();
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

async function start(lingerMs = 50): Promise<void> {
  running = await runWebhook(connection, {
    instance: "serin-webhook-x",
    ownNamespace: home,
    listen: { host: "127.0.0.1", port: reviews },
    health: { host: "127.0.0.1", port: health },
    drain: { lingerMs, quietMs: 0, finishMs: 1_000 },
    log: openLog("webhook", "serin-webhook-x", "debug", { write: () => undefined }),
  });
}
const refused = async (): Promise<void> => {
  const socket = connect(reviews, "127.0.0.1");
  await expect(once(socket, "connect")).rejects.toThrow(/ECONNREFUSED/);
};
async function shaken(): Promise<TLSSocket> {
  const socket = tlsConnect({ host: "127.0.0.1", port: reviews, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  return socket;
}
const readiness = async (): Promise<string> => (await fetch(`http://127.0.0.1:${health}/readyz`)).text();
const says = (text: string): Promise<void> => vi.waitFor(async () => expect(await readiness()).toBe(text), { timeout: 5_000, interval: 5 });

it("does not listen for reviews before it has read all that decides them, and can show a certificate", async () => {
  let held = true;
  server.fault = ({ path }) => (held && path.endsWith("/canarypolicies") ? { code: 503 } : undefined);
  await start();
  await says("waiting for policies, a valid certificate, intent keys, the port for reviews\n");
  await refused();
  held = false;
  await says("waiting for a valid certificate, intent keys, the port for reviews\n");
  server.put(secrets, "serin", { data: certificate }, home);
  await says("waiting for intent keys, the port for reviews\n");
  await refused();
  server.put(secrets, "serin", { data: { ...certificate, ...newIntentKeys() } }, home);
  await says("ok\n");
  (await shaken()).destroy();
});

it("opens with the certificate when that comes last", async () => {
  const keys = newIntentKeys();
  server.put(secrets, "serin", { data: keys }, home);
  await start();
  await says("waiting for a valid certificate, the port for reviews\n");
  await refused();
  server.put(secrets, "serin", { data: { ...keys, ...certificate } }, home);
  await says("ok\n");
  (await shaken()).destroy();
});

it("leaves at once when it never opened", async () => {
  await start(600_000);
  await says("waiting for a valid certificate, intent keys, the port for reviews\n");
  await running.stop();
  await refused();
});
