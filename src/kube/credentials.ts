/**
 * Who we are to the API server. Only the cheap parts of client-node are imported: its KubeConfig class drags in the whole
 * generated client (650 ms, 85 MB on the two-core machine), `exec_auth` 8 ms and 3 MB, so that it waits for a kubeconfig that names a plugin.
 */
import { readFile } from "node:fs/promises";
import type { User } from "@kubernetes/client-node/dist/config_types.js";
import type { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";

export interface ClientCertificate {
  cert: string | Buffer;
  key: string | Buffer;
}

export interface Credentials {
  /** The value of the Authorization header, asked for each request; undefined where a client certificate is all. */
  authorization(): Promise<string | undefined>;
  /** Asked for each new connection. */
  clientCertificate(): Promise<ClientCertificate | undefined>;
  /** The server said 401: forget what is cached, the next question looks afresh. */
  forget(): void;
}

const noCertificate = async (): Promise<undefined> => undefined;

/** A fixed header, or none. */
export function fixedCredentials(authorization: string | undefined): Credentials {
  return { authorization: async () => authorization, clientCertificate: noCertificate, forget() {} };
}

/** How long a token file is believed, milliseconds. The kubelet rotates it at 80 % of its life, an hour as a rule; client-go takes a minute too. */
const tokenFileBelieved = 60_000;

/** A bound ServiceAccount token, which the kubelet replaces on disk. */
export function tokenFileCredentials(path: string, now: () => number = () => performance.now()): Credentials {
  let read: { token: string; at: number } | undefined;
  return {
    clientCertificate: noCertificate,
    forget() {
      if (read) {
        read = { ...read, at: Number.NEGATIVE_INFINITY };
      }
    },
    async authorization() {
      if (read === undefined || now() - read.at >= tokenFileBelieved) {
        try {
          read = { token: (await readFile(path, "utf8")).trim(), at: now() };
        } catch (error) {
          // The kubelet swaps a symlink; whoever looks in between keeps the token of the last minute.
          if (read === undefined) {
            throw new Error(`cannot read the ServiceAccount token in ${path}`, { cause: error });
          }
        }
      }
      return `Bearer ${read.token}`;
    },
  };
}

interface ApplyTo {
  headers: Record<string, string>;
  cert?: string;
  key?: string;
}

/** A credential plugin of kubeconfig (`exec:`), such as `aws eks get-token`. It caches until the expiry that the plugin names. */
export function execCredentials(user: User): Credentials {
  const exec = user.exec as { apiVersion?: string; env?: { name: string; value: string }[] | null };
  // Plugins read the version that they shall answer in from here; client-node leaves it out.
  const info = JSON.stringify({
    apiVersion: exec.apiVersion ?? "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: { interactive: false },
  });
  const asked: User = { ...user, exec: { ...exec, env: [...(exec.env ?? []), { name: "KUBERNETES_EXEC_INFO", value: info }] } };
  return sharedAnswers(async (plugin) => {
    const answer: ApplyTo = { headers: {} };
    await plugin.applyAuthentication(asked, answer);
    return answer;
  });
}

/** One question to the plugin at a time, however many requests wait for the answer. */
function sharedAnswers(question: (plugin: ExecAuth) => Promise<ApplyTo>): Credentials {
  const anew = async () => new (await import("@kubernetes/client-node/dist/exec_auth.js")).ExecAuth();
  let plugin: Promise<ExecAuth> | undefined;
  let asking: Promise<ApplyTo> | undefined;
  const ask = (): Promise<ApplyTo> => {
    plugin ??= anew();
    asking ??= plugin.then(question).finally(() => {
      asking = undefined;
    });
    return asking;
  };
  return {
    authorization: async () => (await ask()).headers["Authorization"],
    async clientCertificate() {
      const { cert, key } = await ask();
      return cert && key ? { cert, key } : undefined;
    },
    forget() {
      plugin = undefined;
    },
  };
}
