import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Log } from "../api/logLine.ts";
import { type Admission, errored } from "../core/admission/admission.ts";
import { others } from "../core/admission/words.ts";
import { oneLine } from "../core/audit/escape.ts";
import { admitReview, type ReviewWorld } from "./admitReview.ts";
import { answer } from "./answer.ts";
import { type Bodies, bodies, longestReview, type Unread } from "./bodies.ts";
import type { Counters } from "./counters.ts";
import type { Denials } from "./denials.ts";
import { parseReview, type Review } from "./parseReview.ts";
import { refuse } from "./refuse.ts";

export interface WebhookDependencies {
  /** A look into the caches; no request waits for the network. */
  world(): ReviewWorld;
  log: Log;
  counters: Counters;
  /** Hears of each answered review, after its answer. */
  denials: Pick<Denials, "note">;
  /** From now on each answer asks its client to use another replica. */
  isDraining(): boolean;
}

/**
 * Answers reviews. It does not listen: `servers.ts` does, and tests need no port. One path and one method need no framework: express alone costs as
 * much CPU as the TLS, the parsing and the decision of a small review together (`make bench-webhook`).
 */
export function webhookApp(dependencies: WebhookDependencies): RequestListener {
  const reader = bodies();
  return (request, response) => {
    if (dependencies.isDraining()) response.setHeader("Connection", "close");
    const fault = whyNot(request);
    if (fault) turnAway(request, response, fault, dependencies);
    else receive(request, response, reader, dependencies);
  };
}

interface Fault {
  status: number;
  why: string;
}

/** Ordered: what is wrong with a request, told before its body is read. kube-apiserver adds its time limit, `?timeout=3s`. */
function whyNot({ method, url = "", headers }: IncomingMessage): Fault | undefined {
  if (method !== "POST" || url.split("?", 1)[0] !== "/mutate") return { status: 404, why: "POST /mutate is all there is" };
  if (headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() !== "application/json")
    return { status: 415, why: "content type must be application/json" };
  // What it grows to is unknown, and kube-apiserver never compresses.
  if ((headers["content-encoding"] ?? "identity") !== "identity") return { status: 415, why: "a compressed body is not read" };
  return undefined;
}

const unread: Record<Unread, string> = {
  413: `a review has at most ${longestReview} bytes`,
  503: "too many long reviews at once",
};

function receive(request: IncomingMessage, response: ServerResponse, reader: Bodies, dependencies: WebhookDependencies): void {
  response.on("close", dependencies.counters.entered());
  reader.read(request, (body) => {
    if (typeof body === "number") {
      turnAway(request, response, { status: body, why: unread[body] }, dependencies);
      return;
    }
    try {
      review(body, request, response, dependencies);
    } catch (error) {
      dependencies.log.error({ err: error }, "request failed");
      if (response.headersSent) response.destroy();
      else turnAway(request, response, { status: 500, why: "this request can't be answered" }, dependencies);
    }
  });
}

function review(body: Buffer, request: IncomingMessage, response: ServerResponse, dependencies: WebhookDependencies): void {
  const { counters, log, denials } = dependencies;
  const started = performance.now();
  const parsed = parseReview(body);
  if ("fault" in parsed) {
    const { fault, uid } = parsed;
    if (uid === undefined) {
      turnAway(request, response, { status: 400, why: fault }, dependencies);
      return;
    }
    send(response, 400, answer(uid, errored(400, others.badReview(fault))));
    counters.refused(400);
    return;
  }
  const admission = decide(parsed.review, dependencies);
  // A refusal is our answer; a fault is not, and leaves it to the failurePolicy of the webhook's configuration.
  const at = onRecord.has(parsed.review.kind) ? new Date() : undefined;
  send(response, admission.decision === "Errored" ? (admission.code ?? 500) : 200, answer(parsed.review.uid, admission, at));
  const milliseconds = performance.now() - started;
  const { kind } = parsed.review;
  counters.decided(knownKinds.has(kind) ? kind : "other", admission.decision, admission.reason, milliseconds);
  for (const finding of admission.findings ?? []) counters.found(finding);
  logDecision(log, parsed.review, admission, milliseconds);
  denials.note(parsed.review, admission);
}

function send(response: ServerResponse, status: number, content: object): void {
  const text = JSON.stringify(content);
  // As a text: then Node sends head and body in one write, and a write is a third of a small review.
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Content-Length": Buffer.byteLength(text) }).end(text);
}

function turnAway(request: IncomingMessage, response: ServerResponse, { status, why }: Fault, { counters }: WebhookDependencies): void {
  counters.refused(status);
  refuse(request, response, status, why);
}

/** What the audit record tells of. */
const onRecord = new Set(["apps/Deployment", "serin.dev/CanaryPlan"]);
const knownKinds = new Set(["apps/Deployment", "serin.dev/CanaryPlan", "networking.istio.io/VirtualService", "/Pod"]);

/** A bug of ours must not stop anybody's deployment, nor end the process. */
function decide(review: Review, { world, log }: WebhookDependencies): Admission {
  try {
    return admitReview(review, world());
  } catch (error) {
    // The stack is full: what is compared nests as no Kubernetes object does.
    if (error instanceof RangeError) return errored(400, others.badReview("it nests too deep"));
    log.error({ err: error, request: review.uid, kind: review.kind }, "admission failed");
    return errored(500, others.failed());
  }
}

/** One line for each review, all with the same fields, and with the sentence that the user gets; of the objects only what that says. */
function logDecision(log: Log, { uid, kind, asking }: Review, admission: Admission, milliseconds: number): void {
  const { decision, reason, message, auditAnnotations, operations } = admission;
  const level = decision === "Untouched" ? "debug" : "info";
  if (!log.isLevelEnabled(level)) return;
  const fields = {
    request: uid,
    kind,
    namespace: asking.namespace,
    name: asking.name,
    user: asking.user,
    fieldManager: asking.fieldManager,
    dryRun: asking.dryRun,
    decision,
    reason,
    plan: auditAnnotations["plan"],
    policy: auditAnnotations["policy"],
    operations: operations.length,
    ms: Number(milliseconds.toFixed(2)),
  };
  log[level](fields, oneLine(message, 1024));
}
