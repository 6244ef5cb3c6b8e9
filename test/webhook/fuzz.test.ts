import fc from "fast-check";
import { afterEach, expect, it } from "vitest";
import { admitReview } from "../../src/webhook/admitReview.ts";
import { answer } from "../../src/webhook/answer.ts";
import { parseReview } from "../../src/webhook/parseReview.ts";
import { aSidecarPolicy, withFields } from "../build/sidecarPolicy.ts";
import { deployment, key } from "../core/admission/arbitrary.ts";
import { policy, world } from "../core/admission/build.ts";
import { anyPod } from "../core/sidecars/arbitrary.ts";
import { reviewOf } from "./reviews.ts";

/* What anybody in the cluster may post to the port: no input makes us throw, answer another request, or touch a prototype. */

const numRuns = process.env["SOAK"] ? 10_000 : 500;
const sidecars = aSidecarPolicy(
  withFields({
    istio: { inject: "Enabled", revision: "r", holdUntilProxyStarts: true },
    env: [{ name: "A", value: "1" }],
    optOut: "Forbid",
  }),
);
const around = world({ policies: [policy("everything", { trigger: "Template" })], sidecarPolicies: [sidecars] });
const shapesBefore = Object.getOwnPropertyNames(Object.prototype).length;

afterEach(() => {
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(shapesBefore);
});

/** @returns the answer as it would be sent, or the fault as a sentence */
function respond(body: Buffer): string {
  const parsed = parseReview(body);
  if ("fault" in parsed) return parsed.fault;
  return JSON.stringify(answer(parsed.review.uid, admitReview(parsed.review, around)));
}

it("bytes that are no review are refused with a sentence", () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(Buffer.from), fc.string().map(Buffer.from));
  fc.assert(
    fc.property(bytes, (body) => {
      expect(respond(Buffer.from(body))).toMatch(/^it(s request)? /);
    }),
    { numRuns, endOnFailure: true },
  );
});

/** A review in which one member, anywhere, has another value or another name. */
const junk = fc.oneof(fc.constantFrom(null, true, 0, -1, "", "polluted", [], {}, [[]], [null], { a: {} }), fc.jsonValue({ maxDepth: 2 }));
const kind = fc.constantFrom("apps/Deployment", "serin.dev/CanaryPlan", "networking.istio.io/VirtualService", "/Pod", "/Pod", "other/Kind");
const spoilt = fc
  .record({ oldObject: deployment, object: deployment, pod: anyPod, kind, place: fc.nat(), junk, name: fc.option(key) })
  .map(({ oldObject, object, pod, kind: full, place, junk: value, name }) => {
    const [group = "", kindName = ""] = full.split("/");
    const about = { kind: { group, version: "v1", kind: kindName } };
    const asked = full === "/Pod" ? reviewOf(null, pod, { ...about, operation: "CREATE" }) : reviewOf(oldObject, object, about);
    const review = JSON.parse(JSON.stringify(asked));
    const places: Array<[Record<string, unknown>, string]> = [];
    const walk = (at: unknown): void => {
      if (at === null || typeof at !== "object") return;
      for (const member of Object.keys(at)) {
        places.push([at as Record<string, unknown>, member]);
        walk((at as Record<string, unknown>)[member]);
      }
    };
    walk(review);
    const [at, member] = places[place % places.length] ?? [review, "request"];
    const define = (where: string, what: unknown) =>
      Object.defineProperty(at, where, { value: what, enumerable: true, configurable: true, writable: true });
    if (name === null) define(member, value);
    else define(name, value);
    return review as object;
  });

it("a review with anything in any place is answered under its own uid, or refused with a sentence", { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(spoilt, (review) => {
      const text = JSON.stringify(review);
      const { uid } = (JSON.parse(text) as { request?: { uid?: unknown } }).request ?? {};
      const response = respond(Buffer.from(text));
      if (response.startsWith("it")) return;
      expect((JSON.parse(response) as { response: { uid: unknown; allowed: unknown } }).response).toMatchObject({
        uid,
        allowed: expect.any(Boolean),
      });
    }),
    { numRuns, endOnFailure: true },
  );
});
