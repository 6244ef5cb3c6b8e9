import { annotations, istio, systemNamespace } from "../../api/names.ts";
import { lacksInWords } from "../../core/sidecars/lackWords.ts";
import { type LackReason, lackReasons } from "../../core/sidecars/reasons.ts";
import { age } from "../age.ts";
import { printable } from "../cut.ts";
import { table } from "../table.ts";
import { isMissing, isRestartable, ownerName, type SidecarReport, type SidecarRow } from "./sidecarReport.ts";

export interface Columns {
  /** With the namespace, as kubectl's -A. */
  everywhere: boolean;
  /** With the age, and whole sentences. */
  wide: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

/** A table as kubectl prints them, one line for each pod and policy, the pods of one owner together; then, for each reason, what to do. */
export function sidecarLines({ pods, policies }: SidecarReport, columns: Columns): string[] {
  const titles = ["NAMESPACE", "OWNER", "POD", "POLICY", "STANDING", "REASON", "AGE", "LACKS"];
  const rows = pods.map((row) => [
    row.namespace,
    ownerName(row.owner),
    row.name,
    row.policy,
    row.standing,
    [...new Set(row.lacks.map(({ reason }) => reason))].join(","),
    age(columns.now - Date.parse(row.createdAt)),
    columns.wide ? lacksInWords(row.lacks) : row.lacks.map(({ what }) => what).join(", "),
  ]);
  const left = new Set([...(columns.everywhere ? [] : ["NAMESPACE"]), ...(columns.wide ? [] : ["AGE"])]);
  const shown = [titles, ...rows].map((cells) => cells.filter((_, index) => !left.has(titles[index] ?? "")));
  const matched = policies.reduce((sum, policy) => sum + policy.matched, 0);
  const missing = policies.reduce((sum, policy) => sum + policy.missing, 0);
  return [...table(shown), "", `${missing} of ${matched} ${matched === 1 ? "demand is" : "demands are"} not met`, ...advice(pods)];
}

/** For each reason its sentence, how many pods have it, and what to type or to ask for. */
function advice(pods: readonly SidecarRow[]): string[] {
  const byReason = new Map<LackReason, SidecarRow[]>();
  for (const row of pods.filter(isMissing))
    for (const reason of new Set(row.lacks.map((lack) => lack.reason))) byReason.set(reason, [...(byReason.get(reason) ?? []), row]);
  return [...byReason]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([reason, rows]) => {
      const count = new Set(rows.map(({ namespace, name }) => `${namespace}/${name}`)).size;
      return [`${reason} (${count} ${count === 1 ? "pod" : "pods"}): ${lackReasons[reason]}`, `  try: ${remedies[reason](rows)}`].map(
        printable,
      );
    });
}

/** The first owner that can be restarted, and how many others there are. */
function restart(rows: readonly SidecarRow[]): string {
  const owners = new Map(
    rows.filter(({ owner }) => isRestartable(owner)).map(({ owner, namespace }) => [`${ownerName(owner)} -n ${namespace}`, true]),
  );
  const [first] = owners.keys();
  if (first === undefined) return "delete the pod and have it made again: nobody restarts it at a pace of its own";
  const others = owners.size === 1 ? "" : ` (and ${owners.size - 1} more)`;
  return `kubectl serin sidecars repair ${first}${others}`;
}

const say = (todo: string) => (): string => todo;

/** What to do about each reason. */
export const remedies: Record<LackReason, (rows: readonly SidecarRow[]) => string> = {
  CreatedBefore: restart,
  NotAdded: (rows) => `${restart(rows)}; is the webhook up? kubectl get pods -n ${systemNamespace}`,
  NotInjected: (rows) => `${restart(rows)}, once istioctl x check-inject says that the pod would be injected`,
  OnlyAudited: say("set enforcement: Enforce in the policy, then repair"),
  OptedOut: say(`take the annotation ${annotations.sidecars} out of the pod template, or set optOut: Forbid in the policy`),
  TeamsOwn: say(`take ${istio.inject} out of the pod template, or set optOut: Forbid in the policy`),
  OtherPolicyFirst: say("let the policies ask for the same, or give this one the higher priority"),
  NameTaken: say("give the container or volume another name, in the policy or in the pod template"),
  NoSuchVolume: say("add the volume to the policy, or to the pod template"),
  PodSecurityRefuses: say("write what PodSecurity restricted asks for into the policy's container, or set security: Restricted"),
  WouldBeRefused: say("change the policy or the pod template so that they don't contradict each other"),
  LeftOut: say("put right what it goes together with"),
  NamespaceRefuses: say(`take the label ${istio.namespaceInjection} off the namespace`),
};
