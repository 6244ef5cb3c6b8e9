import { apiVersion } from "../api/names.ts";
import { age } from "./age.ts";
import { type ConnectOptions, connected } from "./connected.ts";
import type { Io } from "./io.ts";
import { plansOf } from "./lookUp.ts";
import { planView } from "./output/canaryView.ts";
import { formatOf, isForPeople, printObject } from "./output/format.ts";
import type { CanaryHistory, PlanView } from "./output/schemas.ts";
import { table } from "./table.ts";
import { deploymentNamed } from "./target.ts";
import { exitCodes } from "./userError.ts";

export interface HistoryOptions extends ConnectOptions {
  output?: string;
}

/** `kubectl serin history deploy/NAME`: its plans, the newest first. */
export async function history(io: Io, words: readonly string[], options: HistoryOptions): Promise<number> {
  const name = deploymentNamed(words, "history", "show the history of");
  const format = formatOf(options.output);
  const cluster = connected(io, options);
  try {
    const { namespace } = cluster;
    const newestFirst = (await plansOf(cluster.client, namespace, name)).sort((a, b) =>
      (a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "") ? 1 : -1,
    );
    const plans = newestFirst.map((plan) => planView(plan, io.now()));
    const said: CanaryHistory = { apiVersion, kind: "CanaryHistory", namespace, name, plans };
    if (!isForPeople(format))
      printObject(
        io,
        format,
        said,
        plans.map((plan) => `canaryplan.serin.dev/${plan.name}`),
      );
    else if (plans.length === 0) io.err(`${name} in namespace ${namespace} has had no canary plan\n`);
    else io.out(`${table([titles, ...plans.map((plan) => cellsOf(plan, io.now()))]).join("\n")}\n`);
    return plans.length === 0 ? exitCodes.noPlan : 0;
  } finally {
    await cluster.close();
  }
}

const titles = ["PLAN", "PHASE", "IMAGE", "REQUESTED-BY", "STARTED", "TOOK", "MESSAGE"];

function cellsOf(plan: PlanView, now: number): string[] {
  const { startedAt, finishedAt } = plan;
  const took = startedAt === undefined ? "" : age((finishedAt === undefined ? now : Date.parse(finishedAt)) - Date.parse(startedAt));
  const message = plan.reason === plan.phase ? plan.message : `${plan.reason}: ${plan.message}`;
  return [plan.name, plan.phase, plan.images.canary.join(","), plan.requestedBy ?? "", startedAt ?? "", took, message];
}
