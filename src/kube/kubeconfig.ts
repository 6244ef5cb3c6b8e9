/** Reads kubeconfig files as kubectl does: several paths are merged, the first mention of a name wins. */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, dirname, resolve } from "node:path";
import { type Cluster, type Context, newClusters, newContexts, newUsers, type User } from "@kubernetes/client-node/dist/config_types.js";
import { parse } from "yaml";
import type { Access } from "./access.ts";
import { type Credentials, execCredentials, fixedCredentials, tokenFileCredentials } from "./credentials.ts";

interface Kubeconfig {
  clusters: Cluster[];
  users: UserEntry[];
  contexts: Context[];
  currentContext: string | undefined;
}
/** client-node knows `token-file` only; kubectl writes `tokenFile`. */
type UserEntry = User & { tokenFile?: string };

/**
 * Access by kubeconfig.
 * @param paths one file, or several with the system's delimiter between them, as in `$KUBECONFIG`
 * @param context a context of it; absent, the current one
 */
export function kubeconfigAccess(paths: string, context?: string): Access {
  const files = paths.split(delimiter).filter((path) => path !== "" && existsSync(path));
  if (files.length === 0) {
    throw new Error(`no kubeconfig at ${paths}`);
  }
  const config = merge(files.map(load));
  const name = context ?? config.currentContext;
  if (!name) {
    throw new Error(`${paths} has no current-context; name one with --context`);
  }
  const chosen = named(config.contexts, name, "context", paths);
  const cluster = named(config.clusters, chosen.cluster, "cluster", paths);
  const user = chosen.user ? named(config.users, chosen.user, "user", paths) : ({ name: "" } as UserEntry);
  if (cluster.proxyUrl) {
    throw new Error(`cluster ${cluster.name} in ${paths} has a proxy-url, which is not supported`);
  }
  return {
    server: cluster.server,
    namespace: chosen.namespace ?? "default",
    trust: { ca: () => pem(cluster.caFile, cluster.caData), serverName: cluster.tlsServerName, insecure: cluster.skipTLSVerify },
    credentials: credentialsOf(user, paths),
    headers: user.impersonateUser ? { "impersonate-user": user.impersonateUser } : {},
  };
}

function load(file: string): Kubeconfig {
  const document = parse(readFileSync(file, "utf8")) as Record<string, unknown> | null;
  const absolute = (path: string | undefined): string | undefined => (path ? resolve(dirname(file), path) : undefined);
  const tokenFiles = new Map(
    ((document?.["users"] ?? []) as { name: string; user?: { tokenFile?: string } }[]).map((entry) => [entry.name, entry.user?.tokenFile]),
  );
  return {
    clusters: newClusters(document?.["clusters"]).map((cluster) => withFiles(cluster, { caFile: absolute(cluster.caFile) })),
    users: newUsers(document?.["users"]).map((user) =>
      withFiles(user as UserEntry, {
        certFile: absolute(user.certFile),
        keyFile: absolute(user.keyFile),
        tokenFile: absolute(tokenFiles.get(user.name)),
      }),
    ),
    contexts: newContexts(document?.["contexts"]),
    currentContext: document?.["current-context"] as string | undefined,
  };
}

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
