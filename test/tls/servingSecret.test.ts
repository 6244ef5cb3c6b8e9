import { X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer, connect as tlsConnect } from "node:tls";
import { describe, expect, it } from "vitest";
import { issueLeaf, makeAuthority } from "../../src/tls/authority.ts";
import { randomSerial } from "../../src/tls/keyPair.ts";
import { makeServingCertificate } from "../../src/tls/makeServingCertificate.ts";
import { parseServingSecret, servingSecretData, whyUnusable } from "../../src/tls/servingSecret.ts";
import { webhookNames } from "../../src/tls/webhookNames.ts";

const now = new Date();
const names = webhookNames("serin-system", ["10.96.0.7"]);
const good = await makeServingCertificate(names, now);
const other = await makeServingCertificate(names, now);
const later = (days: number) => new Date(now.getTime() + days * 86_400_000);

/** A handshake on real sockets, as kube-apiserver does it. */
async function handshake(certificate: typeof good, servername: string, ca = certificate.ca): Promise<string> {
  const server = createServer({ cert: certificate.cert, key: certificate.key });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise((resolve, reject) => {
      const options = { port, host: "127.0.0.1", ca, ...(servername === "127.0.0.1" ? {} : { servername }) };
      const socket = tlsConnect(options, () => {
        resolve(socket.authorized ? "trusted" : String(socket.authorizationError));
        socket.destroy();
      });
      socket.on("error", reject);
    });
  } finally {
    server.close();
  }
}

describe("the serving certificate", () => {
  for (const name of webhookNames("serin-system")) {
    it(`is trusted as ${name}`, async () => expect(await handshake(good, name)).toBe("trusted"));
  }
  it("is not trusted under another name, nor by another CA", async () => {
    await expect(handshake(good, "serin-webhook.default.svc")).rejects.toThrow(/altnames/);
    await expect(handshake(good, "localhost", other.ca)).rejects.toThrow(/signature|issuer|self-signed|certificate/);
  });

  it("was valid an hour ago, and ends before its CA", () => {
    const [leaf, ca] = [new X509Certificate(good.cert), new X509Certificate(good.ca)];
    for (const certificate of [leaf, ca]) expect(Date.parse(certificate.validFrom)).toBeLessThanOrEqual(now.getTime() - 3_599_000);
    expect(Date.parse(leaf.validTo)).toBeLessThan(Date.parse(ca.validTo));
    expect(Date.parse(ca.validTo) - now.getTime()).toBeGreaterThan(3649 * 86_400_000);
  });

  it("never outlives its CA", async () => {
    const authority = await makeAuthority({ now, notAfter: later(1) });
    await expect(issueLeaf(authority, names, { now, notAfter: later(2) })).rejects.toThrow("a certificate would outlive its CA: our bug");
  });

  it("is for servers alone, and can't sign", () => {
    const leaf = new X509Certificate(good.cert);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });

  it("has a random, positive serial", () => {
    const serials = new Set(Array.from({ length: 1_000 }, randomSerial));
    expect(serials.size).toBe(1_000);
    for (const serial of serials) expect(serial).toMatch(/^[0-7][0-9a-f]{31}$/);
    expect(new X509Certificate(good.cert).serialNumber).not.toBe(new X509Certificate(good.ca).serialNumber);
  });
});

describe("the Secret", () => {
  const secret = { data: servingSecretData(good) };

  it("gives back what was put in", () => expect(parseServingSecret(secret)).toEqual(good));
  it("without certificate or key is none, without a CA it may be a provided one", () => {
    for (const part of ["tls.crt", "tls.key"]) expect(parseServingSecret({ data: { ...secret.data, [part]: "" } })).toBeUndefined();
    expect(parseServingSecret({ data: { ...secret.data, "ca.crt": "" } })).toEqual({ cert: good.cert, key: good.key });
    expect(parseServingSecret({})).toBeUndefined();
    expect(parseServingSecret(undefined)).toBeUndefined();
  });

  it("is good now", () => expect(whyUnusable(good, names, now)).toBeUndefined());

  const faults: Array<[what: string, why: string | undefined, RegExp]> = [
    ["nothing", whyUnusable(undefined, names, now), /^tls.crt or tls.key is missing$/],
    ["another's key", whyUnusable({ ...good, key: other.key }, names, now), /^tls.key is not the key of tls.crt$/],
    ["an expired leaf", whyUnusable(good, names, later(366)), /^tls.crt expired at /],
    ["a leaf of tomorrow", whyUnusable(good, names, later(-1)), /^tls.crt is only valid from/],
    ["a name missing", whyUnusable(good, [...names, "elsewhere.svc"], now), /^tls.crt is not for elsewhere.svc$/],
    ["garbage", whyUnusable({ ...good, cert: "garbage" }, names, now), /^not readable: /],
    ["a garbage key", whyUnusable({ ...good, key: "garbage" }, names, now), /^not readable: /],
  ];
  for (const [what, why, expected] of faults) it(`with ${what} can't be used`, () => expect(why).toMatch(expected));
});
