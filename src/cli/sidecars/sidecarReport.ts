import { apiVersion } from "../../api/names.ts";
import type { SidecarPolicySpec } from "../../api/sidecarPolicy.ts";
import type { LackReason } from "../../core/sidecars/reasons.ts";
import { isRepairable } from "../../core/sidecars/repair.ts";
import type { AskedPod, Owner, Policies } from "./lookAtSidecars.ts";

/** What `sidecars -o json` prints: fields are only ever added. */
export interface SidecarReport {
  apiVersion: typeof apiVersion;
  kind: "SidecarReport";
  /** Counts over the pods that were looked at (`-n`, `-l`), whatever is shown of them. */
  policies: Array<{
    name: string;
    enforcement: SidecarPolicySpec["enforcement"];
    track: SidecarPolicySpec["match"]["track"];
    suspended: boolean;
    matched: number;
    carrying: number;
    missing: number;
  }>;
  /** Policies that this version of the plugin can't read, and why: what they ask is not in here. */
  unusable: Array<{ name: string; why: string }>;
  /** One for each pod and policy that asks something of it; by namespace, owner, name, and the order in which policies go. */
  pods: SidecarRow[];
}

export interface SidecarRow {
  namespace: string;
  name: string;
  /** Absent: nobody makes it again. */
  owner?: Owner;
  createdAt: string;
  policy: string;
  standing: "Carrying" | "Missing";
  /** What is lacking. `repairable`: a pod that is made anew from the same template would have it. */
  lacks: Array<{ what: string; reason: LackReason; message: string; repairable: boolean }>;
}

export interface Shown {
  /** Only of this policy. */
  policy: string | undefined;
  onlyMissing: boolean;
}

/** Everything from what was looked up; no client, no clock. */
export function sidecarReport({ policies, unusable }: Policies, pods: readonly AskedPod[], { policy, onlyMissing }: Shown): SidecarReport {
  const rows = pods.flatMap(rowsOf).filter((row) => policy === undefined || row.policy === policy);
  const shown = policies.filter(({ metadata }) => policy === undefined || metadata.name === policy);
  return {
    apiVersion,
    kind: "SidecarReport",
    policies: shown
      .map(({ metadata: { name }, spec }) => {
        const own = rows.filter((row) => row.policy === name);
        const missing = own.filter(isMissing).length;
        const { enforcement, match, suspend } = spec;
        const counts = { matched: own.length, carrying: own.length - missing, missing };
        return { name, enforcement, track: match.track, suspended: suspend, ...counts };
      })
      .sort((a, b) => compare(a.name, b.name)),
    unusable,
    pods: rows
      .filter((row) => !onlyMissing || isMissing(row))
      .sort((a, b) => compare(a.namespace, b.namespace) || compare(ownerName(a.owner), ownerName(b.owner)) || compare(a.name, b.name)),
  };
}

export const isMissing = ({ standing }: SidecarRow): boolean => standing === "Missing";

const rowsOf = ({ namespace, name, owner, createdAt, demands }: AskedPod): SidecarRow[] =>
  demands.map(({ policy, standing, lacks }) => ({
    namespace,
    name,
    ...(owner === undefined ? {} : { owner }),
    createdAt,
    policy: policy.metadata.name,
    standing,
    lacks: lacks.map(({ what, reason, message }) => ({ what, reason, message, repairable: isRepairable(reason) })),
  }));

const shortKinds: Record<string, string> = { Deployment: "deploy", DaemonSet: "ds", StatefulSet: "sts" };

/** `deploy/web`, as kubectl's users type it. `-`: nobody's. */
export const ownerName = (owner: Owner | undefined): string =>
  owner === undefined ? "-" : `${shortKinds[owner.kind] ?? owner.kind.toLowerCase()}/${owner.name}`;

/** Whether `sidecars repair` knows how to restart it. */
export const isRestartable = (owner: Owner | undefined): owner is Owner => owner !== undefined && Object.hasOwn(shortKinds, owner.kind);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
