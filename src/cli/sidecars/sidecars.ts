import { systemNamespace } from "../../api/names.ts";
import { whySystem } from "../../core/admission/policyFor.ts";
import { type ConnectOptions, connected } from "../connected.ts";
import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import { formatOf, isForPeople, printObject } from "../output/format.ts";
import { exitCodes, UserError } from "../userError.ts";
import { lookAtPods, readSidecarPolicies } from "./lookAtSidecars.ts";
import { sidecarLines } from "./sidecarLines.ts";
import { isMissing, type SidecarReport, sidecarReport } from "./sidecarReport.ts";

export interface SidecarsOptions extends ConnectOptions {
  allNamespaces?: boolean;
  selector?: string;
  missing?: boolean;
  policy?: string;
  output?: string;
}

/** `kubectl serin sidecars`: which pods carry what SidecarPolicies ask for. Reads pods and policies itself, so it needs no worker. */
export async function sidecars(io: Io, options: SidecarsOptions): Promise<number> {
  const format = formatOf(options.output, ["wide", "json", "yaml", "name", "jsonpath"]);
  const cluster = connected(io, options);
  try {
    const namespace = options.allNamespaces ? undefined : cluster.namespace;
    const found = await readSidecarPolicies(cluster.client);
    known(found, options.policy);
    const pods =
      found.policies.length === 0 ? [] : await lookAtPods(cluster.client, found.policies, { namespace, labelSelector: options.selector });
    const report = sidecarReport(found, pods, { policy: options.policy, onlyMissing: options.missing ?? false });
    for (const { why } of found.unusable) io.err(`warning: ${printable(why)}\n`);
    const everywhere = namespace === undefined;
    const lists = isForPeople(format) || format.is === "name";
    if (report.pods.length === 0 && lists) io.err(`${nothing(report, namespace, options)}\n`);
    else if (isForPeople(format)) io.out(`${sidecarLines(report, { everywhere, wide: format.is === "wide", now: io.now() }).join("\n")}\n`);
    else printObject(io, format, report, [...new Set(report.pods.map(({ name }) => `pod/${name}`))]);
    return options.missing && report.pods.some(isMissing) ? exitCodes.missing : 0;
  } finally {
    await cluster.close();
  }
}

/** On standard error, as kubectl's "No resources found". */
function nothing({ policies }: SidecarReport, namespace: string | undefined, { missing, selector }: SidecarsOptions): string {
  if (policies.length === 0) return "There is no SidecarPolicy: nothing is asked of any pod.";
  const system = namespace === undefined ? undefined : whySystem(namespace, systemNamespace);
  if (system !== undefined) return `${system}.`;
  const where = `${namespace === undefined ? "" : ` in namespace ${namespace}`}${selector === undefined ? "" : ` with labels ${selector}`}`;
  const matched = policies.reduce((sum, policy) => sum + policy.matched, 0);
  if (missing && matched > 0) return `Nothing is missing${where}.`;
  return `No SidecarPolicy asks anything of a pod${where}.`;
}

function known({ policies, unusable }: Awaited<ReturnType<typeof readSidecarPolicies>>, wanted: string | undefined): void {
  const names = [...policies.map(({ metadata }) => metadata.name), ...unusable.map(({ name }) => name)];
  if (wanted === undefined || names.includes(wanted)) return;
  throw new UserError({
    what: `can't show policy ${wanted}`,
    why: `there is no SidecarPolicy ${wanted}`,
    todo: names.length === 0 ? "look with: kubectl get sidecarpolicies" : `there are: ${names.sort().join(", ")}`,
  });
}
