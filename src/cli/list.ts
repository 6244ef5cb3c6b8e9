import type { CanaryPlan } from "../api/plan.ts";
import type { Deployment, KubeObject } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { ageSince } from "./age.ts";
import { type ConnectOptions, connected } from "./connected.ts";
import type { Cluster, Io } from "./io.ts";
import { plansIn } from "./lookUp.ts";
import { canaryView } from "./output/canaryView.ts";
import { type Format, formatOf, isForPeople, printObject } from "./output/format.ts";
import type { CanaryView, CanaryViewList } from "./output/schemas.ts";
import { isPlanDue, planToShow, type Scene } from "./scene.ts";
import { table } from "./table.ts";
import { exitCodes } from "./userError.ts";

export interface ListOptions extends ConnectOptions {
  allNamespaces?: boolean;
  /** Of Deployments. */
  selector?: string;
  output?: string;
  watch?: boolean;
}

/** How often `-w` looks, milliseconds. */
const interval = 2_000;

/** `kubectl serin list`: one line for each Deployment that has a plan. */
export async function list(io: Io, options: ListOptions): Promise<number> {
  const format = formatOf(options.output, ["wide", "json", "yaml", "name", "jsonpath"]);
  const cluster = connected(io, options);
  try {
    const namespace = options.allNamespaces ? undefined : cluster.namespace;
    const look = async () => (await scenes(cluster.client, namespace, options.selector)).map((scene) => canaryView(scene, io.now()));
    const columns = { everywhere: namespace === undefined, wide: format.is === "wide" };
    if (options.watch) return await follow(io, look, format, columns);
    const items = await look();
    if (isForPeople(format)) {
      if (items.length === 0) io.err(`no canary plans${namespace === undefined ? "" : ` in namespace ${namespace}`}\n`);
      else io.out(lines(items, columns, io.now()));
    } else
      printObject(
        io,
        format,
        { apiVersion: "serin.dev/v1alpha1", kind: "CanaryViewList", items } satisfies CanaryViewList,
        items.map(nameOf),
      );
    return 0;
  } finally {
    await cluster.close();
  }
}

interface Columns {
  everywhere: boolean;
  wide: boolean;
}

/** As `kubectl get -w`: what has changed is printed again; until Ctrl-C. */
async function follow(io: Io, look: () => Promise<CanaryView[]>, format: Format, columns: Columns): Promise<number> {
  const seen = new Map<string, string>();
  let titles = true;
  while (!io.interrupted.aborted) {
    const changed = (await look()).filter((view) => {
      const { next: _, ...plan } = view.plan ?? {};
      const now = JSON.stringify({ ...view, plan });
      const isNew = seen.get(`${view.namespace}/${view.name}`) !== now;
      seen.set(`${view.namespace}/${view.name}`, now);
      return isNew;
    });
    if (!isForPeople(format)) for (const view of changed) printObject(io, format, view, [nameOf(view)], true);
    else if (changed.length > 0) io.out(lines(changed, columns, io.now(), titles));
    titles &&= changed.length === 0;
    await io.sleep(interval);
  }
  return exitCodes.interrupted;
}

const nameOf = ({ name }: CanaryView): string => `deployment.apps/${name}`;

async function scenes(client: Cluster["client"], namespace: string | undefined, labelSelector: string | undefined): Promise<Scene[]> {
  const [deployments, plans] = await Promise.all([
    client.list<Deployment>(resources.deployments, { namespace, labelSelector }),
    client.list<KubeObject>(resources.canaryplans, { namespace }),
  ]);
  const byName = new Map<string, { deployment?: Deployment; plans: CanaryPlan[] }>();
  const at = (of: string, name: string) => {
    const key = `${of}/${name}`;
    const entry = byName.get(key) ?? { plans: [] };
    byName.set(key, entry);
    return entry;
  };
  for (const plan of plansIn(plans.items)) at(plan.metadata.namespace, plan.spec.deployment.name).plans.push(plan);
  for (const deployment of deployments.items)
    at(deployment.metadata.namespace ?? "", deployment.metadata.name ?? "").deployment = deployment;
  return [...byName]
    .filter(([, { deployment }]) => labelSelector === undefined || deployment !== undefined)
    .map(([key, entry]): Scene => {
      const [of = "", name = ""] = key.split("/");
      const plan = planToShow(entry.plans);
      return { namespace: of, name, deployment: entry.deployment, plan, replicaSets: [], pods: [], virtualServices: [] };
    })
    .filter((scene) => scene.plan !== undefined || isPlanDue(scene))
    .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
}

function lines(views: readonly CanaryView[], { everywhere, wide }: Columns, now: number, withTitles = true): string {
  const titles = [
    "NAMESPACE",
    "NAME",
    "PHASE",
    "STEP",
    "WEIGHT",
    "IMAGE",
    "REASON",
    "AGE",
    "POLICY",
    "REQUESTED-BY",
    "FAILED-CHECKS",
    "NEXT",
  ];
  const rows = views.map((view) => cellsOf(view, now));
  const left = new Set([...(everywhere ? [] : ["NAMESPACE"]), ...(wide ? [] : titles.slice(8))]);
  const shown = (withTitles ? [titles, ...rows] : rows).map((cells) => cells.filter((_, index) => !left.has(titles[index] ?? "")));
  return `${table(shown).join("\n")}\n`;
}

function cellsOf({ namespace, name, standing, plan, deployment }: CanaryView, now: number): string[] {
  if (plan === undefined) {
    const phase = standing === "NoPlan" ? "NoPlan" : "Held";
    return [namespace, name, phase, "", "", (deployment?.images ?? []).join(","), "", "", "", "", "", ""];
  }
  const failed = plan.metrics.reduce((sum, metric) => sum + metric.failed, 0);
  return [
    namespace,
    name,
    plan.phase,
    `${plan.step.index}/${plan.step.total}`,
    String(plan.weight.desired),
    plan.images.canary.join(","),
    plan.reason,
    ageSince(plan.startedAt, now),
    plan.policy ?? "",
    plan.requestedBy ?? "",
    String(failed),
    plan.next ?? "",
  ];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
