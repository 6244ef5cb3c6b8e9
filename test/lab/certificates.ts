import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ADVERTISED } from "./addresses.ts";

const openssl = (...args: string[]) => promisify(execFile)("openssl", args);

export interface Certificates {
  readonly caFile: string;
  readonly ca: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Signs the tokens of ServiceAccounts. */
  readonly tokenKeyFile: string;
}

/** The lab's own authority, kube-apiserver's certificate, and the key that signs tokens. */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const file = (name: string) => join(dir, name);
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];
  const names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"];
  const addresses = ["127.0.0.1", "10.96.0.1", ADVERTISED];
  const san = [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP:${address}`)].join(",");

  await Promise.all([
    openssl("req", "-x509", ...ec, "-days", "2", "-subj", "/CN=lab", "-keyout", file("ca.key"), "-out", file("ca.crt")),
    openssl("genrsa", "-out", file("tokens.key"), "2048"),
  ]);
  const leaf = [
    "-addext",
    `subjectAltName=${san}`,
    "-addext",
    "basicConstraints=critical,CA:FALSE",
    "-addext",
    "extendedKeyUsage=serverAuth",
  ];
  const signed = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-subj", "/CN=kube-apiserver"];
  await openssl("req", "-x509", ...ec, "-days", "2", ...signed, ...leaf, "-keyout", file("apiserver.key"), "-out", file("apiserver.crt"));
  return {
    caFile: file("ca.crt"),
    ca: await readFile(file("ca.crt"), "utf8"),
    certFile: file("apiserver.crt"),
    keyFile: file("apiserver.key"),
    tokenKeyFile: file("tokens.key"),
  };
}
