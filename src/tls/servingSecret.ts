import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { issueLeaf, makeAuthority } from "./authority.ts";
import type { KeyPair } from "./keyPair.ts";

/**
 * The Secret `serin-webhook-tls`: what the webhook serves, and the CA by which kube-apiserver knows it.
 * The CA's own key is thrown away once the certificate is signed: nobody can issue a second one, and a new certificate comes with a new CA.
 */
export const servingSecretName = "serin-webhook-tls";

export interface ServingCertificate extends KeyPair {
  ca: string;
}

interface SecretData {
  data?: Record<string, string>;
}

export async function makeServingCertificate(names: readonly string[], now: Date): Promise<ServingCertificate> {
  const authority = await makeAuthority(now);
  const leaf = await issueLeaf(authority, names, now);
  return { ...leaf, ca: authority.cert };
}

export const servingSecretData = ({ cert, key, ca }: ServingCertificate): Record<string, string> => ({
  "tls.crt": encode(cert),
  "tls.key": encode(key),
  "ca.crt": encode(ca),
});

/** What the Secret holds; undefined when a part is missing. Whether it can be used, `whyUnusable` says. */
export function parseServingSecret(secret: SecretData | undefined): ServingCertificate | undefined {
  const [cert, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map((name) => decode(secret?.data?.[name]));
  return cert && key && ca ? { cert, key, ca } : undefined;
}

/** Why these can't be served now, in words; undefined when they can. */
export function whyUnusable(certificate: ServingCertificate | undefined, names: readonly string[], now: Date): string | undefined {
  if (!certificate) return "tls.crt, tls.key or ca.crt is missing";
  try {
    const leaf = new X509Certificate(certificate.cert);
    const ca = new X509Certificate(certificate.ca);
    if (!leaf.checkPrivateKey(createPrivateKey(certificate.key))) return "tls.key is not the key of tls.crt";
    if (!ca.ca || !leaf.verify(ca.publicKey)) return "tls.crt is not signed by ca.crt";
    if (now > new Date(leaf.validTo) || now > new Date(ca.validTo)) return `tls.crt or ca.crt expired (${leaf.validTo}, ${ca.validTo})`;
    if (now < new Date(leaf.validFrom)) return `tls.crt is only valid from ${leaf.validFrom}`;
    const missing = names.find((name) => (isIP(name) ? !leaf.checkIP(name) : !leaf.checkHost(name)));
    return missing === undefined ? undefined : `tls.crt is not for ${missing}`;
  } catch (error) {
    return `not readable: ${(error as Error).message}`;
  }
}

const encode = (text: string): string => Buffer.from(text).toString("base64");
const decode = (text: string | undefined): string | undefined => (text ? Buffer.from(text, "base64").toString("utf8") : undefined);
