import { parsePlan } from "../../api/parsePlan.ts";
import { type CanaryPlan, isLive } from "../../api/plan.ts";
import type { Deployment, KubeObject } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import type { Cluster, Io } from "../io.ts";
import { plansOf } from "../lookUp.ts";
import { planToShow } from "../scene.ts";
import { deploymentNamed, planNamed } from "../target.ts";
import { UserError } from "../userError.ts";

/** What a person acts on: a Deployment and its plan. */
export interface Subject {
  cluster: Cluster;
  namespace: string;
  name: string;
  deployment: Deployment | undefined;
  /** The named plan, else the live one, else the latest. */
  plan: CanaryPlan | undefined;
  /** `deploy/web` or `plan web-x7k2m`, as it was typed. */
  typed: string;
}

/** Looks up what `deploy/NAME` or `plan NAME` means, and closes the connection afterwards. @throws UserError when there is no such thing */
export async function withSubject(
  io: Io,
  words: readonly string[],
  options: ConnectOptions,
  verb: string,
  act: (subject: Subject) => Promise<number>,
): Promise<number> {
  const planName = planNamed(words);
  const deploymentName = planName === undefined ? deploymentNamed(words, verb, verb) : undefined;
  const cluster = connected(io, options);
  try {
    const { namespace } = cluster;
    const named = planName === undefined ? undefined : await onePlan(cluster, namespace, planName, verb);
    const name = named?.spec.deployment.name ?? deploymentName ?? "";
    const [deployment, plans] = await Promise.all([
      cluster.client.get<Deployment>(resources.deployments, name, namespace),
      named === undefined ? plansOf(cluster.client, namespace, name) : [],
    ]);
    const plan = named ?? planToShow(plans.filter(({ spec }) => spec.deployment.uid === deployment?.metadata.uid));
    const typed = planName === undefined ? `deploy/${name}` : `plan ${planName}`;
    if (deployment === undefined && plan === undefined)
      throw new UserError({
        what: `can't ${verb} ${typed}`,
        why: `there is no Deployment ${name} in namespace ${namespace}`,
        todo: "name the namespace with -n, or look with: kubectl get deployments -A",
      });
    return await act({ cluster, namespace, name, deployment, plan, typed });
  } finally {
    await cluster.close();
  }
}

/** @throws UserError when there is none */
export async function onePlan({ client }: Cluster, namespace: string, name: string, verb: string): Promise<CanaryPlan> {
  const raw = await client.get<KubeObject>(resources.canaryplans, name, namespace);
  const { plan } = raw === undefined ? {} : parsePlan(raw);
  if (plan) return plan;
  throw new UserError({
    what: `can't ${verb} plan ${name}`,
    why: `there is no plan ${name} in namespace ${namespace}`,
    todo: "name the namespace with -n, or look with: kubectl get canaryplans -A",
  });
}

/** The live plan. @throws UserError that says how the last one ended, and what to do instead */
export function livePlan({ plan, typed, name, namespace }: Subject, verb: string): CanaryPlan {
  if (plan !== undefined && isLive(plan)) return plan;
  const phase = plan?.status?.phase;
  throw new UserError({
    what: `can't ${verb} ${typed}`,
    why: plan === undefined ? `${name} has no plan` : `plan ${plan.metadata.name} has ended: ${phase}`,
    todo:
      phase === "Held"
        ? `try it again: kubectl serin retry deploy/${name} -n ${namespace}; or take the change back: kubectl serin undo deploy/${name} -n ${namespace}`
        : `look how it stands: kubectl serin get deploy/${name} -n ${namespace}`,
  });
}
