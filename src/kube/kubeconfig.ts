/** Reads kubeconfig files as kubectl does: several paths are merged, the first mention of a name wins. */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, dirname, resolve } from "node:path";
import { type Cluster, type Context, newClusters, newContexts, newUsers, type User } from "@kubernetes/client-node/dist/config_types.js";
import { parse } from "yaml";
import type { Access } from "./access.ts";
import { type Credentials, execCredentials, fixedCredentials, tokenFileCredentials } from "./credentials.ts";
import { type Impersonation, impersonationHeaders } from "./impersonation.ts";

interface Kubeconfig {
  clusters: Cluster[];
  users: UserEntry[];
  contexts: Context[];
  currentContext: string | undefined;
}
/** client-node knows `token-file` only, kubectl writes `tokenFile`; and of impersonation it knows the user alone. */
interface UserEntry extends User {
  tokenFile?: string;
  impersonation?: Impersonation;
}

/** What takes the place of a kubeconfig's own, as kubectl's options of the same names do. */
export interface Overrides extends Impersonation {
  /** A context of the kubeconfig; absent, its current one. */
  context?: string | undefined;
  cluster?: string | undefined;
  user?: string | undefined;
  server?: string | undefined;
  token?: string | undefined;
  certificateAuthority?: string | undefined;
  tlsServerName?: string | undefined;
  insecureSkipTlsVerify?: boolean | undefined;
}

/**
 * Access by kubeconfig.
 * @param paths one file, or several with the system's delimiter between them, as in `$KUBECONFIG`; none need be there when a server is named
 */
export function kubeconfigAccess(paths: string, overrides: Overrides = {}): Access {
  const files = paths.split(delimiter).filter((path) => path !== "" && existsSync(path));
  if (files.length === 0 && overrides.server === undefined) {
    throw new Error(`no kubeconfig at ${paths}`);
  }
  const config = merge(files.map(load));
  const chosen = contextIn(config, paths, overrides);
  const cluster = overridden(chosen.cluster ? named(config.clusters, chosen.cluster, "cluster", paths) : emptyCluster, overrides);
  const user: UserEntry = chosen.user ? named(config.users, chosen.user, "user", paths) : { name: "" };
  if (cluster.proxyUrl) {
    throw new Error(`cluster ${cluster.name} in ${paths} has a proxy-url, which is not supported`);
  }
  if (!/^https?:\/\//.test(cluster.server) || !URL.canParse(cluster.server)) {
    throw new Error(`${cluster.server || "nothing"} is no address of a server (cluster ${cluster.name} in ${paths})`);
  }
  const { token } = overrides;
  return {
    server: cluster.server,
    namespace: chosen.namespace || "default",
    trust: { ca: () => pem(cluster.caFile, cluster.caData), serverName: cluster.tlsServerName, insecure: cluster.skipTLSVerify },
    credentials: credentialsOf(token === undefined ? user : withToken(user, token), paths),
    headers: impersonationHeaders({ ...user.impersonation, ...typed(overrides) }),
  };
}

/** Of impersonation, what was typed. */
const typed = ({ as, asGroup, asUid }: Overrides): Impersonation =>
  Object.fromEntries(Object.entries({ as, asGroup, asUid }).filter(([, value]) => value !== undefined));

const emptyCluster: Cluster = { name: "", server: "", skipTLSVerify: false };

/** A server of its own needs no context, and `--cluster` none that names one. */
function contextIn({ contexts, currentContext }: Kubeconfig, paths: string, { context, cluster, user, server }: Overrides): Context {
  const name = context ?? currentContext;
  if (!name && cluster === undefined && server === undefined) {
    throw new Error(`${paths} has no current-context; name one with --context`);
  }
  const found = name ? named(contexts, name, "context", paths) : { name: "", cluster: "", user: "" };
  return { ...found, ...(cluster === undefined ? {} : { cluster }), ...(user === undefined ? {} : { user }) };
}

/** In client-go's way: another server has another name in its certificate, and what is said of trust takes the place of all that the file says of it. */
function overridden(cluster: Cluster, { server, tlsServerName, certificateAuthority, insecureSkipTlsVerify }: Overrides): Cluster {
  if (certificateAuthority !== undefined && insecureSkipTlsVerify) {
    throw new Error("--certificate-authority and --insecure-skip-tls-verify contradict each other");
  }
  const { caData, caFile, tlsServerName: ownName, ...rest } = cluster;
  const isTrustNew = certificateAuthority !== undefined || insecureSkipTlsVerify === true;
  const serverName = tlsServerName ?? (server === undefined ? ownName : undefined);
  return {
    ...rest,
    ...(server === undefined ? {} : { server: server.replace(/\/$/, "") }),
    ...(serverName === undefined ? {} : { tlsServerName: serverName }),
    ...(isTrustNew ? { skipTLSVerify: insecureSkipTlsVerify === true } : { ...(caData && { caData }), ...(caFile && { caFile }) }),
    ...(certificateAuthority === undefined ? {} : { caFile: certificateAuthority }),
  };
}

/** A token that is typed is the only one; a client certificate stays, as kubectl has it. */
function withToken(user: UserEntry, token: string): UserEntry {
  const { tokenFile: _, username: _1, password: _2, exec: _3, authProvider: _4, ...kept } = user;
  return { ...kept, token };
}

function load(file: string): Kubeconfig {
  const document = documentIn(file);
  const absolute = (path: string | undefined): string | undefined => (path ? resolve(dirname(file), path) : undefined);
  const users = new Map((document["users"] as { name: string; user?: RawUser }[]).map(({ name, user }) => [name, user]));
  return {
    clusters: newClusters(document["clusters"]).map((cluster) => withFiles(cluster, { caFile: absolute(cluster.caFile) })),
    users: newUsers(document["users"]).map((user) =>
      withFiles<UserEntry>(
        { ...user, impersonation: impersonationIn(users.get(user.name)) },
        {
          certFile: absolute(user.certFile),
          keyFile: absolute(user.keyFile),
          tokenFile: absolute(users.get(user.name)?.tokenFile),
        },
      ),
    ),
    contexts: newContexts(document["contexts"]),
    currentContext: document["current-context"] as string | undefined,
  };
}

/** @throws Error that names the file, when it can't be read or is something else */
function documentIn(file: string): Record<string, unknown> {
  let document: Record<string, unknown>;
  try {
    document = (parse(readFileSync(file, "utf8")) ?? {}) as Record<string, unknown>;
  } catch (error) {
    const [why] = (error as Error).message.split("\n");
    throw new Error(`can't read ${file}: ${why}`, { cause: error });
  }
  const lists = Object.fromEntries(
    Object.entries(parts).map(([part, inside]) => {
      const entries = document[part] ?? [];
      const isList = Array.isArray(entries) && entries.every((each) => typeof each?.name === "string" && isMap(each[inside] ?? {}));
      if (!isMap(document) || !isList) throw new Error(`${file} is no kubeconfig: its ${part} are no list of {name, ${inside}}`);
      return [part, entries.map((each) => ({ ...each, [inside]: each[inside] ?? {} }))];
    }),
  );
  return { ...document, ...lists };
}

const parts = { clusters: "cluster", users: "user", contexts: "context" };
const isMap = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

interface RawUser {
  tokenFile?: string;
  as?: string;
  "as-uid"?: string;
  "as-groups"?: string[];
  "as-user-extra"?: Record<string, string[]>;
}

const impersonationIn = (user: RawUser = {}): Impersonation => ({
  as: user.as,
  asUid: user["as-uid"],
  asGroup: user["as-groups"],
  asExtra: user["as-user-extra"],
});

function withFiles<T extends object>(entry: T, files: Record<string, string | undefined>): T {
  const given = Object.entries(files).filter(([, path]) => path !== undefined);
  return { ...entry, ...Object.fromEntries(given) };
}

function merge(configs: Kubeconfig[]): Kubeconfig {
  return {
    clusters: configs.flatMap((config) => config.clusters),
    users: configs.flatMap((config) => config.users),
    contexts: configs.flatMap((config) => config.contexts),
    currentContext: configs.find((config) => config.currentContext)?.currentContext,
  };
}

function named<T extends { name: string }>(entries: T[], name: string, what: string, paths: string): T {
  const found = entries.find((entry) => entry.name === name);
  if (!found) {
    throw new Error(`${what} ${name} is not in ${paths}; it has: ${entries.map((entry) => entry.name).join(", ") || "none"}`);
  }
  return found;
}

/** The order is kubectl's: a token beats a token file beats a password; certificates come on top of any. */
function credentialsOf(user: UserEntry, paths: string): Credentials {
  return withCertificate(user, headerCredentials(user, paths));
}

function headerCredentials(user: UserEntry, paths: string): Credentials {
  if (user.tokenFile) {
    return tokenFileCredentials(user.tokenFile);
  }
  if (user.token) {
    return fixedCredentials(`Bearer ${user.token.trim()}`);
  }
  if (user.username && user.password) {
    return fixedCredentials(`Basic ${Buffer.from(`${user.username}:${user.password}`).toString("base64")}`);
  }
  if (user.exec) {
    return execCredentials(user);
  }
  if (user.authProvider) {
    const provider = (user.authProvider as { name?: string }).name;
    throw new Error(`user ${user.name} in ${paths} uses the auth-provider ${provider}, which is not supported; use its exec plugin`);
  }
  return fixedCredentials(undefined);
}

function withCertificate(user: UserEntry, credentials: Credentials): Credentials {
  if (!(user.certFile || user.certData)) {
    return credentials;
  }
  return {
    ...credentials,
    async clientCertificate() {
      const [cert, key] = await Promise.all([pem(user.certFile, user.certData), pem(user.keyFile, user.keyData)]);
      return cert && key ? { cert, key } : undefined;
    },
  };
}

/** Inline data wins over a file, as in client-go. */
async function pem(file: string | undefined, base64: string | undefined): Promise<Buffer | undefined> {
  if (base64) {
    return Buffer.from(base64, "base64");
  }
  return file ? readFile(file) : undefined;
}
