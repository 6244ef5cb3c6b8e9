/** Where the API server is and how it lets us in, from a ServiceAccount's files or from a kubeconfig. */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Credentials, tokenFileCredentials } from "./credentials.ts";

export interface ServerTrust {
  /** PEM; undefined means the system's authorities. Asked for each new connection, since the file may be rotated. */
  ca(): Promise<string | Buffer | undefined>;
  /** The name to expect in the server's certificate, when it is not the host of the URL. */
  serverName?: string | undefined;
  /** `insecure-skip-tls-verify` of a kubeconfig. */
  insecure?: boolean | undefined;
}

export interface Access {
  /** `https://host:port`, perhaps with a path prefix, never with a slash at its end. */
  server: string;
  /** The namespace of the context or of the pod; `default` when neither says. */
  namespace: string;
  trust: ServerTrust;
  credentials: Credentials;
  /** Sent with each request: impersonation. A list is one header line for each. */
  headers: Record<string, string | string[]>;
}

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

export function isInCluster(directory: string = serviceAccount): boolean {
  return existsSync(`${directory}/token`);
}

/**
 * Access with the ServiceAccount of the pod.
 * @param server the API server's address; the name in the default is in each API server's certificate
 */
export function inClusterAccess(server = "https://kubernetes.default.svc", directory: string = serviceAccount): Access {
  return {
    server: server.replace(/\/$/, ""),
    namespace: existsSync(`${directory}/namespace`) ? readFileSync(`${directory}/namespace`, "utf8").trim() : "default",
    trust: { ca: () => readFile(`${directory}/ca.crt`) },
    credentials: tokenFileCredentials(`${directory}/token`),
    headers: {},
  };
}
