import { expect, test } from "vitest";
import { auditKeysName, parseKeys } from "../../src/api/seal.ts";
import { trustedKeys } from "../../src/core/audit/publicKeys.ts";
import { isSigned, signed } from "../../src/core/audit/sealPlan.ts";
import { auditSecretName, parseAuditKeys } from "../../src/tls/auditKeys.ts";
import { ensureAuditKeys } from "../../src/tls/ensureAuditKeys.ts";
import { CertificateCluster } from "../fakes/certificateCluster.ts";

const namespace = "serin-system";
const life = 1_000_000;

/** Looks until there is nothing to do, a few seconds of the story apart. @returns the steps that were taken */
async function settled(cluster: CertificateCluster, now: number): Promise<string[]> {
  const steps: string[] = [];
  for (let round = 0; round < 9; round += 1) {
    const step = await ensureAuditKeys(cluster.client, { namespace, life, now: now + round });
    if (step === undefined) return steps;
    steps.push(step);
  }
  throw new Error(`it never settles: ${steps.join(", ")}`);
}

const published = (cluster: CertificateCluster) =>
  parseKeys(cluster.objects.get(`configmaps/${auditKeysName}`)?.data as Record<string, string> | undefined).keys;
const secret = (cluster: CertificateCluster) => parseAuditKeys(cluster.objects.get(`secrets/${auditSecretName}`));

test("a key is made, published, and after its life followed by one that it vouches for; then its private half is gone", async () => {
  const cluster = new CertificateCluster();
  expect(await settled(cluster, 0)).toEqual(["make", "publish"]);
  const first = secret(cluster).signing;
  expect(await settled(cluster, life / 2)).toEqual([]);
  expect(await settled(cluster, 2 * life)).toEqual(["prepare", "publish", "switch"]);
  const now = secret(cluster);
  expect(now.signing?.id).not.toBe(first?.id);
  expect([...now.privateKeys.keys()]).toEqual([now.signing?.id]);
  const { keys, problems } = trustedKeys(published(cluster));
  expect(problems).toEqual([]);
  expect([...keys.values()].map(({ id, order }) => [id, order])).toEqual([
    [first?.id, 0],
    [now.signing?.id, 1],
  ]);
  if (!now.signing) throw new Error("no key");
  const key = keys.get(now.signing.id)?.key;
  expect(key && isSigned("seal", signed("seal", { a: 1 }, now.signing), key)).toBe(true);
});

test("at each step of a rotation the key that signs is a published one, also when every process falls after it", async () => {
  const cluster = new CertificateCluster();
  await settled(cluster, 0);
  for (let round = 0; round < 12; round += 1) {
    await ensureAuditKeys(cluster.client, { namespace, life, now: 2 * life * (1 + Math.floor(round / 4)) });
    const { signing } = secret(cluster);
    expect(published(cluster).map(({ id }) => id)).toContain(signing?.id);
  }
  expect(published(cluster)).toHaveLength(4);
});

test("published keys that somebody changed, added to or deleted are put right", async () => {
  const cluster = new CertificateCluster();
  await settled(cluster, 0);
  const before = published(cluster);
  cluster.remove("configmaps", auditKeysName);
  expect(await settled(cluster, 1)).toEqual(["publish"]);
  const object = cluster.objects.get(`configmaps/${auditKeysName}`) as { data?: Record<string, string> };
  object.data = { ...object.data, "a-mallory": "{}" };
  expect(await settled(cluster, 2)).toEqual(["publish"]);
  expect(published(cluster)).toEqual(before);
});

test("a Secret that was lost: the old public keys stay, and nobody vouches for the new one", async () => {
  const cluster = new CertificateCluster();
  await settled(cluster, 0);
  cluster.remove("secrets", auditSecretName);
  expect(await settled(cluster, 5)).toEqual(["make", "publish"]);
  expect(trustedKeys(published(cluster)).problems).toMatchObject([{ code: "KeyUnvouched", message: expect.stringContaining("by nobody") }]);
});
