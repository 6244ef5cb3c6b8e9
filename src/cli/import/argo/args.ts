import { promqlString } from "../../../core/analysis/query.ts";
import { fieldsOf, listOf, textOf, textsOf } from "../raw.ts";
import type { Remarks } from "../remark.ts";

/* Arguments of an AnalysisTemplate. What the Rollout itself knows (its Service, its namespace, its hashes) stays a placeholder, so that the policy
 * goes by the Deployment; everything else is written out. */

/** The Services of a Rollout, as its queries may name them. */
export interface Known {
  readonly namespace: string | undefined;
  readonly name: string;
  /** Services whose requests are those of all pods. */
  readonly services: readonly string[];
  readonly canaryService: string | undefined;
  readonly stableService: string | undefined;
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
}

/** What an argument stands for. */
export interface ArgValue {
  /** As it stands in a query. */
  readonly text: string;
  /** Only requests of these pods are meant: the value named the Service of one revision, and Serin has one Service for both. */
  readonly revision?: "canary" | "stable";
}

export type Args = ReadonlyMap<string, ArgValue>;

/** The arguments with the values that the Rollout gives them; they go before those of the template (R6). */
export function argsOf(given: { args: unknown; remarks: Remarks }, template: { args: unknown; remarks: Remarks }, known: Known): Args {
  const values = new Map<string, ArgValue>();
  for (const { args, remarks } of [template, given])
    listOf(args).forEach((each, index) => {
      const { name, value, valueFrom } = fieldsOf(each);
      const at = remarks.in("args", index);
      const read = valueFrom === undefined ? plain(textOf(value), known) : fromElsewhere(fieldsOf(valueFrom), known, at);
      if (typeof name === "string" && read !== undefined) values.set(name, read);
    });
  return values;
}

/** A value that names a Service of the Rollout, alone or as a host in the cluster, is that Service. */
export function plain(value: string | undefined, known: Known): ArgValue | undefined {
  if (value === undefined) return undefined;
  const [first = "", second, ...rest] = value.split(".");
  if (value === known.namespace) return { text: "{{args.namespace}}" };
  const inNamespace = second === undefined || known.namespace === undefined || second === known.namespace;
  const isHost = second === undefined || (rest[0] ?? "svc") === "svc";
  if (!inNamespace || !isHost) return { text: promqlString(value) };
  const host = ["{{args.service}}", ...(second === undefined ? [] : ["{{args.namespace}}", ...rest])].join(".");
  if (first === known.canaryService) return { text: host, revision: "canary" };
  if (first === known.stableService && known.canaryService !== undefined) return { text: host, revision: "stable" };
  return known.services.includes(first) ? { text: host } : { text: promqlString(value) };
}

const hashes: Record<string, string> = { Latest: "{{args.canary-hash}}", Stable: "{{args.stable-hash}}" };

function fromElsewhere(source: Record<string, unknown>, known: Known, remarks: Remarks): ArgValue | undefined {
  const hash = hashes[textOf(source["podTemplateHashValue"]) ?? ""];
  if (hash !== undefined) return { text: hash };
  const path = textOf(fieldsOf(source["fieldRef"])["fieldPath"]);
  const read = path === undefined ? undefined : atPath(path, known);
  if (read === undefined)
    remarks.matters(
      ["valueFrom"],
      path === undefined ? "has no counterpart: write the value itself" : `${path} is not in this manifest: write the value itself`,
    );
  return read;
}

function atPath(path: string, known: Known): ArgValue | undefined {
  if (path === "metadata.namespace") return { text: "{{args.namespace}}" };
  if (path === "metadata.name") return { text: "{{args.deployment}}" };
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  const value = map === "labels" || map === "annotations" ? known.metadata[map][key] : undefined;
  return value === undefined ? undefined : { text: promqlString(value) };
}

export const metadataOf = (metadata: unknown): Known["metadata"] => ({
  labels: textsOf(fieldsOf(metadata)["labels"]),
  annotations: textsOf(fieldsOf(metadata)["annotations"]),
});
