import { randomBytes } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { APISERVER } from "./addresses.ts";

/** Writes a kubeconfig for one user of the lab and gives its path. */
export async function writeKubeconfig(dir: string, user: string, ca: string, token: string): Promise<string> {
  const file = join(dir, `${user}.kubeconfig`);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "lab",
    clusters: [{ name: "lab", cluster: { server: APISERVER, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user, namespace: "default" } }],
  };
  await writeFile(file, JSON.stringify(config, null, 2));
  await chmod(file, 0o600);
  return file;
}

/** Who comes with a fixed token. Each part has a user of its own, so that the audit log tells them apart. */
const STATIC_USERS = {
  admin: ["lab-admin", "system:masters"],
  "controller-manager": ["system:kube-controller-manager", "system:authenticated"],
  istiod: ["istiod", "system:masters"],
  kubelet: ["loopback-kubelet", "system:masters"],
} as const;

export type StaticUser = keyof typeof STATIC_USERS;

export interface StaticTokens {
  /** For kube-apiserver's --token-auth-file. */
  readonly file: string;
  readonly of: Record<StaticUser, string>;
}

/** Makes the tokens; no two labs share one. */
export async function makeStaticTokens(dir: string): Promise<StaticTokens> {
  const of = {} as Record<StaticUser, string>;
  const lines = Object.entries(STATIC_USERS).map(([key, [user, group]]) => {
    of[key as StaticUser] = randomBytes(16).toString("hex");
    return `${of[key as StaticUser]},${user},${user},${group}`;
  });
  const file = join(dir, "tokens.csv");
  await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  return { file, of };
}
