/** A certificate authority for one test run; nothing of it is ever on disk in the checkout. */
import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
/** One key for the authority and all it signs: these certificates guard nothing. */
export const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

export interface Authority {
  ca: string;
  /** A certificate for a server on 127.0.0.1 under this DNS name, and for a client of this name. */
  sign(name: string): string;
}

export function anAuthority(authorityName: string): Authority {
  const forgeKey = forge.pki.privateKeyFromPem(key);
  const publicKey = forge.pki.rsa.setPublicKey(forgeKey.n, forgeKey.e);
  const certificate = (subject: string, extensions: object[]): string => {
    const made = forge.pki.createCertificate();
    made.publicKey = publicKey;
    made.serialNumber = `01${Buffer.from(subject).toString("hex").slice(0, 30)}`;
    made.validity.notBefore = new Date(Date.now() - 3_600_000);
    made.validity.notAfter = new Date(Date.now() + 3_600_000);
    made.setSubject([{ name: "commonName", value: subject }]);
    made.setIssuer([{ name: "commonName", value: authorityName }]);
    made.setExtensions(extensions);
    made.sign(forgeKey, forge.md.sha256.create());
    return forge.pki.certificateToPem(made);
  };
  return {
    ca: certificate(authorityName, [{ name: "basicConstraints", cA: true, critical: true }]),
    sign: (name) =>
      certificate(name, [
        { name: "extKeyUsage", serverAuth: true, clientAuth: true },
        {
          name: "subjectAltName",
          altNames: [
            { type: 2, value: name },
            { type: 7, ip: "127.0.0.1" },
          ],
        },
      ]),
  };
}
