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

/** @throws UserError when no kubeconfig says where the cluster is */
export function connected(io: Io, { kubeconfig, requestTimeout = "5s", ...options }: ConnectOptions): Cluster {
  const timeoutMs = timeoutOf(requestTimeout);
  try {
    return io.connect({ ...overridesIn(options), kubeconfig: kubeconfig ?? io.env["KUBECONFIG"], timeoutMs });
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
