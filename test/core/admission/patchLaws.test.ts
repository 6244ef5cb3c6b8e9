import fc from "fast-check";
import jsonpatch from "jsonpatch";
import { afterEach, describe, expect, it } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import { sameTemplate, templateDigest } from "../../../src/api/template.ts";
import type { Admission } from "../../../src/core/admission/admission.ts";
import { admitDeployment } from "../../../src/core/admission/admitDeployment.ts";
import type { ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import type { JsonPatchOperation } from "../../../src/core/admission/jsonPatch.ts";
import { openIntent } from "../../../src/core/admission/seal.ts";
import type { World } from "../../../src/core/admission/world.ts";
import { around, deployment, type Edit, edit } from "./arbitrary.ts";
import { keys, review, uid } from "./build.ts";

const soak = process.env["SOAK"] !== undefined;
const numRuns = soak ? 10_000 : 600;
/** The short version goes the same way each time; the long one elsewhere, and says from where when it fails. */
const way = soak ? {} : { seed: 2 };

/** As it comes over the wire, where `__proto__` is a member like any other. */
const copy = <T>(object: T): T => JSON.parse(JSON.stringify(object)) as T;

interface Case {
  oldObject: ReviewedDeployment;
  object: ReviewedDeployment;
  fieldManager: string;
  world: World;
}

const write: fc.Arbitrary<Case> = fc
  .record({
    old: deployment,
    edits: fc.array(edit, { maxLength: 4 }),
    fieldManager: fc.constantFrom("kubectl-set", "kubectl-rollout", "helm"),
    around,
  })
  .map(({ old, edits, fieldManager, around: world }) => {
    const oldObject = copy(old);
    const object = copy(old);
    for (const change of edits) change(object);
    return { oldObject, object: copy(object), fieldManager, world: world(templateDigest(object.spec.template)) };
  });

let asked = 0;
const ask = ({ oldObject, fieldManager, world }: Case, object: ReviewedDeployment): Admission => {
  asked += 1;
  return admitDeployment(review(copy(oldObject), copy(object), { fieldManager, requestUid: `asked-${asked}` }), world);
};
const patched = (object: ReviewedDeployment, { operations }: Admission): ReviewedDeployment => byHand(object, operations);

/** By an engine that is not ours. It loses members named `__proto__` when it copies, so it gets to see them under another name. */
function byOracle(object: ReviewedDeployment, operations: readonly JsonPatchOperation[]): ReviewedDeployment {
  return jsonpatch.apply_patch(renamed(object), copy(operations) as JsonPatchOperation[]);
}
const renamed = <T>(object: T): T => JSON.parse(JSON.stringify(object).replaceAll('"__proto__":', '"proto":')) as T;

/** By assignment, with nothing of JSON pointers in it but the two places that we ever write to. */
function byHand(object: ReviewedDeployment, operations: readonly JsonPatchOperation[]): ReviewedDeployment {
  const changed = copy(object);
  for (const operation of operations) {
    const key = Object.values(annotations).find((name) => operation.path === `/metadata/annotations/${name.replace("/", "~1")}`);
    if (operation.path === "/spec/paused") {
      if (operation.op === "remove") delete changed.spec.paused;
      else changed.spec.paused = true;
    } else if (operation.path === "/metadata/annotations") {
      expect(operation).toEqual({ op: "add", path: "/metadata/annotations", value: {} });
      expect(changed.metadata.annotations).toBeUndefined();
      changed.metadata.annotations = {};
    } else {
      if (key === undefined || changed.metadata.annotations === undefined) throw new Error(`not ours: ${operation.path}`);
      if (operation.op === "remove") delete changed.metadata.annotations[key];
      else changed.metadata.annotations[key] = operation.value as string;
    }
  }
  return changed;
}

/** Everything but the pause and our own annotations. */
function theirs(object: ReviewedDeployment): ReviewedDeployment {
  const rest = copy(object);
  delete rest.spec.paused;
  const others = Object.entries(rest.metadata.annotations ?? {}).filter(([key]) => !(Object.values(annotations) as string[]).includes(key));
  rest.metadata.annotations = Object.fromEntries(others);
  return rest;
}

const intentOf = (object: ReviewedDeployment) => {
  const present = object.metadata.annotations;
  return openIntent(present && Object.hasOwn(present, annotations.intent) ? present[annotations.intent] : undefined, uid, keys);
};

/** Each may run again on what it has made, as `reinvocationPolicy: IfNeeded` demands of it. */
const otherWebhooks: Record<string, Edit> = {
  "adds a container": ({ spec }) => {
    const { containers } = spec.template.spec;
    if (!containers.some(({ name }) => name === "injected")) containers.push({ name: "injected", image: "proxy:1" });
  },
  "adds a label": ({ metadata }) => {
    metadata.labels = { ...metadata.labels, injected: "yes" };
  },
  "rewrites images to a mirror": ({ spec }) => {
    for (const one of [...spec.template.spec.containers, ...(spec.template.spec.initContainers ?? [])]) {
      if (!one.image?.startsWith("mirror.example/")) one.image = `mirror.example/${one.image ?? ""}`;
    }
  },
};

afterEach(() => expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined());

describe("whatever is written over whatever, in whatever world", () => {
  it("our patch is exactly what we want changed, nothing of the team's is, and asked again there is nothing to do", () => {
    const decisions = new Map<string, number>();
    fc.assert(
      fc.property(write, (given) => {
        const first = ask(given, given.object);
        decisions.set(first.reason, (decisions.get(first.reason) ?? 0) + 1);
        const stored = patched(given.object, first);
        expect(byOracle(given.object, first.operations)).toEqual(renamed(stored));
        expect(theirs(stored)).toEqual(theirs(given.object));
        if (first.allowed) expect(ask(given, stored).operations).toEqual([]);
      }),
      { ...way, numRuns, endOnFailure: true },
    );
    // Far from all being about nothing: else the law says little.
    expect([...decisions.keys()]).toEqual(
      expect.arrayContaining(["ImageChanged", "NoPolicy", "NothingAsked", "StayedHeld", "Superseded", "OwnPause"]),
    );
  });

  for (const [what, other] of Object.entries(otherWebhooks)) {
    it(`another webhook that ${what}, before or after: the intent is about the template that is stored, and both come to rest`, () => {
      fc.assert(
        fc.property(write, fc.boolean(), (given, isFirst) => {
          const through = (object: ReviewedDeployment): ReviewedDeployment => {
            const changed = copy(object);
            other(changed);
            return changed;
          };
          const first = isFirst ? through(given.object) : copy(given.object);
          const answer = ask(given, first);
          if (!answer.allowed) return;
          const one = patched(first, answer);
          const two = through(one);
          const again = ask(given, two);
          if (!again.allowed) return;
          const stored = patched(two, again);
          expect(through(stored)).toEqual(stored);
          expect(ask(given, stored).operations).toEqual([]);
          const [early, late] = [intentOf(one), intentOf(stored)];
          const isHeld = again.decision === "Held" || answer.decision === "Held";
          if (isHeld && late) expect(late.canary).toBe(templateDigest(stored.spec.template));
          // What was asked for a moment ago is still the same request: one write is one plan.
          if (answer.decision === "Held" && early && late && again.decision === "Held") expect(late.request).toEqual(early.request);
        }),
        { ...way, numRuns: Math.ceil(numRuns / 3), endOnFailure: true },
      );
    });
  }

  it("without a policy and without a mark of ours nothing is ever changed or refused", () => {
    fc.assert(
      fc.property(write, (given) => {
        const bare = (object: ReviewedDeployment) => {
          const { paused } = object.spec;
          return { ...theirs(object), spec: { ...object.spec, ...(paused === undefined ? {} : { paused }) } };
        };
        const oldObject = bare(given.oldObject);
        const admission = ask({ ...given, oldObject, world: { ...given.world, policies: [] } }, bare(given.object));
        expect(admission).toMatchObject({ allowed: true, operations: [], decision: "Untouched" });
      }),
      { ...way, numRuns, endOnFailure: true },
    );
  });

  it("two templates are the same exactly when their digests are", () => {
    fc.assert(
      fc.property(write, fc.array(fc.constantFrom("null", "undefined", "hash", "order")), ({ oldObject, object }, twists) => {
        const [one, other] = [oldObject.spec.template, copy(object.spec.template) as Record<string, unknown> & typeof object.spec.template];
        for (const twist of twists) {
          if (twist === "null") other.spec["nothing"] = null;
          if (twist === "undefined") other["nothing"] = undefined;
          if (twist === "hash" && other.metadata?.labels) other.metadata.labels = { ...other.metadata.labels, "pod-template-hash": "abc" };
          if (twist === "order") other.spec = Object.fromEntries(Object.entries(other.spec).reverse()) as typeof other.spec;
        }
        expect(sameTemplate(one, other)).toBe(templateDigest(one) === templateDigest(other));
        expect(sameTemplate(other, one)).toBe(sameTemplate(one, other));
        expect(sameTemplate(object.spec.template, other)).toBe(templateDigest(object.spec.template) === templateDigest(other));
      }),
      { ...way, numRuns, endOnFailure: true },
    );
  });
});
