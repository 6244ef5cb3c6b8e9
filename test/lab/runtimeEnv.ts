import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

/** Name of the program: of its file in src/bin, in manifests/base, and of what the image's container is told to run. */
export type Program = "certificates" | "webhook" | "worker";

interface DeploymentManifest {
  kind: string;
  spec: { template: { spec: { containers: { env?: { name: string; value?: string }[] }[] } } };
}

/** The values that the container in `manifests/base/<file>.yaml` has written out. */
export function containerEnv(file: Program): Record<string, string> {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "manifests", "base", `${file}.yaml`), "utf8");
  const deployment = parseAllDocuments(text)
    .map((document) => document.toJS() as DeploymentManifest)
    .find(({ kind }) => kind === "Deployment");
  const env = deployment?.spec.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}

/** Of them what is said to Node and to the C library: NODE_OPTIONS and the like, none of our own variables. */
export const runtimeEnv = (file: Program): Record<string, string> =>
  Object.fromEntries(Object.entries(containerEnv(file)).filter(([name]) => !name.startsWith("SERIN_")));

/** Its NODE_OPTIONS, one by one. */
export const nodeFlags = (file: Program): string[] => (runtimeEnv(file)["NODE_OPTIONS"] ?? "").split(" ").filter((flag) => flag !== "");
