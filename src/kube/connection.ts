/** The process's one way to the API server: address, pooled keep-alive connections (HTTP/1.1), credentials. */
import { homedir } from "node:os";
import { join } from "node:path";
import { buildConnector, type Dispatcher, Pool } from "undici";
import { type Access, inClusterAccess, isInCluster } from "./access.ts";
import { impersonationHeaders } from "./impersonation.ts";
import { kubeconfigAccess, type Overrides } from "./kubeconfig.ts";

export interface ConnectOptions extends Overrides {
  /** A path, or several as in `$KUBECONFIG`. Absent: the pod's ServiceAccount, else `~/.kube/config`. */
  kubeconfig?: string | undefined;
  /** The API server as seen from a pod (`https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT`); absent, by DNS. */
  inClusterServer?: string | undefined;
  /** Ends up in the API server's audit log, where replicas of one ServiceAccount are told apart by it: `serin-worker/0.1.0 (serin-worker-7f9-x1)`. */
  userAgent: string;
  /** Connections for requests; watches come on top. Default 16: a first reconcile must not look like an attack to API priority and fairness. */
  requestConnections?: number | undefined;
}

export interface Connection {
  /** `https://host:port`, perhaps with a path prefix. */
  readonly server: string;
  /** The namespace of the context or of the pod. */
  readonly namespace: string;
  /** Keep-alive connections for requests, a fixed number at most; what finds none free waits its turn. */
  readonly requests: Dispatcher;
  /** Keep-alive connections for what must never wait for others: watches, which don't end, and the renewal of the lease. */
  readonly standing: Dispatcher;
  /** The headers of a request that is about to be sent. */
  headers(): Promise<Record<string, string | string[]>>;
  /** The server said 401: the credentials are looked up afresh for the next request. */
  unauthorized(): void;
  /** How many sockets are open now. */
  openConnections(): number;
  /** Ends all requests and watches. */
  close(): Promise<void>;
}

/**
 * Finds the API server and the credentials; nothing is sent yet.
 * @throws Error that says which file or context is missing, or which options contradict each other
 */
export function connect(options: ConnectOptions): Connection {
  return connectWith(accessFor(options), options);
}

function accessFor(options: ConnectOptions): Access {
  if (options.kubeconfig) {
    return kubeconfigAccess(options.kubeconfig, options);
  }
  const { context, cluster, user, server, token } = options;
  if ([context, cluster, user, server, token].every((each) => each === undefined) && isInCluster()) {
    return { ...inClusterAccess(options.inClusterServer), headers: impersonationHeaders(options) };
  }
  return kubeconfigAccess(join(homedir(), ".kube", "config"), options);
}

/** kube-apiserver closes idle connections after 90 s; we do it first, so a write never meets a socket that is just being closed. */
const idleLimit = 30_000;
/** Milliseconds for TCP and TLS together. A dead API server is noticed by this, not by the request's own limit. */
const connectLimit = 4_000;
/** TCP keep-alive probes, milliseconds: below the idle limits of load balancers (AWS: 60 s; client-go takes 30 s too). */
const keepAliveProbe = 30_000;

/** A connection over given access, for tests and for `connect`. */
export function connectWith(access: Access, options: Pick<ConnectOptions, "userAgent" | "requestConnections">): Connection {
  const { origin } = new URL(access.server);
  const shared = {
    connect: connectorFor(access),
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: idleLimit,
    keepAliveMaxTimeout: idleLimit,
    headersTimeout: 0, // each request carries its own limit as an AbortSignal
    bodyTimeout: 0,
  };
  const requests = new Pool(origin, { ...shared, connections: options.requestConnections ?? 16 });
  const standing = new Pool(origin, { ...shared, connections: null });
  const fixedHeaders = { "user-agent": options.userAgent, accept: "application/json", ...access.headers };
  return {
    server: access.server,
    namespace: access.namespace,
    requests,
    standing,
    async headers() {
      const authorization = await access.credentials.authorization();
      return authorization === undefined ? { ...fixedHeaders } : { ...fixedHeaders, authorization };
    },
    unauthorized: () => access.credentials.forget(),
    openConnections: () => requests.stats.connected + standing.stats.connected,
    async close() {
      await Promise.all([requests.destroy(), standing.destroy()]);
    },
  };
}

/** Certificates are looked up for each new connection, so a rotated CA or client certificate needs no restart. */
function connectorFor(access: Access): buildConnector.connector {
  let known: { identity: string; connector: buildConnector.connector } | undefined;
  const current = async (): Promise<buildConnector.connector> => {
    const [ca, certificate] = await Promise.all([access.trust.ca(), access.credentials.clientCertificate()]);
    const identity = [ca, certificate?.cert, certificate?.key].join("\n");
    if (known?.identity !== identity) {
      const { serverName, insecure } = access.trust;
      const connector = buildConnector({
        allowH2: false,
        timeout: connectLimit,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveProbe,
        ...(ca === undefined ? {} : { ca }),
        ...(certificate ?? {}),
        ...(serverName === undefined ? {} : { servername: serverName }),
        ...(insecure ? { rejectUnauthorized: false } : {}),
      });
      known = { identity, connector };
    }
    return known.connector;
  };
  return (options, callback) => {
    current().then(
      (connector) => connector(options, callback),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
}
