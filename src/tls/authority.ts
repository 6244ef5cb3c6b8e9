import forge from "node-forge";
import { generateKeys, type KeyPair, randomSerial } from "./keyPair.ts";

const hour = 3_600_000;
const day = 24 * hour;

/** Clocks of nodes differ; a certificate that is valid from now on is not valid yet on the next machine. */
const backDated = hour;
const authorityLife = 3650 * day;
const leafLife = 365 * day;

const authorityName = [{ name: "commonName", value: "serin webhook CA" }];

/** A CA that signs webhook certificates and nothing else. */
export async function makeAuthority(now: Date): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeys();
  const certificate = draft(publicKey, now, authorityLife);
  certificate.setSubject(authorityName);
  certificate.setIssuer(authorityName);
  certificate.setExtensions([
    { name: "basicConstraints", critical: true, cA: true, pathLenConstraint: 0 },
    { name: "keyUsage", critical: true, keyCertSign: true, cRLSign: true },
    { name: "subjectKeyIdentifier" },
  ]);
  certificate.sign(privateKey, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: forge.pki.privateKeyToPem(privateKey) };
}

/** A server certificate for these names (DNS names and IPv4 addresses), never longer valid than its CA. */
export async function issueLeaf(authority: KeyPair, names: readonly string[], now: Date): Promise<KeyPair> {
  const issuer = forge.pki.certificateFromPem(authority.cert);
  const { publicKey, privateKey } = await generateKeys();
  const certificate = draft(publicKey, now, leafLife);
  if (certificate.validity.notAfter > issuer.validity.notAfter) certificate.validity.notAfter = issuer.validity.notAfter;
  certificate.setSubject([{ name: "commonName", value: (names[0] ?? "serin-webhook").slice(0, 64) }]);
  certificate.setIssuer(issuer.subject.attributes);
  certificate.setExtensions([
    { name: "basicConstraints", critical: true, cA: false },
    { name: "keyUsage", critical: true, digitalSignature: true, keyEncipherment: true },
    { name: "extKeyUsage", serverAuth: true },
    { name: "subjectAltName", altNames: names.map((name) => (isAddress(name) ? { type: 7, ip: name } : { type: 2, value: name })) },
    { name: "authorityKeyIdentifier", keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(authority.key), forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: forge.pki.privateKeyToPem(privateKey) };
}

function draft(publicKey: forge.pki.rsa.PublicKey, now: Date, life: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  certificate.serialNumber = randomSerial();
  certificate.validity.notBefore = new Date(now.getTime() - backDated);
  certificate.validity.notAfter = new Date(now.getTime() + life);
  return certificate;
}

const isAddress = (name: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(name);
