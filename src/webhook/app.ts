import express, { type ErrorRequestHandler, type Express, type Request, type Response } from "express";
import type { Logger } from "pino";
import { type Admission, errored } from "../core/admission/admission.ts";
import { others } from "../core/admission/words.ts";
import type { World } from "../core/admission/world.ts";
import { admitReview } from "./admitReview.ts";
import { answer } from "./answer.ts";
import type { Counters } from "./counters.ts";
import { parseReview, type Review } from "./parseReview.ts";

/**
 * An update carries the old and the new object, each up to etcd's limit of 1.5 MiB, which JSON can nearly double: two of 3 MiB and 1 MiB for the
 * rest. The arithmetic is controller-runtime's.
 */
export const longestReview = 7 * 1024 * 1024;

export interface WebhookDependencies {
  /** A look into the caches; no request waits for the network. */
  world(): World;
  log: Logger;
  counters: Counters;
  /** From now on each answer asks its client to use another replica. */
  isDraining(): boolean;
}

/** Answers reviews. It does not listen: `servers.ts` does, and tests need no port. */
export function webhookApp(dependencies: WebhookDependencies): Express {
  const app = express().disable("x-powered-by").disable("etag").set("query parser", "simple");
  const body = express.raw({ type: () => true, limit: longestReview, inflate: false });
  app.use((_request, response, next) => {
    if (dependencies.isDraining()) response.set("Connection", "close");
    next();
  });
  app.post("/mutate", onlyJson(dependencies), body, (request, response) => review(request, response, dependencies));
  app.use((_request, response) => refuse(response, 404, "POST /mutate is all there is", dependencies));
  app.use(onError(dependencies));
  return app;
}

const onlyJson =
  (dependencies: WebhookDependencies) =>
  (request: Request, response: Response, next: () => void): void => {
    if (request.is("application/json") === "application/json") next();
    else refuse(response, 415, "content type must be application/json", dependencies);
  };

function review(request: Request, response: Response, dependencies: WebhookDependencies): void {
  const { counters, log } = dependencies;
  const started = performance.now();
  const parsed = parseReview(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
  if ("fault" in parsed) {
    const { fault, uid } = parsed;
    if (uid === undefined) refuse(response, 400, fault, dependencies);
    else {
      response.status(400).json(answer(uid, errored(400, others.badReview(fault))));
      counters.refused(400);
    }
    return;
  }
  const admission = decide(parsed.review, dependencies);
  // A refusal is our answer; a fault is not, and leaves it to the failurePolicy of the webhook's configuration.
  response.status(admission.decision === "Errored" ? (admission.code ?? 500) : 200).json(answer(parsed.review.uid, admission));
  const milliseconds = performance.now() - started;
  const { kind } = parsed.review;
  counters.decided(knownKinds.has(kind) ? kind : "other", admission.decision, admission.reason, milliseconds);
  logDecision(log, parsed.review, admission, milliseconds);
}

const knownKinds = new Set(["apps/Deployment", "serin.dev/CanaryPlan", "networking.istio.io/VirtualService"]);

/** A bug of ours must not stop anybody's deployment, nor end the process. */
function decide(review: Review, { world, log }: WebhookDependencies): Admission {
  try {
    return admitReview(review, world());
  } catch (error) {
    log.error({ err: error, request: review.uid, kind: review.kind }, "admission failed");
    return errored(500, others.failed());
  }
}

/** One line for each review, all with the same fields; never anything of the objects. */
function logDecision(log: Logger, { uid, kind, asking }: Review, admission: Admission, milliseconds: number): void {
  const { decision, reason, auditAnnotations, operations } = admission;
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
  if (decision === "Untouched") log.debug(fields, "admission");
  else log.info(fields, "admission");
}

function refuse(response: Response, status: number, why: string, { counters }: WebhookDependencies): void {
  counters.refused(status);
  response.status(status).type("text/plain").send(`${why}\n`);
}

/** Body too large, cut off, compressed. Never a stack trace. */
const onError =
  (dependencies: WebhookDependencies): ErrorRequestHandler =>
  (error: { status?: unknown; type?: unknown }, _request, response, next) => {
    if (response.headersSent) return next(error);
    const status = typeof error.status === "number" ? error.status : 500;
    if (status >= 500) dependencies.log.error({ err: error }, "request failed");
    refuse(response, status, status === 413 ? `a review has at most ${longestReview} bytes` : "this request can't be read", dependencies);
  };
