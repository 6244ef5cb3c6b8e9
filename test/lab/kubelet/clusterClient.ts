/**
 * A client of kube-apiserver of one page: the kubelet and the recorder must be light and must not depend on the
 * library that the product uses, or a fault in that library would hide from its own witness.
 */
import { readFileSync } from "node:fs";
import { Pool } from "undici";
import { parse } from "yaml";

export interface OwnerReference {
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: OwnerReference[];
    finalizers?: string[];
    managedFields?: { manager?: string; operation?: string; subresource?: string }[];
  };
  spec?: unknown;
  status?: unknown;
}

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

export type PatchType = "application/strategic-merge-patch+json" | "application/merge-patch+json" | "application/apply-patch+yaml";

export interface ClusterClient {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  patch<T>(path: string, body: unknown, type?: PatchType, headers?: Record<string, string>): Promise<T>;
  delete(path: string, body?: unknown): Promise<void>;
  /** The lines of an answer that never ends (a watch). */
  lines(path: string, signal: AbortSignal): AsyncGenerator<string>;
  close(): Promise<void>;
}

interface Kubeconfig {
  "current-context": string;
  contexts: { name: string; context: { cluster: string; user: string } }[];
  clusters: {
    name: string;
    cluster: {
      server: string;
      "certificate-authority"?: string;
      "certificate-authority-data"?: string;
      "insecure-skip-tls-verify"?: boolean;
    };
  }[];
  users: {
    name: string;
    user: {
      token?: string;
      tokenFile?: string;
      "client-certificate"?: string;
      "client-certificate-data"?: string;
      "client-key"?: string;
      "client-key-data"?: string;
    };
  }[];
}

const CONNECTIONS = 12;

/**
 * Connects with the kubeconfig's current context. `userAgent` is what the audit log and managedFields will show.
 * At most 12 requests are under way at once, the rest waits in line: that is what keeps 300 pods from flooding a
 * two-core API server. Watches have connections of their own.
 */
export function connectCluster(kubeconfigFile: string, userAgent: string): ClusterClient {
  const { server, headers, tls } = credentials(kubeconfigFile);
  const connect = { ...tls, timeout: 10_000 };
  const requests = new Pool(server, { connections: CONNECTIONS, allowH2: false, connect, headersTimeout: 30_000, bodyTimeout: 30_000 });
  const watches = new Pool(server, { connections: null, allowH2: false, connect, headersTimeout: 30_000, bodyTimeout: 0 });
  const common = { ...headers, "user-agent": `${userAgent}/1`, accept: "application/json" };

  async function send<T>(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    type = "application/json",
    more = {},
  ): Promise<T> {
    const answer = await requests.request({
      method,
      path,
      headers: body === undefined ? common : { ...common, "content-type": type, ...more },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw new ApiError(answer.statusCode, `${method} ${path}: ${answer.statusCode} ${reasonIn(text)}`);
    return JSON.parse(text) as T;
  }

  return {
    get: (path) => send("GET", path),
    post: (path, body) => send("POST", path, body),
    put: (path, body) => send("PUT", path, body),
    patch: (path, body, type = "application/strategic-merge-patch+json", headers = {}) => send("PATCH", path, body, type, headers),
    delete: async (path, body) => void (await send("DELETE", path, body)),
    async *lines(path, signal) {
      const answer = await watches.request({ method: "GET", path, headers: common, signal });
      if (answer.statusCode >= 400) {
        throw new ApiError(answer.statusCode, `GET ${path}: ${answer.statusCode} ${reasonIn(await answer.body.text())}`);
      }
      const decoder = new TextDecoder();
      let rest = "";
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = parts.pop() ?? "";
        yield* parts;
      }
    },
    close: async () => void (await Promise.all([requests.destroy(), watches.destroy()])),
  };
}

function reasonIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

function credentials(file: string) {
  const config = parse(readFileSync(file, "utf8")) as Kubeconfig;
  const context = config.contexts.find((c) => c.name === config["current-context"])?.context;
  const cluster = config.clusters.find((c) => c.name === context?.cluster)?.cluster;
  const user = config.users.find((u) => u.name === context?.user)?.user;
  if (cluster === undefined || user === undefined) throw new Error(`${file}: the current context names no cluster and user`);

  const pem = (data?: string, path?: string) =>
    data ? Buffer.from(data, "base64").toString() : path ? readFileSync(path, "utf8") : undefined;
  const ca = pem(cluster["certificate-authority-data"], cluster["certificate-authority"]);
  const cert = pem(user["client-certificate-data"], user["client-certificate"]);
  const key = pem(user["client-key-data"], user["client-key"]);
  const token = user.token ?? (user.tokenFile ? readFileSync(user.tokenFile, "utf8").trim() : undefined);
  return {
    server: cluster.server,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    tls: {
      rejectUnauthorized: cluster["insecure-skip-tls-verify"] !== true,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}
