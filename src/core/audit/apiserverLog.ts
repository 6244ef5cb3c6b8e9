import { headInUrl } from "./heads.ts";
import type { Link } from "./sealPlan.ts";

/*
 * kube-apiserver's own audit log is the second witness: who asked for what and when, what the webhook answered (its audit annotations), and where
 * kube-apiserver went on without it. One JSON object a line (`--audit-log-path`), level Metadata is enough.
 */

/** One answered request that concerns Serin. */
export interface Witnessed {
  /** Who it counted as: whom he impersonated, if he did. */
  user: string;
  verb: string;
  /** `deployments`, `canaryplans/status`. */
  resource: string;
  namespace: string;
  name: string;
  /** Milliseconds since the epoch: when the request came. */
  at: number;
  /** When it was answered. */
  until: number;
  isAccepted: boolean;
  isDryRun: boolean;
  /** The tool, from the User-Agent. */
  agent: string;
  /** What the webhook said of it, the last time that it was asked: decision, reason, plan, policy, request. Empty: nothing. */
  said: Readonly<Record<string, string>>;
  /** uids of the admission requests by which the webhook was asked of it: kube-apiserver asks again when another write came between. */
  asked: readonly string[];
  /** The plans that it named, whichever time it was asked. */
  plans: readonly string[];
  /** Names of our webhooks that kube-apiserver went on without. */
  failedOpen: readonly string[];
  /** The newest seal, in a write of the heads. */
  head?: Link;
}

export interface ApiserverLog {
  requests: Witnessed[];
  /** Of all requests in it, Serin's or not: what happened outside of this time it can't tell. Milliseconds since the epoch. */
  from: number;
  to: number;
  /** Lines that are no audit events. */
  unread: number;
}

/** The names in `manifests/admission/webhook-configuration.yaml`. */
const webhooks = ["deployments.serin.dev", "plans.serin.dev"];
/** Each answer of the webhook has an annotation of its own, with the admission request's uid behind this. */
export const answerKey = "answer.";
const ours = new Set(["deployments", "canaryplans", "canaryplans/status", "canarypolicies", "configmaps", "secrets"]);
const writes = new Set(["create", "update", "patch", "delete", "deletecollection"]);
const failedOpenKey = /^failed-open\.(?:mutation|mutating|validating)\.webhook\.admission\.k8s\.io\//;

interface AuditEvent {
  stage?: string;
  verb?: string;
  requestURI?: string;
  userAgent?: string;
  user?: { username?: string };
  impersonatedUser?: { username?: string };
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp?: string;
  stageTimestamp?: string;
  annotations?: Record<string, string>;
}

/** Reads the text of an audit log; reads and other objects than ours are passed over, and so is a last line that is still being written. */
export function readApiserverLog(text: string): ApiserverLog {
  const log: ApiserverLog = { requests: [], from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY, unread: 0 };
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    if (line.trim() === "") continue;
    const event = parsed(line);
    const at = Date.parse(event?.requestReceivedTimestamp ?? "");
    if (!event || Number.isNaN(at)) {
      log.unread += 1;
      continue;
    }
    log.from = Math.min(log.from, at);
    log.to = Math.max(log.to, at);
    const request = witnessed(event, at);
    if (request) log.requests.push(request);
  }
  log.requests.sort((a, b) => a.at - b.at);
  return log;
}

/** What it says of the time until then. `at` in milliseconds since the epoch. */
export const until = (log: ApiserverLog, at: number): ApiserverLog => ({
  ...log,
  to: Math.min(log.to, at),
  requests: log.requests.filter((request) => request.at <= at),
});

function parsed(line: string): AuditEvent | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === "object" && event !== null ? event : undefined;
  } catch {
    return undefined;
  }
}

function witnessed(event: AuditEvent, at: number): Witnessed | undefined {
  const { verb = "", objectRef, responseStatus, annotations = {} } = event;
  const resource = [objectRef?.resource, objectRef?.subresource].filter(Boolean).join("/");
  if (event.stage !== "ResponseComplete" || !writes.has(verb) || !ours.has(resource)) return undefined;
  const first: Record<string, string> = {};
  const answers: Answer[] = [];
  const failedOpen: string[] = [];
  for (const [key, value] of Object.entries(annotations)) {
    const webhook = webhooks.find((name) => key.startsWith(`${name}/`));
    const name = webhook === undefined ? "" : key.slice(webhook.length + 1);
    if (name.startsWith(answerKey)) answers.push(...answerIn(name.slice(answerKey.length), value));
    else if (webhook) first[name] = value;
    else if (failedOpenKey.test(key) && webhooks.includes(value)) failedOpen.push(value);
  }
  const head = headInUrl(event.requestURI ?? "");
  const last = answers.sort((a, b) => (a.at < b.at ? -1 : 1)).at(-1);
  const everSaid = (what: string) => [...new Set([first, ...answers.map(({ said }) => said)].flatMap((said) => said[what] ?? []))];
  return {
    ...(head === undefined ? {} : { head }),
    user: event.impersonatedUser?.username ?? event.user?.username ?? "",
    verb,
    resource,
    namespace: objectRef?.namespace ?? "",
    name: objectRef?.name ?? "",
    at,
    until: Math.max(at, Date.parse(event.stageTimestamp ?? "") || at),
    isAccepted: (responseStatus?.code ?? 500) < 400,
    isDryRun: /[?&]dryRun=/.test(event.requestURI ?? ""),
    agent: (event.userAgent ?? "").split(" ")[0] ?? "",
    said: last?.said ?? first,
    asked: everSaid("request"),
    plans: everSaid("plan"),
    failedOpen,
  };
}

interface Answer {
  at: string;
  said: Readonly<Record<string, string>>;
}

function answerIn(request: string, text: string): Answer[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return [];
    const { at = "", ...said } = Object.fromEntries(Object.entries(parsed).filter(([, value]) => typeof value === "string"));
    return [{ at, said: { ...said, request } }];
  } catch {
    return [];
  }
}

/** `2026-11-24T10:00:00Z alice patch deployments shop/web` */
export const inWords = ({ at, user, verb, resource, namespace, name }: Witnessed): string =>
  `${new Date(at).toISOString()} ${user} ${verb} ${resource} ${[namespace, name].filter((part) => part !== "").join("/")}`;
