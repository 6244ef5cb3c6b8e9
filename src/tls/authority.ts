import forge from "node-forge";
import { backDated } from "../core/certificates/times.ts";
import { authorityName } from "./authoritySecret.ts";
import { generateKeys, type KeyPair, randomSerial } from "./keyPair.ts";

export interface Validity {
  /** Both begin an hour earlier than this. */
  now: Date;
  notAfter: Date;
}

/** A CA that signs webhook certificates and nothing else. */
export async function makeAuthority(validity: Validity): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeys();
  const certificate = draft(publicKey, validity);
  const name = [{ name: "commonName", value: `${authorityName} ${certificate.serialNumber.slice(0, 8)}` }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: "basicConstraints", critical: true, cA: true, pathLenConstraint: 0 },
    { name: "keyUsage", critical: true, keyCertSign: true, cRLSign: true },
    { name: "subjectKeyIdentifier" },
  ]);
  certificate.sign(privateKey, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: forge.pki.privateKeyToPem(privateKey) };
}

/** A server certificate for these names (DNS names and IPv4 addresses), never longer valid than its CA. @throws Error when it would be */
export async function issueLeaf(authority: KeyPair, names: readonly string[], validity: Validity): Promise<KeyPair> {
  const issuer = forge.pki.certificateFromPem(authority.cert);
  const { publicKey, privateKey } = await generateKeys();
  const certificate = draft(publicKey, validity);
  if (validity.notAfter > issuer.validity.notAfter) throw new Error("a certificate would outlive its CA: our bug");
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

function draft(publicKey: forge.pki.rsa.PublicKey, { now, notAfter }: Validity): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  certificate.serialNumber = randomSerial();
  certificate.validity.notBefore = new Date(now.getTime() - backDated);
  certificate.validity.notAfter = notAfter;
  return certificate;
}

const isAddress = (name: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(name);
