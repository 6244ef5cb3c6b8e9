import fc from "fast-check";
import { annotations, lastApplied } from "../../../src/api/names.ts";
import { type Phase, phases, terminalPhases } from "../../../src/api/plan.ts";
import { type Container, templateDigest } from "../../../src/api/template.ts";
import type { ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import { annotationText, sealIntent } from "../../../src/core/admission/seal.ts";
import type { World } from "../../../src/core/admission/world.ts";
import { keys, plan, policy, someRequest, uid, world } from "./build.ts";

/*
 * Deployments, edits and worlds that a team, a tool or an attacker could bring about. Names and keys are hostile on purpose; the API server would refuse
 * some of them, but whoever posts to the webhook himself is not checked by it.
 */

const hostile = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "a~1/b",
  "~",
  "/",
  "~0",
  "",
  "x".repeat(253),
  "ключ/🐦",
  "\u0000",
  "polluted",
];
export const key: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("app", "team.example/owner", "note", lastApplied) },
  { weight: 2, arbitrary: fc.constantFrom(...hostile) },
  fc.string({ unit: "grapheme", maxLength: 12 }),
);
const value = fc.oneof(fc.constantFrom("", "polluted", "off", "x".repeat(253)), fc.string({ unit: "grapheme", maxLength: 20 }));
/** With own members only, `__proto__` too, as JSON.parse makes them. */
export const texts: fc.Arbitrary<Record<string, string>> = fc
  .array(fc.tuple(key, value), { maxLength: 4 })
  .map((entries) => Object.fromEntries(entries));
const image = fc.constantFrom(
  "nginx:1.23",
  "nginx:1.24",
  "nginx:1.25",
  "registry.example:5000/team/app@sha256:0a1b",
  "redis:7",
  "__proto__",
  "",
);
const container: fc.Arbitrary<Container> = fc
  .record({
    name: fc.oneof(fc.constantFrom("web", "side", "log"), key),
    image,
    env: fc.option(texts, { nil: undefined }),
    port: fc.option(fc.nat(3)),
  })
  .map(({ name, image: reference, env, port }) => ({
    name,
    image: reference,
    ...(env ? { env: Object.entries(env).map(([variable, text]) => ({ name: variable, value: text })) } : {}),
    ...(port === null ? {} : { ports: [{ containerPort: 8080, ...(port === 1 ? { hostPort: 80 } : {}) }] }),
  }));

const ownTexts = fc.oneof(
  fc.tuple(fc.constantFrom(...Object.values(annotations)), fc.constantFrom("off", "{}", "123")).map(([name, text]) => ({ [name]: text })),
  fc.constant({}),
);

/** Held by a genuine intent for its own template. */
function hold(deployment: ReviewedDeployment, signed = uid): ReviewedDeployment {
  const canary = templateDigest(deployment.spec.template);
  const intent = sealIntent({ v: 1, uid: signed, stable: "0".repeat(64), canary, policy: "everything", request: someRequest }, keys);
  deployment.spec.paused = true;
  deployment.metadata.annotations = { ...deployment.metadata.annotations, [annotations.intent]: annotationText(intent) };
  return deployment;
}

export const deployment: fc.Arbitrary<ReviewedDeployment> = fc
  .record({
    containers: fc.array(container, { minLength: 1, maxLength: 3 }),
    initContainers: fc.option(fc.array(container, { maxLength: 2 }), { nil: undefined }),
    labels: fc.option(texts, { nil: undefined }),
    podLabels: fc.option(texts, { nil: undefined }),
    annotations: fc.option(fc.tuple(texts, ownTexts), { nil: undefined }),
    paused: fc.constantFrom(true, false, undefined),
    available: fc.nat(2),
    strategy: fc.constantFrom("RollingUpdate", "Recreate"),
    held: fc.nat(5),
  })
  .map((made) => {
    const built: ReviewedDeployment = {
      metadata: {
        name: "web",
        namespace: "shop",
        uid,
        ...(made.labels ? { labels: made.labels } : {}),
        ...(made.annotations ? { annotations: { ...made.annotations[0], ...made.annotations[1] } } : {}),
      },
      spec: {
        replicas: 2,
        ...(made.paused === undefined ? {} : { paused: made.paused }),
        strategy: { type: made.strategy },
        template: {
          ...(made.podLabels ? { metadata: { labels: made.podLabels } } : {}),
          spec: { containers: made.containers, ...(made.initContainers ? { initContainers: made.initContainers } : {}) },
        },
      },
      status: { availableReplicas: made.available },
    };
    return made.held < 2 ? hold(built, made.held === 0 ? uid : "another") : built;
  });

export type Edit = (deployment: ReviewedDeployment) => void;

/** What one write may do. */
export const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.nat(3), image).map<Edit>(([at, reference]) => ({ spec }) => {
    const found = [...spec.template.spec.containers, ...(spec.template.spec.initContainers ?? [])][at];
    if (found) found.image = reference;
  }),
  container.map<Edit>(
    (added) =>
      ({ spec }) =>
        void spec.template.spec.containers.push(structuredClone(added)),
  ),
  fc.constant<Edit>(({ spec }) => spec.template.spec.containers.length > 1 && void spec.template.spec.containers.pop()),
  fc.tuple(key, value).map<Edit>(([name, text]) => ({ metadata }) => {
    metadata.annotations = Object.fromEntries([...Object.entries(metadata.annotations ?? {}), [name, text]]);
  }),
  fc.constantFrom(...Object.values(annotations)).map<Edit>(
    (name) =>
      ({ metadata }) =>
        void delete metadata.annotations?.[name],
  ),
  fc.constant<Edit>(({ metadata }) => void delete metadata.annotations),
  fc.constantFrom(true, false, undefined).map<Edit>((paused) => ({ spec }) => {
    if (paused === undefined) delete spec.paused;
    else spec.paused = paused;
  }),
  fc.nat(3).map<Edit>((replicas) => ({ spec }) => {
    spec.replicas = replicas;
  }),
  texts.map<Edit>((labels) => ({ metadata }) => {
    metadata.labels = labels;
  }),
);

const somePolicy = fc
  .record({
    images: fc.constantFrom(["*"], ["nginx:*"], ["*@sha256:*"]),
    trigger: fc.constantFrom("Image", "Template"),
    onRepeat: fc.constantFrom("Hold", "Deny", "Retry"),
    whenWorkerIsDown: fc.constantFrom("Bypass", "Deny"),
    suspend: fc.boolean(),
    priority: fc.nat(2),
    label: fc.option(key, { nil: undefined }),
  })
  .map(({ images, label, ...spec }) => ({
    ...spec,
    match: { images, ...(label ? { deploymentSelector: { matchExpressions: [{ key: label, operator: "DoesNotExist" }] } } : {}) },
  }));

const somePlan = fc
  .record({ phase: fc.constantFrom<Phase>(...phases), gate: fc.boolean(), isOfAsked: fc.boolean() })
  .map(({ phase, gate, isOfAsked }) => (asked: string) => {
    const live = !terminalPhases.has(phase);
    return plan({ phase, live, atGate: gate, canary: { hash: "c", digest: isOfAsked ? asked : "0".repeat(64) } });
  });

/** Any policies, plans in any phase (some of the template with this digest), keys or none, a worker or none. */
export const around: fc.Arbitrary<(asked: string) => World> = fc
  .record({
    policies: fc.array(somePolicy, { maxLength: 2 }),
    plans: fc.array(somePlan, { maxLength: 2 }),
    alive: fc.integer({ min: 0, max: 3 }),
    keyed: fc.integer({ min: 0, max: 7 }),
  })
  .map(
    ({ policies, plans, alive, keyed }) =>
      (asked) =>
        world({
          policies: policies.map((spec, i) => policy(i === 0 ? "everything" : `policy-${i}`, spec)),
          plans: plans.map((of) => of(asked)),
          workerIsAlive: alive > 0,
          keys: keyed > 0 ? keys : [],
        }),
  );
