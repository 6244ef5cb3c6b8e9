import { X509Certificate } from "node:crypto";

/** A certificate as PEM, and what a decision needs of it. Read by Node: node-forge can't read EC certificates. */
export interface ReadCertificate {
  /** SHA-256 fingerprint, lower-case hexadecimal. */
  id: string;
  pem: string;
  x509: X509Certificate;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
}

/** The certificates of a PEM text in their order, and whether there is anything in it that is none. Empty text is an empty bundle. */
export function readCertificates(text: string | undefined): { found: ReadCertificate[]; isGarbled: boolean } {
  const found: ReadCertificate[] = [];
  let isGarbled = false;
  const rest = (text ?? "").replace(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g, (pem) => {
    const read = readCertificate(pem);
    if (read) found.push(read);
    else isGarbled = true;
    return "";
  });
  // Text between certificates is allowed (openssl writes some); anything that looks like a piece of PEM is a broken one.
  return { found, isGarbled: isGarbled || rest.includes("-----") || (found.length === 0 && rest.trim() !== "") };
}

/** @returns undefined for what is no certificate */
export function readCertificate(pem: string | undefined): ReadCertificate | undefined {
  if (!pem) return undefined;
  try {
    const x509 = new X509Certificate(pem);
    const [notBefore, notAfter] = [Date.parse(x509.validFrom), Date.parse(x509.validTo)];
    return { id: x509.fingerprint256.replaceAll(":", "").toLowerCase(), pem: x509.toString(), x509, notBefore, notAfter };
  } catch {
    return undefined;
  }
}

/** Whether this CA signed that certificate. */
export function isSignedBy(leaf: ReadCertificate, authority: ReadCertificate): boolean {
  try {
    return authority.x509.ca && leaf.x509.verify(authority.x509.publicKey);
  } catch {
    return false; // a key of a kind that Node can't use
  }
}
