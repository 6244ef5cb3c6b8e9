/** Serin as the chart installs it. Its pods are stand-ins like all others; the lab's processes do their work, with their ServiceAccounts. */
import { join } from "node:path";
import type { Kubectl } from "./kubectl.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import { partFile } from "./parts/ensureParts.ts";
import { run } from "./parts/run.ts";

export const CHART = join(CHECKOUT, "manifests", "helm");

/** `helm install serin manifests/helm`, its record in the namespace default. */
export async function installChart(env: NodeJS.ProcessEnv): Promise<void> {
  await run(await partFile("helm"), ["install", "serin", CHART, "--namespace", "default"], { env });
}

/** The address at which kube-apiserver asks the webhook when the configuration names its Service: nobody answers there until somebody binds it. */
export async function webhookService(kubectl: Kubectl): Promise<string> {
  return `${await kubectl(["get", "service", "serin-webhook", "-n", "serin-system", "-o", "jsonpath={.spec.clusterIP}"])}:443`;
}
