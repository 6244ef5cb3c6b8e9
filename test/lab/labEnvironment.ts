import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { GATEWAY_IP, GATEWAY_PORT, PROMETHEUS } from "./addresses.ts";
import type { LabOptions } from "./options.ts";
import { partFile } from "./parts/ensureParts.ts";

export const CHECKOUT = join(import.meta.dirname, "..", "..");

/**
 * What a command inside the lab finds in its environment: the addresses, and on PATH kubectl, istioctl and helm of the lab's
 * versions, `kubectl serin` run from the checkout, and the Node that runs the lab. Their caches stay in the lab.
 */
export async function labEnvironment(dir: string, kubeconfig: string, { without }: LabOptions): Promise<NodeJS.ProcessEnv> {
  const bin = join(dir, "bin");
  await mkdir(bin);
  await symlink(await partFile("kubectl"), join(bin, "kubectl"));
  await symlink(await partFile("istioctl"), join(bin, "istioctl"));
  await symlink(await partFile("helm"), join(bin, "helm"));
  await symlink(process.execPath, join(bin, "node"));
  const cli = join(CHECKOUT, "src", "bin", "kubectl-serin.ts");
  await writeFile(join(bin, "kubectl-serin"), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`, { mode: 0o755 });
  return {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}`,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: join(dir, "kubectl-cache"),
    ...helmFolders(join(dir, "helm")),
    LAB_DIR: dir,
    ...(without.includes("istio") ? {} : { LAB_GATEWAY: `http://${GATEWAY_IP}:${GATEWAY_PORT}` }),
    ...(without.includes("prometheus") ? {} : { LAB_PROMETHEUS: `http://${PROMETHEUS}` }),
  };
}

/** Where helm keeps what it finds and is told; without these in the user's own folders. */
export const helmFolders = (dir: string) => ({ HELM_CACHE_HOME: dir, HELM_CONFIG_HOME: dir, HELM_DATA_HOME: dir });
