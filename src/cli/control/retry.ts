import { parsePolicy } from "../../api/parse.ts";
import type { CanaryPlan } from "../../api/plan.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { isForbidden } from "../../kube/apiError.ts";
import type { Deployment, KubeObject } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import { printable } from "../cut.ts";
import type { Cluster, Io } from "../io.ts";
import { plansOf } from "../lookUp.ts";
import { deploymentNamed, planNamed } from "../target.ts";
import { UserError } from "../userError.ts";
import { ask, askedBy } from "./ask.ts";
import { planToRetry } from "./planToRetry.ts";
import { onePlan } from "./subject.ts";

/** `kubectl serin retry deploy/NAME` or `plan NAME`: a template that is Held gets another canary. Exit code 0 when that was asked for. */
export async function retry(io: Io, words: readonly string[], options: ConnectOptions): Promise<number> {
  const planName = planNamed(words);
  const deploymentName = planName === undefined ? deploymentNamed(words, "retry", "retry") : undefined;
  const cluster = connected(io, options);
  try {
    const { namespace } = cluster;
    const name = deploymentName ?? (await onePlan(cluster, namespace, planName ?? "", "retry")).spec.deployment.name;
    const [deployment, plans] = await Promise.all([
      cluster.client.get<Deployment>(resources.deployments, name, namespace),
      plansOf(cluster.client, namespace, name),
    ]);
    const plan = planToRetry({ name, namespace, deployment, plans, planName });
    await startable(cluster.client, plan);
    const asked = plan.spec.control.retry;
    const by = askedBy(plan, "retry");
    if (by !== undefined) {
      io.out(`${plan.metadata.name} was asked for already, by ${printable(by)} at ${asked?.at}: it begins when a worker sees it\n`);
    } else {
      await ask(cluster.client, plan, "retry", {}, "retry");
      io.out(`asked: ${printable(plan.spec.canary.images.join(", "))}, which failed in plan ${plan.metadata.name}, gets another canary\n`);
    }
    io.out(`follow it: kubectl serin get deploy/${name} -n ${namespace} -w\n`);
    return 0;
  } finally {
    await cluster.close();
  }
}

/** A plan without its policy would never begin. Who may not read policies is not kept from asking. */
async function startable(client: Cluster["client"], { metadata, spec }: CanaryPlan): Promise<void> {
  const name = spec.policy?.name ?? "";
  const policy = await readPolicy(client, name);
  if (policy === "hidden" || (policy !== undefined && !policy.spec.suspend && policy.metadata.deletionTimestamp === undefined)) return;
  throw new UserError({
    what: `can't retry plan ${metadata.name}`,
    why: `its policy ${name} ${policy === undefined ? "is gone" : policy.spec.suspend ? "is suspended" : "is being deleted"}, so nothing would begin`,
    todo: "ask for the policy's return, or set the stable image again to end the hold",
  });
}

async function readPolicy(client: Cluster["client"], name: string): Promise<CanaryPolicy | "hidden" | undefined> {
  try {
    const raw = await client.get<KubeObject>(resources.canarypolicies, name);
    return raw && (parsePolicy(raw).policy ?? "hidden");
  } catch (error) {
    if (isForbidden(error)) return "hidden";
    throw error;
  }
}
