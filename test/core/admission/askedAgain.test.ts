import { expect, it } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import { admit } from "./admit.ts";
import { image, paused, policy, review, unpaused, web, world } from "./build.ts";

/* kube-apiserver asks again, with a new request uid, when another webhook has changed the object after us (`reinvocationPolicy: IfNeeded`). */

it("a hold of a moment ago is taken back, pause and all, when the other webhook's image is one that no policy is for", () => {
  const around = world({ policies: [policy("everything", { match: { images: ["nginx:*"] } })] });
  const oldObject = web(paused, image("redis:7"));
  const first = admit(review(oldObject, web(unpaused, image("nginx:1.24")), { requestUid: "first" }), around);
  expect(first.admission.decision).toBe("Held");

  const rewritten = structuredClone(first.stored);
  image("mirror.example/nginx:1.24")(rewritten);
  const second = admit(review(oldObject, rewritten, { requestUid: "second" }), around);
  expect(second.admission).toMatchObject({ allowed: true, warnings: [] });
  expect(second.stored.spec.paused).toBeUndefined();
  expect(second.stored.metadata.annotations?.[annotations.intent]).toBeUndefined();
  expect(admit(review(oldObject, second.stored, { requestUid: "third" }), around).admission.operations).toEqual([]);
});
