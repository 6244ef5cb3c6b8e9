import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCertificates } from "../../src/tls/readCertificates.ts";
import { servingSecretData, servingSecretName } from "../../src/tls/servingSecret.ts";
import { webhookNames } from "../../src/tls/webhookNames.ts";
import { anEcCertificate } from "../tls/ecCertificate.ts";
import { CERTS_HEALTH, webhookHealth } from "./addresses.ts";
import { figures } from "./figures.ts";
import { type ClusterClient, connectCluster } from "./kubelet/clusterClient.ts";
import { type Lab, startLab } from "./lab.ts";
import { type ReviewLoad, startReviewLoad } from "./reviewLoad.ts";
import { until } from "./until.ts";

/* Certificates that somebody else provides, as cert-manager does with `privateKey.algorithm: ECDSA`: a Secret with tls.crt, tls.key and ca.crt. */

const names = webhookNames("serin-system");
const first = anEcCertificate(names);
const configurationPath = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/canary-serin";
const secretsPath = "/api/v1/namespaces/serin-system/secrets";

let lab: Lab;
let client: ClusterClient;
let load: ReviewLoad;
beforeAll(async () => {
  lab = await startLab({ without: ["istio", "prometheus"], webhooks: 2, workers: 1, providedCertificate: first });
  client = connectCluster(lab.env["KUBECONFIG"] ?? "", "own-certificates-test");
  const { webhooks } = await client.get<{ webhooks: unknown[] }>(configurationPath);
  const strict = webhooks.map((_, i) => ({ op: "replace", path: `/webhooks/${i}/failurePolicy`, value: "Fail" }));
  await lab.kubectl("patch", "mutatingwebhookconfiguration", "canary-serin", "--type=json", "-p", JSON.stringify(strict));
  await lab.kubectl("create", "deployment", "reviewed", "--image=reviewed:1", "--replicas=0");
  load = startReviewLoad(lab.env["KUBECONFIG"] ?? "", "reviewed", 100);
});
afterAll(async () => {
  await load?.stop();
  await client?.close();
  await lab?.stop();
});

const trusted = async (): Promise<string[]> => {
  const { webhooks } = await client.get<{ webhooks: Array<{ clientConfig: { caBundle?: string } }> }>(configurationPath);
  return [...new Set(webhooks.flatMap(({ clientConfig }) => idsIn(Buffer.from(clientConfig.caBundle ?? "", "base64").toString())))];
};
const idsIn = (pem: string): string[] => readCertificates(pem).found.map(({ id }) => id);

it("a provided EC certificate is served and its CA trusted; nothing is issued", async () => {
  await until("a hundred reviews", () => Promise.resolve(load.answered() >= 100), 20);
  expect(load.failures().slice(0, 3)).toEqual([]);
  expect(await trusted()).toEqual(idsIn(first.ca));
  const authority = await client.get<{ data?: Record<string, string> }>(`${secretsPath}/serin-webhook-ca`).catch(() => undefined);
  expect(Object.keys(authority?.data ?? {}).filter((name) => name.endsWith(".key"))).toEqual([]);
  expect((await figures(CERTS_HEALTH)).get('serin_certs_rotations_total{what="leaf"}') ?? "0").toBe("0");
});

it("its provider writes another one of another CA over it, three times: followed at once, and no review fails", async () => {
  for (let i = 0; i < 3; i++) {
    const next = anEcCertificate(names);
    await client.patch(`${secretsPath}/${servingSecretName}`, { data: servingSecretData(next) }, "application/merge-patch+json");
    const ends = new X509Certificate(next.cert).validToDate.getTime();
    await until(
      "both replicas to serve it",
      async () => {
        const served = await Promise.all(
          [0, 1].map(async (at) => Number((await figures(webhookHealth(at))).get("serin_webhook_certificate_expiry_timestamp_seconds"))),
        );
        return served.every((seconds) => seconds * 1_000 === ends) && (await trusted()).includes(idsIn(next.ca)[0] ?? "");
      },
      30,
    );
  }
  expect(load.failures().slice(0, 3)).toEqual([]);
});
