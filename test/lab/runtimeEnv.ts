import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

interface DeploymentManifest {
  kind: string;
  spec: { template: { spec: { containers: { env?: { name: string; value?: string }[] }[] } } };
}

/** What the container in `manifests/base/<file>.yaml` says to Node and to the C library: NODE_OPTIONS and the like, none of our own variables. */
export function runtimeEnv(file: "certificates" | "webhook" | "worker"): Record<string, string> {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "manifests", "base", `${file}.yaml`), "utf8");
  const deployment = parseAllDocuments(text)
    .map((document) => document.toJS() as DeploymentManifest)
    .find(({ kind }) => kind === "Deployment");
  const env = deployment?.spec.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined || name.startsWith("SERIN_") ? [] : [[name, value]])));
}

/** Its NODE_OPTIONS, one by one. */
export const nodeFlags = (file: "certificates" | "webhook" | "worker"): string[] =>
  (runtimeEnv(file)["NODE_OPTIONS"] ?? "").split(" ").filter((flag) => flag !== "");
