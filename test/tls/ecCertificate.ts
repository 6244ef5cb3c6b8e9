import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServingCertificate } from "../../src/tls/servingSecret.ts";

/** What cert-manager would make with `privateKey.algorithm: ECDSA`: node-forge can neither make nor read it, so openssl does. */
export function anEcCertificate(names: readonly string[]): Required<ServingCertificate> {
  const folder = mkdtempSync(join(tmpdir(), "serin-ec-"));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const ec = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"];
  try {
    openssl("req", ...ec, "-subj", "/CN=ec ca", "-keyout", file("ca.key"), "-out", file("ca.crt"));
    const signed = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-subj", "/CN=ec leaf"];
    const san = `subjectAltName=${names.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`).join(",")}`;
    const leaf = ["-addext", san, "-addext", "basicConstraints=critical,CA:FALSE"];
    openssl("req", ...ec, ...signed, ...leaf, "-keyout", file("tls.key"), "-out", file("tls.crt"));
    const read = (name: string) => readFileSync(file(name), "utf8");
    return { cert: read("tls.crt"), key: read("tls.key"), ca: read("ca.crt") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
