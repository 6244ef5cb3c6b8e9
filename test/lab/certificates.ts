import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ADVERTISED } from "./addresses.ts";

const openssl = (...args: string[]) => promisify(execFile)("openssl", args);

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];

export interface ServerCertificate {
  /** The authority's certificate. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificates extends ServerCertificate {
  readonly ca: string;
  /** Signs the tokens of ServiceAccounts. */
  readonly tokenKeyFile: string;
}

/** The lab's own authority, kube-apiserver's certificate, and the key that signs tokens. */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const file = (name: string) => join(dir, name);
  const names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"];
  const addresses = ["127.0.0.1", "10.96.0.1", ADVERTISED];
  const san = [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP:${address}`)];

  await Promise.all([
    openssl("req", "-x509", ...EC, "-days", "2", "-subj", "/CN=lab", "-keyout", file("ca.key"), "-out", file("ca.crt")),
    openssl("genrsa", "-out", file("tokens.key"), "2048"),
  ]);
  const apiserver = await makeServerCertificate(dir, "kube-apiserver", san);
  return { ...apiserver, ca: await readFile(apiserver.caFile, "utf8"), tokenKeyFile: file("tokens.key") };
}

/**
 * A server's certificate of the lab's authority, as `<name>.crt` and `<name>.key`.
 * @param san what it is valid for, such as `DNS:localhost` or `IP:127.0.0.1`
 */
export async function makeServerCertificate(dir: string, name: string, san: readonly string[]): Promise<ServerCertificate> {
  const file = (name: string) => join(dir, name);
  const files = { caFile: file("ca.crt"), certFile: file(`${name}.crt`), keyFile: file(`${name}.key`) };
  const leaf = [
    "-addext",
    `subjectAltName=${san.join(",")}`,
    "-addext",
    "basicConstraints=critical,CA:FALSE",
    "-addext",
    "extendedKeyUsage=serverAuth",
  ];
  const signed = ["-CA", files.caFile, "-CAkey", file("ca.key"), "-subj", `/CN=${name}`];
  await openssl("req", "-x509", ...EC, "-days", "2", ...signed, ...leaf, "-keyout", files.keyFile, "-out", files.certFile);
  return files;
}
