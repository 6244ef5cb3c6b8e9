import { neutral } from "../../../core/analysis/query.ts";
import { withMatcher } from "../../../core/promql/narrow.ts";
import { isQuoted, parsePromql } from "../../../core/promql/syntax.ts";
import type { Remarks } from "../remark.ts";

/** Flagger's names for what Serin fills in. */
const ours: Record<string, string> = { namespace: "{{args.namespace}}", target: "{{args.deployment}}", service: "{{args.service}}" };

const target = /\{\{-?\s*target\s*-?\}\}/;
/** What Flagger made beside the Deployment and its Service, and Serin doesn't. */
const madeByFlagger = /\{\{-?\s*(?:target|service)\s*-?\}\}-(?:primary|canary)/;

export interface Filling {
  /** The window of the metric, such as 1m. */
  interval: string | undefined;
  /** templateVariables of the metric. */
  variables: Readonly<Record<string, string>>;
}

/**
 * A query of Flagger's with Serin's placeholders. `target` named the canary's own workload, and the stable pods were another one; here both are one
 * Deployment, so Istio's metrics get the canary's revision as one more matcher. Other metrics have no such label.
 */
export function queryFrom(template: string, { interval, variables }: Filling, remarks: Remarks): string {
  const narrowed = narrow(template, remarks);
  return narrowed
    .replaceAll(/\{\{-?\s*([\w.]+)\s*-?\}\}/g, (written, name: string) => {
      const value =
        ours[name] ??
        (name === "interval" ? interval : name.startsWith("variables.") ? variables[name.slice("variables.".length)] : undefined);
      if (value === undefined && !name.startsWith("args.")) remarks.matters([], `${written} has no value here: write one`);
      return value ?? written;
    })
    .trim();
}

function narrow(template: string, remarks: Remarks): string {
  if (madeByFlagger.test(template))
    remarks.matters(
      [],
      'names what Flagger made (-primary, -canary): here both revisions are of one Deployment behind one Service; take the ending away and add a matcher, destination_canonical_revision="{{args.canary-hash}}" for the canary and != for stable',
    );
  if (!target.test(template)) return template;
  const plain = template.replaceAll(/\{\{.*?\}\}/gs, (written) => harmless(template, written));
  let isLeft = false;
  const counted = (selector: string): boolean => {
    if (!target.test(selector) || madeByFlagger.test(selector)) return false;
    const isOfIstio = selector.startsWith("istio_");
    isLeft ||= !isOfIstio;
    return isOfIstio;
  };
  const narrowed = withMatcher(template, 'destination_canonical_revision="{{args.canary-hash}}"', counted, plain);
  if (isLeft || (narrowed === template && !madeByFlagger.test(template)))
    remarks.matters(
      [],
      'names the target, which was the canary alone and is here the whole Deployment: add a matcher for the canary\'s pods, such as pod=~"{{args.deployment}}-{{args.canary-hash}}-.*"',
    );
  return narrowed;
}

/** In a range a duration, elsewhere text; as long as what it stands for. */
const harmless = (_: string, written: string): string =>
  /interval/.test(written) ? "1m".padEnd(written.length) : "x".repeat(written.length);

const aggregations = /^(?:sum|avg|min|max|count|group|stddev|stdvar|quantile|scalar)$/;

/** Whether the query surely gives at most one value: an aggregation without labels, numbers, and arithmetic of those. */
export function givesOne(query: string): boolean {
  const plain = neutral(query);
  const one = (node: ReturnType<typeof parsePromql>["topNode"] | null): boolean => {
    if (node === null) return false;
    if (node.name === "NumberDurationLiteral") return true;
    if (node.name === "ParenExpr" || node.name === "PromQL") return one(node.firstChild);
    if (node.name === "BinaryExpr") return one(node.firstChild) && one(node.lastChild);
    if (node.name === "AggregateExpr")
      return node.getChild("AggregateModifier") === null && aggregations.test(textAt(plain, node.getChild("AggregateOp")));
    if (node.name !== "FunctionCall") return false;
    const name = textAt(plain, node.getChild("FunctionIdentifier"));
    const body = node.getChild("FunctionCallBody");
    if (name === "scalar" || name === "vector") return true;
    if (name === "histogram_quantile") return byLe(plain, body?.lastChild ?? null);
    return ["round", "abs", "ceil", "floor"].includes(name) && one(body?.firstChild ?? null);
  };
  return one(parsePromql(plain).topNode);
}

/** `sum(…) by (le)`: one histogram. */
const byLe = (query: string, node: { from: number; to: number } | null): boolean =>
  node !== null && /^\s*sum\b/.test(query.slice(node.from, node.to)) && /\bby\s*\(\s*le\s*\)/.test(query.slice(node.from, node.to));

const textAt = (query: string, node: { from: number; to: number } | null): string => (node === null ? "" : query.slice(node.from, node.to));

/** Whether a variable stands in quotes, so that it is a text. */
export const isText = (query: string, at: number, length: number): boolean =>
  isQuoted(parsePromql(query.replaceAll(/\{\{.*?\}\}/gs, (written) => harmless(query, written))), at, at + length);
