import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCertificates } from "../../src/tls/readCertificates.ts";
import { CERTS_HEALTH, webhookHealth } from "./addresses.ts";
import { figures } from "./figures.ts";
import { type ClusterClient, connectCluster } from "./kubelet/clusterClient.ts";
import { type Lab, startLab } from "./lab.ts";
import { type ReviewLoad, startReviewLoad } from "./reviewLoad.ts";
import { until } from "./until.ts";

/** A certificate each 5.3 s, a CA each 16 s; production has the same thirds of days. */
const certTimes = "ca=24s,leaf=8s,trustDelay=1s,margin=1s";
const wanted = process.env["SOAK"] ? { authorities: 50, leafs: 200, seconds: 1_300 } : { authorities: 4, leafs: 12, seconds: 120 };
const rate = 110;
/** A machine that tests other things as well may be slower; what is shown by the long version is not. */
const leastRate = process.env["SOAK"] ? 100 : 50;
const repairMs = 10_000;

const configurationPath = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/canary-serin";
const secretPath = (name: string) => `/api/v1/namespaces/serin-system/secrets/${name}`;

interface Configuration {
  metadata: Record<string, unknown>;
  webhooks: Array<{ name: string; failurePolicy: string; clientConfig: { caBundle?: string } }>;
}

/** Two webhook replicas, failurePolicy Fail, a real kube-apiserver: a handshake that fails is a change that fails. */
describe(`certificates rotate all the time, under ${rate} reviews a second that must not fail`, () => {
  let lab: Lab;
  let client: ClusterClient;
  let load: ReviewLoad;
  beforeAll(async () => {
    lab = await startLab({ without: ["istio", "prometheus"], webhooks: 2, workers: 1, certTimes });
    client = connectCluster(lab.env["KUBECONFIG"] ?? "", "rotation-test");
    await lab.kubectl("create", "deployment", "reviewed", "--image=reviewed:1", "--replicas=0");
    await strict();
    load = startReviewLoad(lab.env["KUBECONFIG"] ?? "", "reviewed", rate);
  });
  afterAll(async () => {
    await load?.stop();
    await client?.close();
    await lab?.stop();
  });

  it(
    `${wanted.authorities} CAs and ${wanted.leafs} certificates later no review has failed, and at most two CAs were trusted at a time`,
    async () => {
      const seen = { leafs: new Set<string>(), authorities: new Set<string>(), served: [new Set<string>(), new Set<string>()], most: 0 };
      const [from, reviewsBefore, answeredBefore] = [Date.now(), await reviews(), load.answered()];
      await until(
        "the rotations",
        async () => {
          const { data } = await client.get<{ data: Record<string, string> }>(secretPath("serin-webhook-tls"));
          seen.leafs.add(new X509Certificate(Buffer.from(data["tls.crt"] ?? "", "base64")).fingerprint256);
          seen.authorities.add(data["ca.crt"] ?? "");
          seen.most = Math.max(seen.most, ...(await bundles()).map((bundle) => bundle.length));
          for (const [i, ends] of seen.served.entries())
            ends.add((await figures(webhookHealth(i))).get("serin_webhook_certificate_expiry_timestamp_seconds") ?? "");
          await delay(250);
          // The first of each was there before.
          return seen.authorities.size > wanted.authorities && seen.leafs.size > wanted.leafs;
        },
        wanted.seconds,
      );
      const seconds = (Date.now() - from) / 1_000;
      const [answered, asked] = [load.answered() - answeredBefore, (await reviews()) - reviewsBefore];
      process.stdout.write(
        `${seen.authorities.size - 1} CAs, ${seen.leafs.size - 1} certificates in ${seconds.toFixed(0)} s; ${answered} changes, ${asked} reviews (${(asked / seconds).toFixed(0)}/s), ${load.failures().length} failed\n`,
      );
      expect(load.failures()).toEqual([]);
      expect(asked).toBeGreaterThanOrEqual(answered);
      expect(asked / seconds).toBeGreaterThanOrEqual(leastRate);
      expect(seen.most).toBe(2);
      for (const ends of seen.served) expect(ends.size).toBeGreaterThanOrEqual(wanted.leafs);
    },
    (wanted.seconds + 60) * 1_000,
  );

  it("a serving Secret with garbage, with another's key, or deleted: made anew, and no review fails", async () => {
    const from = Date.now();
    const path = secretPath("serin-webhook-tls");
    const leaf = async () => (await client.get<{ data: Record<string, string> }>(path).catch(() => undefined))?.data["tls.crt"];
    const damages: Array<() => Promise<unknown>> = [
      () => client.patch(path, { data: { "tls.crt": Buffer.from("garbage").toString("base64") } }, "application/merge-patch+json"),
      () => client.patch(path, { data: { "tls.key": Buffer.from("garbage").toString("base64") } }, "application/merge-patch+json"),
      () => client.delete(path),
    ];
    for (const damage of damages) {
      const before = await leaf();
      await damage();
      const after = await until(
        "a certificate",
        async () => {
          const now = await leaf();
          return now !== before && now !== undefined && readCertificates(Buffer.from(now, "base64").toString()).found[0];
        },
        10,
      );
      await until(
        "both replicas to serve it",
        async () => {
          const ends = await Promise.all(
            [0, 1].map(async (i) => (await figures(webhookHealth(i))).get("serin_webhook_certificate_expiry_timestamp_seconds")),
          );
          return ends.every((end) => Number(end) * 1_000 >= after.notAfter);
        },
        10,
      );
    }
    expect(load.failures(from)).toEqual([]);
  });

  it("the CA Secret deleted: a new CA, the old one trusted as long as it is needed, and no review fails", async () => {
    const from = Date.now();
    const before = new Set((await bundles()).flat());
    await client.delete(secretPath("serin-webhook-ca"));
    await until(
      "another CA to sign",
      async () => {
        const { data } = await client.get<{ data: Record<string, string> }>(secretPath("serin-webhook-tls"));
        const [ca] = readCertificates(Buffer.from(data["ca.crt"] ?? "", "base64").toString()).found;
        return ca !== undefined && !before.has(ca.id);
      },
      20,
    );
    expect((await bundles()).every((bundle) => bundle.some((id) => before.has(id)))).toBe(true);
    await until("the old CAs to be dropped", async () => !(await bundles()).flat().some((id) => before.has(id)), 40);
    expect(load.failures(from)).toEqual([]);
  });

  it("the certs process killed in the middle, twice: no review fails", async () => {
    const from = Date.now();
    for (let i = 0; i < 2; i++) {
      await until("a CA that waits for trust", async () => (await bundles())[0]?.length === 2, 40);
      await lab.processes.kill("serin-certs", "SIGKILL");
      await lab.processes.restart("serin-certs");
      await until(
        "its first certificate",
        async () => Number((await figures(CERTS_HEALTH)).get('serin_certs_rotations_total{what="leaf"}')) > 0,
        20,
      );
    }
    expect(load.failures(from)).toEqual([]);
  });

  it("the manifest applied again does not clear the bundle", async () => {
    const from = Date.now();
    const file = await manifest();
    await lab.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=serin-install", "-f", file);
    expect((await bundles()).every((bundle) => bundle.length > 0)).toBe(true);
    expect(load.failures(from)).toEqual([]);
  });

  it("cleared by kubectl replace: repaired within 10 s, and no review fails after that", async () => {
    const before = (await bundles())[0] ?? [];
    const from = Date.now();
    await lab.kubectl("replace", "-f", await manifest());
    const repairedAt = await repaired();
    expect(before.filter((id) => !repairedAt.trusted.includes(id)).length).toBeLessThanOrEqual(1);
    await delay(2_000);
    process.stdout.write(
      `${load.failures(from).length} reviews failed while nobody was trusted, ${repairedAt.at - from} ms from kubectl's start\n`,
    );
    expect(load.failures(repairedAt.at + 500)).toEqual([]);
  });

  it("deleted and installed again: trusted within 10 s, and no review fails after that; without it the certs process does not fall", async () => {
    const pid = lab.processes.pid("serin-certs");
    const file = await manifest();
    await lab.kubectl("delete", "-f", file);
    await delay(3_000);
    await lab.kubectl("create", "-f", file);
    const { at } = await repaired();
    await delay(2_000);
    expect(load.failures(at + 500)).toEqual([]);
    expect(lab.processes.pid("serin-certs")).toBe(pid);
  });

  async function repaired(): Promise<{ at: number; trusted: string[] }> {
    const from = Date.now();
    await until("the bundle to be repaired", async () => (await bundles()).every((bundle) => bundle.length > 0), 20);
    const at = Date.now();
    process.stdout.write(`repaired after ${at - from} ms\n`);
    expect(at - from).toBeLessThanOrEqual(repairMs);
    return { at, trusted: (await bundles())[0] ?? [] };
  }

  async function bundles(): Promise<string[][]> {
    const { webhooks } = await client.get<Configuration>(configurationPath);
    return webhooks.map(({ clientConfig }) => {
      const { found } = readCertificates(clientConfig.caBundle && Buffer.from(clientConfig.caBundle, "base64").toString());
      return found.map(({ id }) => id);
    });
  }

  /** The configuration as in a repository: no caBundle, and failurePolicy Fail. */
  async function manifest(): Promise<string> {
    const { metadata: _, ...configuration } = await client.get<Configuration>(configurationPath);
    for (const webhook of configuration.webhooks) delete webhook.clientConfig.caBundle;
    const file = join(lab.dir, "configuration.json");
    const kind = { apiVersion: "admissionregistration.k8s.io/v1", kind: "MutatingWebhookConfiguration" };
    await writeFile(file, JSON.stringify({ ...kind, metadata: { name: "canary-serin" }, webhooks: configuration.webhooks }));
    return file;
  }

  async function strict(): Promise<void> {
    const { webhooks } = await client.get<Configuration>(configurationPath);
    const operations = webhooks.map((_, i) => ({ op: "replace", path: `/webhooks/${i}/failurePolicy`, value: "Fail" }));
    await lab.kubectl("patch", "mutatingwebhookconfiguration", "canary-serin", "--type=json", "-p", JSON.stringify(operations));
  }

  async function reviews(): Promise<number> {
    const all = await Promise.all([0, 1].map((i) => figures(webhookHealth(i))));
    const decisions = all.flatMap((one) => [...one].filter(([name]) => name.startsWith("serin_webhook_decisions_total")));
    return decisions.reduce((sum, [, value]) => sum + Number(value), 0);
  }
});
