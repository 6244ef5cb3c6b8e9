import { Agent, type buildConnector, type Dispatcher } from "undici";
import type { Credentials } from "./credentials.ts";
import { type Failure, isFailure } from "./failure.ts";

/** How a server is reached: over which connections, and with which header. */
export interface Access {
  readonly dispatcher: Dispatcher;
  readonly authorization?: string | undefined;
  /** Tells queries with different credentials apart; empty without any. */
  readonly key: string;
}

/** Looks credentials up by the name of their Secret; undefined where there is no such Secret. */
export type CredentialsSource = (name: string) => Promise<Credentials | Failure | undefined>;

/** Connections by credentials. Those of an older version of the same Secret end when what runs on them has ended. */
export function accesses({
  open,
  credentials,
  connections,
  connect: how = {},
}: {
  open: Dispatcher;
  credentials: CredentialsSource;
  connections: number;
  /** How connections are made, beside what the credentials say. */
  connect?: buildConnector.BuildOptions;
}): {
  /** `mayBeAbsent`: without that Secret the server is asked without credentials. */
  of(name: string | undefined, mayBeAbsent: boolean): Promise<Access | Failure>;
  close(): Promise<void>;
} {
  const agents = new Map<string, { version: string; agent: Agent }>();
  const free: Access = { dispatcher: open, key: "" };

  const agentOf = (name: string, { version, ca, cert, key }: Credentials): Dispatcher => {
    if (ca === undefined && cert === undefined) return open;
    const known = agents.get(name);
    if (known?.version === version) return known.agent;
    void known?.agent.close().catch(() => undefined);
    const connect = { ...how, ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
    const agent = new Agent({ connections, connect });
    agents.set(name, { version, agent });
    return agent;
  };

  return {
    of: async (name, mayBeAbsent) => {
      if (name === undefined) return free;
      const found = await credentials(name);
      if (found === undefined)
        return mayBeAbsent
          ? free
          : { kind: "error", message: `Secret ${name} does not exist in Serin's namespace: make it, or name another` };
      if (isFailure(found)) return found;
      return { dispatcher: agentOf(name, found), authorization: found.authorization, key: `${name} ${found.version}` };
    },
    close: async () => {
      await Promise.all([...agents.values()].map(({ agent }) => agent.destroy()));
    },
  };
}
