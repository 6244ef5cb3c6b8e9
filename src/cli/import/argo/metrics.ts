import { neutral } from "../../../core/analysis/query.ts";
import { withMatcher } from "../../../core/promql/narrow.ts";
import { duration } from "../duration.ts";
import { celOf } from "../expr/cel.ts";
import { type Fields, fieldsOf, numberOf, present, textOf } from "../raw.ts";
import type { Remarks } from "../remark.ts";
import type { Args, Known } from "./args.ts";
import { namedServices } from "./literals.ts";

const counts = ["count", "failureLimit", "inconclusiveLimit", "consecutiveErrorLimit", "consecutiveSuccessLimit"] as const;

/**
 * A metric of Argo's as one of Serin's; undefined when nothing of it can be asked. `args` undefined: its placeholders stay, for a template. `known`: of
 * the Rollout, where one uses it.
 */
export function metricOf(metric: Fields, args: Args | undefined, remarks: Remarks, known?: Known): object | undefined {
  remarks.leftover(metric, ["name", "interval", "initialDelay", ...counts, "successCondition", "failureCondition", "provider"]);
  const provider = providerOf(fieldsOf(metric["provider"]), args, remarks.in("provider"), known);
  if (provider === undefined) return undefined;
  const conditions = {
    successCondition: conditionOf(metric, "successCondition", args, remarks),
    failureCondition: conditionOf(metric, "failureCondition", args, remarks),
  };
  const judges = conditions.successCondition !== undefined || conditions.failureCondition !== undefined;
  if (!judges) remarks.note([], "has no condition, so in Argo whatever comes passes; that is written out here");
  return present({
    name: textOf(metric["name"]),
    interval: time(metric, "interval", args, remarks),
    initialDelay: time(metric, "initialDelay", args, remarks),
    ...Object.fromEntries(counts.map((field) => [field, count(metric, field, args, remarks)])),
    ...(judges ? conditions : { successCondition: "size(result) >= 0" }),
    provider,
  });
}

function time(metric: Fields, field: "interval" | "initialDelay", args: Args | undefined, remarks: Remarks): string | undefined {
  const written = metric[field];
  if (written === undefined) return undefined;
  const read = duration(filled(textOf(written) ?? "", args, remarks.in(field)));
  if (read === undefined) remarks.matters([field], "is no duration that can be known here, so it was left out: write one such as 30s");
  return read;
}

function count(metric: Fields, field: string, args: Args | undefined, remarks: Remarks): number | undefined {
  const written = metric[field];
  if (written === undefined) return undefined;
  const read = numberOf(filled(textOf(written) ?? "", args, remarks.in(field)));
  if (read === undefined) remarks.matters([field], "is no number that can be known here, so it was left out: write one");
  return read;
}

function conditionOf(
  metric: Fields,
  field: "successCondition" | "failureCondition",
  args: Args | undefined,
  remarks: Remarks,
): string | undefined {
  const written = textOf(metric[field]);
  if (written === undefined || written.trim() === "") return undefined;
  const translated = translate(filled(written, args, remarks.in(field)));
  if ("cel" in translated) return translated.cel;
  remarks.matters([field], `${translated.error}. It stands in the policy as it was, which is not accepted before you write it anew`);
  return written;
}

/** Placeholders of a template stay through the translation: a number stands in for each. */
function translate(condition: string): { cel: string } | { error: string } {
  const names: string[] = [];
  const standIn = (index: number): string => `7${String(index).padStart(3, "0")}7`;
  const plain = condition.replaceAll(/\{\{.*?\}\}/gs, (written) => standIn(names.push(written) - 1));
  const translated = celOf(plain);
  if ("error" in translated) return translated;
  return { cel: names.reduce((cel, name, index) => cel.replaceAll(standIn(index), name), translated.cel) };
}

function providerOf(provider: Fields, args: Args | undefined, remarks: Remarks, known: Known | undefined): object | undefined {
  const [kind = "none", ...others] = Object.keys(provider);
  if (kind !== "prometheus" || others.length > 0) {
    remarks.matters(
      [],
      `${[kind, ...others].join(", ")} can't be asked, so this metric was left out: write a query for Prometheus that says the same, or judge it with a gate (pause: {})`,
    );
    return undefined;
  }
  const { address, query, timeout, authentication, headers, insecure, ...rest } = fieldsOf(provider["prometheus"]);
  const at = remarks.in("prometheus");
  at.leftover(rest, []);
  for (const [field, value] of Object.entries({ authentication, headers, insecure }))
    if (value !== undefined && Object.keys(fieldsOf(value)).length + (value === true ? 1 : 0) > 0)
      at.matters([field], "is no part of a policy: name a Secret of Serin's own namespace in provider.prometheus.credentials");
  const seconds = timeout === undefined ? undefined : numberOf(timeout);
  const asked = textOf(query);
  if (asked === undefined) {
    at.matters(["query"], "is missing, so this metric was left out");
    return undefined;
  }
  if (seconds !== undefined && seconds > 30) at.note(["timeout"], "is longer than a query may take here: 30s");
  return {
    prometheus: present({
      address: address === undefined ? undefined : filled(textOf(address) ?? "", args, at.in("address")),
      query: queryOf(asked, args, at.in("query"), known),
      timeout: seconds === undefined ? undefined : `${Math.min(30, Math.max(1, Math.round(seconds)))}s`,
    }),
  };
}

/** Where an argument, or the query itself, named the Service of one revision, its selectors get that revision's matcher. */
function queryOf(written: string, args: Args | undefined, remarks: Remarks, known: Known | undefined): string {
  if (args === undefined) return filled(written, args, remarks);
  const named = known && namedServices(written, known, ({ text, revision }) => `${text}${markOf[revision]}`);
  const query = named?.query ?? written;
  for (const matcher of named?.unread ?? [])
    remarks.matters(
      [],
      `${matcher} names the Service of one revision, and both are behind one here: write the Service with {{args.service}}, and destination_canonical_revision="{{args.canary-hash}}" (or {{args.stable-hash}}) beside it`,
    );
  const revisions = new Set([...args].flatMap(([name, { revision }]) => (revision && placeholderOf(name).test(query) ? [revision] : [])));
  for (const revision of named?.revisions ?? []) revisions.add(revision);
  if (revisions.size === 0) return filled(query, args, remarks);
  const marked = query.replaceAll(/\{\{\s*args\.(.+?)\s*\}\}/g, (written, name: string) => {
    const { text, revision } = args.get(name) ?? {};
    return text === undefined ? written : `${text}${revision === undefined ? "" : markOf[revision]}`;
  });
  let isOfIstio = true;
  const told = (selector: string): void => {
    isOfIstio &&= selector.startsWith("istio_");
  };
  const narrowed = [...revisions].reduce((text, revision) => narrow(text, revision, told), marked);
  if (isOfIstio)
    remarks.note(
      [],
      "counted by the Service of one revision; here it counts the one Service and that revision's pods (destination_canonical_revision)",
    );
  else
    remarks.matters(
      [],
      "counted by the Service of one revision, and both are behind one here: of all metrics only Istio's have the label that tells them apart (destination_canonical_revision); write a matcher that the others have",
    );
  return filled(
    [...revisions].reduce((text, revision) => text.replaceAll(markOf[revision], ""), narrowed),
    args,
    remarks,
  );
}

/** Stands behind what named a revision until its selectors are found. */
const markOf = { canary: "\u0001", stable: "\u0002" } as const;

/** A selector without that label finds nothing, which holds the plan; without the matcher it would count both revisions. */
function narrow(query: string, revision: "canary" | "stable", told: (selector: string) => void): string {
  const matcher = `destination_canonical_revision="{{args.${revision}-hash}}"`;
  const isMarked = (selector: string): boolean => {
    const isOfRevision = selector.includes(markOf[revision]);
    if (isOfRevision) told(selector);
    return isOfRevision;
  };
  return withMatcher(query, matcher, isMarked, neutral(query));
}

const placeholderOf = (name: string): RegExp => new RegExp(`\\{\\{\\s*args\\.${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*\\}\\}`);

/** The text with its arguments written out; one that nobody gives a value stays and is told. */
function filled(text: string, args: Args | undefined, remarks: Remarks): string {
  if (args === undefined) return text;
  return text.replaceAll(/\{\{\s*args\.(.+?)\s*\}\}/g, (written, name: string) => {
    const value = args.get(name)?.text;
    if (value === undefined && !kept.has(name)) remarks.matters([], `${written} has no value: give args.${name} one`);
    return value ?? written;
  });
}

const kept = new Set(["namespace", "deployment", "service", "canary-hash", "stable-hash"]);
