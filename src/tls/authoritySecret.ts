import { createPrivateKey } from "node:crypto";
import type { Authority } from "../core/certificates/state.ts";
import type { KeyPair } from "./keyPair.ts";
import { type ReadCertificate, readCertificate } from "./readCertificates.ts";

/** How our CAs are called; each adds its serial number, so that no verifier takes one for another. */
export const authorityName = "serin webhook CA";

/**
 * The Secret `serin-webhook-ca`, which only the certs process may read:
 *
 *   data:
 *     ca-2-9f31c0de.crt           the CA that signs, number and fingerprint in its name
 *     ca-2-9f31c0de.key           gone from it as soon as a newer one has signed
 *     ca-2-9f31c0de.signed-until  no certificate that it signed is valid after this (RFC 3339); absent: it never signed
 *     ca-1-…                      still trusted, as long as a certificate of it may be served
 *
 * Number 0 was found in use and adopted. What can't be read is left out, and goes with the next write.
 */
export const authoritySecretName = "serin-webhook-ca";

/** An authority with its PEM. */
export interface StoredAuthority extends Authority {
  cert: string;
  key: string | undefined;
  read: ReadCertificate;
}

interface SecretData {
  data?: Record<string, string>;
}

const entry = /^(ca-(\d{1,9})-[0-9a-f]{8})\.crt$/;

/** Every CA that can be read, oldest first. */
export function parseAuthorities(secret: SecretData | undefined): StoredAuthority[] {
  const data = secret?.data ?? {};
  return Object.keys(data)
    .flatMap((name) => {
      const [, base, order] = entry.exec(name) ?? [];
      const read = base === undefined ? undefined : readCertificate(decode(data[name]));
      if (!read?.x509.ca) return [];
      const key = keyOf(read, decode(data[`${base}.key`]));
      const signedUntil = Date.parse(decode(data[`${base}.signed-until`]) ?? "");
      return [storedAuthority(read, Number(order), key, Number.isNaN(signedUntil) ? 0 : signedUntil)];
    })
    .sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

export function storedAuthority(read: ReadCertificate, order: number, key: string | undefined, signedUntil: number): StoredAuthority {
  const { id, notBefore, notAfter, pem } = read;
  return { id, order, hasKey: key !== undefined, notBefore, notAfter, signedUntil, cert: pem, key, read };
}

export function authoritySecretData(authorities: readonly StoredAuthority[]): Record<string, string> {
  const entries = authorities.flatMap(({ id, order, cert, key, signedUntil }) => {
    const base = `ca-${order}-${id.slice(0, 8)}`;
    return [
      [`${base}.crt`, cert],
      ...(key === undefined ? [] : [[`${base}.key`, key]]),
      ...(signedUntil === 0 ? [] : [[`${base}.signed-until`, new Date(signedUntil).toISOString()]]),
    ];
  });
  return Object.fromEntries(entries.map(([name, text = ""]) => [name, Buffer.from(text).toString("base64")]));
}

/** As a pair to sign with. @throws Error for one without a key: our bug */
export function keyPairOf({ id, cert, key }: StoredAuthority): KeyPair {
  if (key === undefined) throw new Error(`CA ${id} was to sign, and has no key: our bug`);
  return { cert, key };
}

function keyOf({ x509 }: ReadCertificate, key: string | undefined): string | undefined {
  try {
    return key !== undefined && x509.checkPrivateKey(createPrivateKey(key)) ? key : undefined;
  } catch {
    return undefined;
  }
}

const decode = (text: string | undefined): string | undefined => (text ? Buffer.from(text, "base64").toString("utf8") : undefined);
