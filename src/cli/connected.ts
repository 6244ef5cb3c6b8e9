import type { Cluster, Io } from "./io.ts";
import { UserError } from "./userError.ts";

/** What every verb takes. */
export interface ConnectOptions {
  namespace?: string;
  context?: string;
  kubeconfig?: string;
}

/** @throws UserError when no kubeconfig says where the cluster is */
export function connected(io: Io, { kubeconfig, context }: ConnectOptions): Cluster {
  try {
    return io.connect({ kubeconfig: kubeconfig ?? io.env["KUBECONFIG"], context });
  } catch (error) {
    const why = (error as Error).message;
    throw new UserError({ what: "no cluster to ask", why, todo: "name one with --kubeconfig or --context", cause: error });
  }
}
