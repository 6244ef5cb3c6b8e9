import { join } from "node:path";
import { nodeArguments } from "../../src/image/imageConfig.ts";
import { PROMETHEUS } from "./addresses.ts";
import { inContainer } from "./container.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import type { LabOptions } from "./options.ts";
import { containerEnv, type Program, runtimeEnv } from "./runtimeEnv.ts";

/** Where Serin is installed. */
export const NAMESPACE = "serin-system";

/**
 * How one of Serin's programs is started: from the checkout with everything that this process has in its environment, or from bundles, or from the image with
 * nothing but what a pod gets.
 * @param account a kubeconfig; for the image a folder as a pod's ServiceAccount is mounted
 */
export function program(name: Program, account: string, own: NodeJS.ProcessEnv, options: LabOptions) {
  const { image, bundles, asks = `http://${PROMETHEUS}` } = options;
  const env = { SERIN_NAMESPACE: NAMESPACE, SERIN_PROMETHEUS: asks, ...own };
  if (image !== undefined) return inContainer(image, { args: [name], env: { ...containerEnv(name), ...env }, account });
  const inherited = Object.entries(process.env).filter(([key]) => !/^(LAB_|VITEST|NODE_ENV$|TEST$|npm_)/.test(key));
  return {
    command: process.execPath,
    args: bundles === undefined ? [join(CHECKOUT, "src", "bin", `${name}.ts`)] : [...nodeArguments, join(bundles, "serin.mjs"), name],
    env: { ...Object.fromEntries(inherited), ...(bundles === undefined ? {} : bundleEnv(name)), KUBECONFIG: account, ...env },
  };
}

/** What the container says to Node, and a port of its own for each inspector, should one be opened (SIGUSR1). */
function bundleEnv(name: Program): NodeJS.ProcessEnv {
  const env = runtimeEnv(name);
  return { ...env, NODE_OPTIONS: `${env["NODE_OPTIONS"] ?? ""} --inspect-port=0` };
}
