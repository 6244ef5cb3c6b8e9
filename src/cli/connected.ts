import { parseDuration } from "../api/duration.ts";
import type { Overrides } from "../kube/kubeconfig.ts";
import type { Cluster, Io } from "./io.ts";
import { UserError } from "./userError.ts";

/** What every verb takes: with kubectl's own names. */
export interface ConnectOptions extends Omit<Overrides, "asExtra"> {
  namespace?: string;
  kubeconfig?: string;
  /** Of one request: a duration, or seconds as kubectl takes them. */
  requestTimeout?: string;
}

/** As long as a timer can be. */
const forEver = 2 ** 31 - 1;

/** Milliseconds. */
function timeoutOf(text: string): number {
  try {
    const milliseconds = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
    return milliseconds === 0 ? forEver : Math.min(forEver, milliseconds);
  } catch (error) {
    const why = (error as Error).message;
    throw new UserError({ what: `can't read --request-timeout ${text}`, why, todo: "write it like: --request-timeout 30s", cause: error });
  }
}

/** A DNS label: what a namespace may be called. */
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** An empty `-n`, as of an unset variable of a script, counts as none, as kubectl has it. @throws UserError when no kubeconfig says where the cluster is */
export function connected(io: Io, { kubeconfig, requestTimeout = "5s", namespace, ...options }: ConnectOptions): Cluster {
  const timeoutMs = timeoutOf(requestTimeout);
  if (namespace && !label.test(namespace))
    throw new UserError({
      what: `can't look in namespace ${namespace}`,
      why: "no namespace can be called that: lower case letters, digits and hyphens, at most 63",
      todo: "look with: kubectl get namespaces",
    });
  try {
    const cluster = io.connect({ ...overridesIn(options), kubeconfig: kubeconfig || io.env["KUBECONFIG"], timeoutMs });
    return namespace ? { ...cluster, namespace } : cluster;
  } catch (error) {
    const why = (error as Error).message;
    throw new UserError({ what: "no cluster to ask", why, todo: "name one with --kubeconfig or --context", cause: error });
  }
}

/** Of all that was typed. */
const overridesIn = (options: ConnectOptions): Overrides => ({
  context: options.context,
  cluster: options.cluster,
  user: options.user,
  server: options.server,
  token: options.token,
  certificateAuthority: options.certificateAuthority,
  tlsServerName: options.tlsServerName,
  insecureSkipTlsVerify: options.insecureSkipTlsVerify,
  as: options.as,
  asGroup: options.asGroup,
  asUid: options.asUid,
});
