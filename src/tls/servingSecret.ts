import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { KeyPair } from "./keyPair.ts";

/** The Secret `serin-webhook-tls` (kubernetes.io/tls): what the webhook serves, and in ca.crt the CA by which kube-apiserver knows it. */
export const servingSecretName = "serin-webhook-tls";

export interface ServingCertificate extends KeyPair {
  /** Absent in a provided Secret whose provider sets caBundle by himself. */
  ca?: string;
}

interface SecretData {
  data?: Record<string, string>;
}

export const servingSecretData = ({ cert, key, ca }: ServingCertificate): Record<string, string> => ({
  "tls.crt": encode(cert),
  "tls.key": encode(key),
  ...(ca === undefined ? {} : { "ca.crt": encode(ca) }),
});

/** What the Secret holds; undefined without certificate or key. Whether it can be used, `whyUnusable` says. */
export function parseServingSecret(secret: SecretData | undefined): ServingCertificate | undefined {
  const [cert, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map((name) => decode(secret?.data?.[name]));
  return cert && key ? { cert, key, ...(ca ? { ca } : {}) } : undefined;
}

/**
 * Why these can't be served now under these names, in words; undefined when they can. The certificate may have any kind of key and a chain below
 * it. Who signed it is kube-apiserver's to judge.
 */
export function whyUnusable(certificate: ServingCertificate | undefined, names: readonly string[], now: Date): string | undefined {
  if (!certificate) return "tls.crt or tls.key is missing";
  try {
    const leaf = new X509Certificate(certificate.cert);
    if (!leaf.checkPrivateKey(createPrivateKey(certificate.key))) return "tls.key is not the key of tls.crt";
    if (now >= new Date(leaf.validTo)) return `tls.crt expired at ${leaf.validTo}`;
    if (now < new Date(leaf.validFrom)) return `tls.crt is only valid from ${leaf.validFrom}`;
    const missing = names.find((name) => (isIP(name) ? !leaf.checkIP(name) : !leaf.checkHost(name)));
    return missing === undefined ? undefined : `tls.crt is not for ${missing}`;
  } catch (error) {
    return `not readable: ${(error as Error).message}`;
  }
}

const encode = (text: string): string => Buffer.from(text).toString("base64");
const decode = (text: string | undefined): string | undefined => (text ? Buffer.from(text, "base64").toString("utf8") : undefined);
