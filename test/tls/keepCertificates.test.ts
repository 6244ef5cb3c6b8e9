import { X509Certificate } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { type CertificateTimes, defaultTimes } from "../../src/core/certificates/times.ts";
import { makeAuthority } from "../../src/tls/authority.ts";
import { certificateFigures } from "../../src/tls/certificateFigures.ts";
import { parseIntentKeys } from "../../src/tls/intentKeys.ts";
import { type KeptCertificates, keepCertificates } from "../../src/tls/keepCertificates.ts";
import { makeServingCertificate } from "../../src/tls/makeServingCertificate.ts";
import { readCertificates } from "../../src/tls/readCertificates.ts";
import { servingSecretData } from "../../src/tls/servingSecret.ts";
import { webhookNames } from "../../src/tls/webhookNames.ts";
import { CertificateCluster } from "../fakes/certificateCluster.ts";
import { unknownFields } from "../fakes/logFields.ts";
import { anAuthority } from "../kube/certificates.ts";
import { anEcCertificate } from "./ecCertificate.ts";

const running: KeptCertificates[] = [];
afterAll(() => Promise.all(running.splice(0).map((one) => one.stop())));

interface Told {
  level: "info" | "warn" | "error";
  text: string;
}

function keep(cluster: CertificateCluster, over: { mode?: "own" | "provided"; times?: Partial<CertificateTimes> } = {}) {
  const told: Told[] = [];
  const say = (level: Told["level"]) => (fields: object, text: string) => {
    expect(unknownFields(fields)).toEqual([]);
    told.push({ level, text: `${(fields as { reason?: string }).reason ?? ""} ${text}`.trim() });
  };
  const figures = certificateFigures(() => performance.now());
  const kept = keepCertificates(cluster.client, {
    namespace: "serin-system",
    mode: over.mode ?? "own",
    times: { ...defaultTimes, ...over.times },
    figures,
    log: { info: say("info"), warn: say("warn"), error: say("error") } as never,
  });
  running.push(kept);
  return { kept, figures, told };
}

/** Looks again and again; each look is after a chance for the loop to go on. */
async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !condition(); ) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const leafOf = (cluster: CertificateCluster) => cluster.data("serin-webhook-tls")?.["tls.crt"];
const caOf = (cluster: CertificateCluster) => cluster.data("serin-webhook-tls")?.["ca.crt"] ?? "nothing";
const idsOf = (pem: string) => readCertificates(pem).found.map(({ id }) => id);
const trusts = (cluster: CertificateCluster, pem: string) =>
  cluster.bundles().every((bundle) => idsOf(bundle).includes(idsOf(pem)[0] ?? "none"));

async function installed(over: Parameters<typeof keep>[1] = {}) {
  const cluster = new CertificateCluster();
  cluster.install();
  const process = keep(cluster, over);
  await until("the first certificate", process.kept.isSettled);
  return { cluster, ...process };
}

// All at once: what takes time is the making of RSA keys, off the event loop.
describe.concurrent("the certs process", () => {
  it("makes keys, CA, certificate and trust at once, then writes nothing more", async () => {
    const began = performance.now();
    const { cluster, told } = await installed();
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(cluster.writes).toEqual([
      "create serin-intent-keys",
      "create serin-audit-signing",
      "create serin-webhook-ca",
      "create serin-audit-keys",
      "apply canary-serin as serin-certs",
      "replace serin-webhook-ca",
      "create serin-webhook-tls",
    ]);
    expect(cluster.bundles().map(idsOf)).toEqual([idsOf(caOf(cluster)), idsOf(caOf(cluster))]);
    expect(parseIntentKeys(cluster.objects.get("secrets/serin-intent-keys"))).toHaveLength(1);
    const leaf = new X509Certificate(leafOf(cluster) ?? "");
    const [ca] = readCertificates(caOf(cluster)).found;
    expect([leaf.verify(ca?.x509.publicKey as never), leaf.checkHost("serin-webhook.serin-system.svc")]).toEqual([
      true,
      "serin-webhook.serin-system.svc",
    ]);
    expect(Object.keys(cluster.data("serin-webhook-tls") ?? {})).toEqual(["tls.crt", "tls.key", "ca.crt"]);
    expect(told.filter(({ level }) => level !== "info")).toEqual([]);
    const { writes } = cluster;
    const again = keep(cluster);
    await until("a second process", again.kept.isSettled);
    expect(writes).toHaveLength(7);
  });

  it("rotates: trust new, serve new, drop old; no key is used twice, the old CA's key is gone", async () => {
    const { cluster, figures } = await installed({ times: { authorityLife: 18_000, leafLife: 6_000, trustDelay: 900, margin: 300 } });
    const first = { ca: caOf(cluster), key: cluster.data("serin-webhook-tls")?.["tls.key"] };
    await until("the next CA to be trusted", () => idsOf(cluster.bundles()[0] ?? "").length === 2);
    expect([caOf(cluster), trusts(cluster, first.ca)]).toEqual([first.ca, true]);
    await until("the next CA to be served", () => caOf(cluster) !== first.ca);
    expect(trusts(cluster, first.ca) && trusts(cluster, caOf(cluster))).toBe(true);
    expect(Object.keys(cluster.data("serin-webhook-ca") ?? {}).filter((name) => name.endsWith(".key"))).toEqual([
      expect.stringMatching(/^ca-2-[0-9a-f]{8}\.key$/),
    ]);
    await until("the old CA to be dropped", () => !trusts(cluster, first.ca));
    await until(
      "the old CA to be forgotten",
      () => !Object.keys(cluster.data("serin-webhook-ca") ?? {}).some((name) => name.startsWith("ca-1-")),
    );
    expect(cluster.data("serin-webhook-tls")?.["tls.key"]).not.toBe(first.key);
    expect(figures.render()).toMatch(/^serin_certs_rotations_total{what="authority"} 2$/m);
  });

  it("puts a cleared or spoilt bundle right, and a deleted configuration as soon as it is back", async () => {
    const { cluster, told } = await installed();
    for (const spoil of [
      () => cluster.install(),
      () => cluster.install("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"),
    ]) {
      spoil();
      expect(trusts(cluster, caOf(cluster))).toBe(false);
      await until("the repair", () => trusts(cluster, caOf(cluster)));
    }
    cluster.remove("mutatingwebhookconfigurations", "canary-serin");
    await until("the news", () => told.some(({ text }) => text.startsWith("ConfigurationMissing")));
    cluster.install();
    await until("the trust", () => trusts(cluster, caOf(cluster)));
    expect(told.filter(({ level }) => level !== "info")).toEqual([]);
  });

  it("merges: a CA of ours that others put there stays, a stranger's goes", async () => {
    const validity = { now: new Date(), notAfter: new Date(Date.now() + 86_400_000) };
    const ours = (await makeAuthority(validity)).cert;
    const { cluster } = await installed();
    const strange = anAuthority("elsewhere").ca;
    cluster.install(`${strange}${ours}`);
    await until("the repair", () => trusts(cluster, caOf(cluster)));
    expect(idsOf(cluster.bundles()[0] ?? "").sort()).toEqual([...idsOf(caOf(cluster)), ...idsOf(ours)].sort());
  });

  const damages: Array<[what: string, damage: (data: Record<string, string>) => Record<string, string> | Promise<Record<string, string>>]> =
    [
      ["garbage for a certificate", (data) => ({ ...data, "tls.crt": "Z2FyYmFnZQ==" })],
      ["garbage for a key", (data) => ({ ...data, "tls.key": "Z2FyYmFnZQ==" })],
      ["another's key", async (data) => ({ ...data, "tls.key": servingSecretData(await other)["tls.key"] ?? "" })],
      ["another's CA", async (data) => ({ ...data, "ca.crt": servingSecretData(await other)["ca.crt"] ?? "" })],
      ["no CA", ({ "ca.crt": _, ...data }) => data],
      [
        "an expired certificate",
        async () => servingSecretData(await makeServingCertificate(webhookNames("serin-system"), new Date(Date.now() - 400 * 86_400_000))),
      ],
      ["a certificate for other names", async () => servingSecretData(await makeServingCertificate(webhookNames("elsewhere"), new Date()))],
      ["nothing", () => ({})],
    ];
  const other = makeServingCertificate(webhookNames("serin-system"), new Date());
  it("a damaged serving Secret is made anew, by the CA that is trusted", async () => {
    const { cluster } = await installed();
    for (const [what, damage] of damages) {
      const before = { ca: caOf(cluster), leaf: leafOf(cluster) };
      cluster.secret("serin-webhook-tls", await damage(cluster.objects.get("secrets/serin-webhook-tls")?.data ?? {}));
      await until(`the repair after ${what}`, () => caOf(cluster) === before.ca && leafOf(cluster) !== before.leaf && usable(cluster));
      expect(trusts(cluster, before.ca)).toBe(true);
    }
  });

  it("a deleted serving Secret and deleted intent keys are made anew", async () => {
    const { cluster } = await installed();
    cluster.remove("secrets", "serin-webhook-tls");
    cluster.remove("secrets", "serin-intent-keys");
    await until("both", () => leafOf(cluster) !== undefined && cluster.data("serin-intent-keys") !== undefined);
  });

  it("a lost CA Secret: the CA in use stays trusted, another takes over after trustDelay", async () => {
    const { cluster } = await installed({ times: { trustDelay: 400 } });
    const before = caOf(cluster);
    cluster.remove("secrets", "serin-webhook-ca");
    await until("another CA to be trusted", () => idsOf(cluster.bundles()[0] ?? "").length === 2);
    const at = performance.now();
    expect(caOf(cluster)).toBe(before);
    await until("it to sign", () => caOf(cluster) !== before);
    expect(performance.now() - at).toBeGreaterThan(350);
    expect(trusts(cluster, before) && trusts(cluster, caOf(cluster))).toBe(true);
  });

  it("two at once make one CA and one certificate", async () => {
    const cluster = new CertificateCluster();
    cluster.install();
    const both = [keep(cluster), keep(cluster)];
    await until("both", () => both.every(({ kept }) => kept.isSettled()));
    expect(cluster.writes.filter((write) => write.startsWith("create"))).toHaveLength(
      new Set(cluster.writes.filter((write) => write.startsWith("create"))).size,
    );
    expect(Object.keys(cluster.data("serin-webhook-ca") ?? {}).filter((name) => name.endsWith(".crt"))).toHaveLength(1);
    expect(both.flatMap(({ told }) => told).filter(({ level }) => level !== "info")).toEqual([]);
    expect(usable(cluster)).toBe(true);
  });

  it("an API server that fails is asked again; the figures tell", async () => {
    const cluster = new CertificateCluster();
    cluster.install();
    let failures = 2;
    cluster.onWrite = () => {
      if (failures-- > 0) throw new Error("no quorum");
    };
    const { kept, figures } = keep(cluster);
    await until("it to recover", kept.isSettled);
    expect(figures.render()).toMatch(/^serin_certs_errors_total 2$/m);
    expect(figures.render()).toMatch(/^serin_certs_last_error_age_seconds \d+$/m);
    const end = /^serin_certs_authority_expiry_timestamp_seconds (\d+)$/m.exec(figures.render())?.[1];
    expect(Number(end) * 1_000).toBeGreaterThan(Date.now() + 364 * 86_400_000);
  });
});

function usable(cluster: CertificateCluster): boolean {
  const [leaf] = readCertificates(leafOf(cluster)).found;
  const [ca] = readCertificates(caOf(cluster)).found;
  return (
    leaf !== undefined &&
    ca !== undefined &&
    leaf.x509.verify(ca.x509.publicKey) &&
    leaf.x509.checkHost("serin-webhook.serin-system.svc") !== undefined
  );
}

describe.concurrent("provided certificates", () => {
  const given = makeServingCertificate(webhookNames("serin-system"), new Date());
  const next = makeServingCertificate(webhookNames("serin-system"), new Date());

  it("are never touched; caBundle follows ca.crt, old and new", async () => {
    const cluster = new CertificateCluster();
    cluster.install();
    cluster.secret("serin-webhook-tls", servingSecretData(await given));
    const { kept } = keep(cluster, { mode: "provided" });
    await until("it to settle", kept.isSettled);
    expect(cluster.bundles().map(idsOf)).toEqual([idsOf((await given).ca), idsOf((await given).ca)]);
    cluster.secret("serin-webhook-tls", servingSecretData(await next));
    await until("the new CA", () => cluster.bundles().every((bundle) => idsOf(bundle).length === 2));
    expect(leafOf(cluster)).toBe((await next).cert);
    expect(cluster.writes.filter((write) => write.endsWith("serin-webhook-tls"))).toEqual([]);
    expect(Object.keys(cluster.data("serin-webhook-ca") ?? {}).filter((name) => name.endsWith(".key"))).toEqual([]);
  });

  it("with EC keys are read and trusted like others", async () => {
    const cluster = new CertificateCluster();
    cluster.install();
    const ec = anEcCertificate(["serin-webhook.serin-system.svc"]);
    cluster.secret("serin-webhook-tls", servingSecretData(ec));
    const { kept, figures } = keep(cluster, { mode: "provided" });
    await until("it to settle", kept.isSettled);
    expect(cluster.bundles().map(idsOf)).toEqual([idsOf(ec.ca), idsOf(ec.ca)]);
    expect(figures.render()).toMatch(/^serin_certs_certificate_expiry_timestamp_seconds [1-9]\d+$/m);
  });

  it("injected by cert-manager, without ca.crt, or not there yet: nothing is written but the keys that sign", async () => {
    const withoutCa = servingSecretData({ cert: (await given).cert, key: (await given).key });
    const worlds: Array<[Record<string, string>, Record<string, string> | undefined]> = [
      [{ "cert-manager.io/inject-ca-from": "serin-system/webhook" }, servingSecretData(await given)],
      [{}, withoutCa],
      [{}, undefined],
    ];
    for (const [annotations, data] of worlds) {
      const cluster = new CertificateCluster();
      cluster.install(undefined, annotations);
      if (data) cluster.secret("serin-webhook-tls", data);
      await until("it to settle", keep(cluster, { mode: "provided" }).kept.isSettled);
      expect(cluster.writes).toEqual(["create serin-intent-keys", "create serin-audit-signing", "create serin-audit-keys"]);
    }
  });

  it("given up for own ones: the provided CA stays trusted while its certificate may be served", async () => {
    const cluster = new CertificateCluster();
    cluster.install((await given).ca);
    cluster.secret("serin-webhook-tls", servingSecretData(await given));
    keep(cluster, { times: { trustDelay: 300 } });
    const provided = caOf(cluster);
    await until("an own certificate", () => caOf(cluster) !== provided);
    expect(trusts(cluster, (await given).ca) && trusts(cluster, caOf(cluster))).toBe(true);
  });
});
