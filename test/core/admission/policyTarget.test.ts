import { describe, expect, it } from "vitest";
import { admit } from "./admit.ts";
import { policy, setImage, template, world } from "./build.ts";

const selecting = (namespaceSelector: object) =>
  world({ namespaceLabels: () => undefined, policies: [policy("p", { match: { namespaceSelector } })] });

describe("a namespace that is newer than the cache", () => {
  it("is every namespace's own: {} means it, too, and so does its name", () => {
    expect(admit(setImage(), selecting({})).admission.decision).toBe("Held");
    expect(admit(setImage(), selecting({ matchLabels: { "kubernetes.io/metadata.name": "shop" } })).admission.decision).toBe("Held");
    const named = { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["shop", "store"] }] };
    expect(admit(setImage(), selecting(named)).admission.decision).toBe("Held");
  });

  it("has no other label that is known", () => {
    expect(admit(setImage(), selecting({ matchLabels: { team: "red" } })).admission.reason).toBe("NoPolicy");
    const notIn = { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["shop"] }] };
    expect(admit(setImage(), selecting(notIn)).admission.reason).toBe("NoPolicy");
  });
});

describe("two policies that match", () => {
  const of = (admitted: ReturnType<typeof admit>) => admitted.admission.auditAnnotations["policy"];

  it("the one of the higher priority holds the change, whatever the order in the cache", () => {
    const [high, low] = [policy("z-high", { priority: 1 }), policy("a-low")];
    for (const policies of [
      [high, low],
      [low, high],
    ])
      expect(of(admit(setImage(), world({ policies })))).toBe("z-high");
  });

  it("of equal priority it is the first name in byte order, capitals and digits before letters", () => {
    const policies = [policy("b"), policy("a"), policy("a.b"), policy("a-b"), policy("1")];
    expect(of(admit(setImage(), world({ policies })))).toBe("1");
    expect(of(admit(setImage(), world({ policies: policies.slice(0, 4) })))).toBe("a");
    expect(of(admit(setImage(), world({ policies: policies.slice(2, 4) })))).toBe("a-b");
  });

  it.each([
    ["suspended", policy("first", { priority: 9, suspend: true })],
    ["being deleted", policy("first", { priority: 9 }, { deletionTimestamp: "2026-11-23T10:00:00Z" })],
  ])("one that is %s does not count, the next one does", (_state, first) => {
    expect(of(admit(setImage(), world({ policies: [first, policy("second")] })))).toBe("second");
  });

  it("each is for its own images, and trigger Template for what is left", () => {
    const policies = [
      policy("images", { priority: 1, match: { images: ["nginx"] } }),
      policy("rest", { trigger: "Template", match: { images: ["nginx"] } }),
    ];
    expect(of(admit(setImage(), world({ policies })))).toBe("images");
    const env = template(({ spec }) => void Object.assign(spec.containers[0] ?? {}, { env: [{ name: "A", value: "b" }] }));
    const review = setImage("nginx:1.23");
    env(review.object);
    expect(admit(review, world({ policies })).admission).toMatchObject({ reason: "TemplateChanged", auditAnnotations: { policy: "rest" } });
  });
});
