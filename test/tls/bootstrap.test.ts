import { describe, expect, it } from "vitest";
import type { Client } from "../../src/kube/client.ts";
import { bootstrap, certsFieldManager } from "../../src/tls/bootstrap.ts";
import { parseIntentKeys } from "../../src/tls/intentKeys.ts";
import { parseServingSecret, whyUnusable } from "../../src/tls/servingSecret.ts";
import { webhookNames } from "../../src/tls/webhookNames.ts";

type Stored = { metadata: { name: string; resourceVersion?: string }; data?: Record<string, string>; [field: string]: unknown };

/** Just enough of a cluster: objects by name, and a record of the writes. */
function cluster(names: string[] = ["deployments.serin.dev", "plans.serin.dev"]) {
  const objects = new Map<string, Stored>();
  const writes: string[] = [];
  const webhooks = names.map((name) => ({ name, clientConfig: {} as { caBundle?: string } }));
  if (names.length > 0) objects.set("canary-serin", { metadata: { name: "canary-serin" }, webhooks });
  const put = (verb: string) => async (_resource: unknown, object: Stored) => {
    writes.push(`${verb} ${object.metadata.name}`);
    objects.set(object.metadata.name, { ...object, metadata: { ...object.metadata, resourceVersion: String(writes.length) } });
    return object;
  };
  const client = {
    get: async (_resource: unknown, name: string) => objects.get(name),
    create: put("create"),
    replace: put("replace"),
    patch: async (
      _resource: unknown,
      name: string,
      _namespace: unknown,
      patch: { body: { webhooks: typeof webhooks } },
      options: { fieldManager: string },
    ) => {
      writes.push(`patch ${name} as ${options.fieldManager}`);
      for (const [i, { clientConfig }] of patch.body.webhooks.entries()) Object.assign(webhooks[i]?.clientConfig ?? {}, clientConfig);
    },
  } as unknown as Client;
  const run = (now = new Date()) => bootstrap(client, { namespace: "serin-system", now, tell: () => undefined });
  return { objects, writes, webhooks, run };
}

describe("bootstrap", () => {
  it("makes keys, certificate and trust, and the second time nothing", async () => {
    const { objects, writes, webhooks, run } = cluster();
    await run();
    expect(writes).toEqual(["create serin-intent-keys", "create serin-webhook-tls", `patch canary-serin as ${certsFieldManager}`]);
    expect(parseIntentKeys(objects.get("serin-intent-keys"))).toHaveLength(1);
    const served = parseServingSecret(objects.get("serin-webhook-tls"));
    expect(whyUnusable(served, webhookNames("serin-system"), new Date())).toBeUndefined();
    expect(webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? "", "base64").toString())).toEqual([
      served?.ca,
      served?.ca,
    ]);
    await run();
    expect(writes).toHaveLength(3);
  });

  it("replaces an expired certificate, with its CA, and keeps the keys", async () => {
    const { objects, writes, webhooks, run } = cluster();
    await run();
    const before = objects.get("serin-intent-keys");
    await run(new Date(Date.now() + 400 * 86_400_000));
    expect(writes.slice(3)).toEqual(["replace serin-webhook-tls", `patch canary-serin as ${certsFieldManager}`]);
    expect(objects.get("serin-intent-keys")).toBe(before);
    expect(webhooks[0]?.clientConfig.caBundle).toBe(objects.get("serin-webhook-tls")?.data?.["ca.crt"]);
  });

  it("replaces what can't be read", async () => {
    const { objects, writes, run } = cluster();
    objects.set("serin-intent-keys", { metadata: { name: "serin-intent-keys", resourceVersion: "7" }, data: { current: "eA==" } });
    objects.set("serin-webhook-tls", {
      metadata: { name: "serin-webhook-tls" },
      data: { "tls.crt": "eA==", "tls.key": "eA==", "ca.crt": "eA==" },
    });
    await run();
    expect(writes.slice(0, 2)).toEqual(["replace serin-intent-keys", "replace serin-webhook-tls"]);
  });

  it("says what is missing when the manifests are not applied", async () => {
    await expect(cluster([]).run()).rejects.toThrow("there is no MutatingWebhookConfiguration canary-serin: apply manifests/ first");
  });
});
