import { describe, expect, it } from "vitest";
import { parseIntent } from "../../../src/api/intent.ts";
import { annotations } from "../../../src/api/names.ts";
import { planName } from "../../../src/api/planName.ts";
import { admitDeployment } from "../../../src/core/admission/admitDeployment.ts";
import type { DeploymentReview } from "../../../src/core/admission/deploymentReview.ts";
import { openIntent } from "../../../src/core/admission/seal.ts";
import type { World } from "../../../src/core/admission/world.ts";
import { admit } from "./admit.ts";
import {
  annotated,
  applied,
  digestOf,
  image,
  keys,
  now,
  paused,
  plan,
  policy,
  review,
  setImage,
  stableDigest,
  template,
  uid,
  web,
  withoutAnnotations,
  world,
} from "./build.ts";

describe("a Deployment that nobody holds", () => {
  it("is held with the signed request when a matching image changes", () => {
    const { admission, stored } = admit(setImage());
    const name = planName("web", "request-2");
    expect(admission).toMatchObject({ allowed: true, decision: "Held", reason: "ImageChanged" });
    expect(admission.message).toBe(`canary plan ${name}: 30% → 60% → 100%; the stable pods go on serving`);
    expect(admission.warnings).toEqual([`serin: ${admission.message}`, `serin: follow it: kubectl get canaryplan ${name} -n shop -w`]);
    expect(admission.auditAnnotations).toEqual({ decision: "Held", reason: "ImageChanged", plan: name, policy: "everything" });
    expect(stored.spec.paused).toBe(true);
    expect(stored.spec.template.spec.containers[0]?.image).toBe("nginx:1.24");
    expect(openIntent(stored.metadata.annotations?.[annotations.intent], uid, keys)).toMatchObject({
      stable: stableDigest,
      canary: digestOf(image("nginx:1.24")),
      policy: "everything",
      request: { uid: "request-2", user: "ben", fieldManager: "kubectl-set", operation: "UPDATE", at: now },
    });
  });

  it("gets its annotations only where there are none, with explicit operations", () => {
    const { admission } = admit(setImage());
    expect(admission.operations.map(({ op, path }) => `${op} ${path}`)).toEqual([
      "add /spec/paused",
      "add /metadata/annotations",
      "add /metadata/annotations/serin.dev~1intent",
    ]);
    const other = admit(setImage("nginx:1.24", annotated("team", "a/b~c")));
    expect(other.admission.operations.map(({ path }) => path)).toEqual(["/spec/paused", "/metadata/annotations/serin.dev~1intent"]);
    expect(other.stored.metadata.annotations?.["team"]).toBe("a/b~c");
  });

  it("gives a dry-run the same patch", () => {
    const real = admitDeployment(setImage(), world());
    const dry = admitDeployment(review(web(), web(image("nginx:1.24")), { dryRun: true }), world());
    expect(dry).toEqual(real);
  });

  it("keeps the replicas that came with the image", () => {
    const { stored } = admit(
      review(
        web(),
        web(image("nginx:1.24"), ({ spec }) => {
          spec.replicas = 7;
        }),
      ),
    );
    expect(stored.spec).toMatchObject({ replicas: 7, paused: true });
  });

  it("is held anew when another webhook changed the template after us, as the same request", () => {
    const given = setImage();
    const first = applied(given.object, admitDeployment(given, world()));
    const changed = structuredClone(first);
    image("mirror/nginx:1.24")(changed);
    const second = admitDeployment({ ...given, object: changed, asking: { ...given.asking, requestUid: "other" } }, world());
    const intent = parseIntent(applied(changed, second).metadata.annotations?.[annotations.intent]);
    expect(intent).toMatchObject({ canary: digestOf(image("mirror/nginx:1.24")), request: { uid: "request-2" } });
  });

  it("is held as a new request when an old intent of his comes with the change", () => {
    const given = setImage();
    const copied = applied(given.object, admitDeployment(given, world({ now: "2026-11-23T09:00:00.000Z" })));
    const { stored } = admit(review(web(), copied));
    expect(parseIntent(stored.metadata.annotations?.[annotations.intent])?.request).toMatchObject({ uid: "request-2", at: now });
  });

  const untouched: Record<string, { given: DeploymentReview; around?: World; reason: string }> = {
    "by a scale": {
      given: review(
        web(),
        web(({ spec }) => {
          spec.replicas = 9;
        }),
      ),
      reason: "NothingAsked",
    },
    "by his own pause": { given: review(web(), web(paused), { fieldManager: "kubectl-rollout" }), reason: "NothingAsked" },
    "by the end of his own pause": { given: review(web(paused), web()), reason: "NothingAsked" },
    "by a restart": {
      given: review(
        web(),
        web(
          template((t) => {
            t.metadata = { ...t.metadata, annotations: { "kubectl.kubernetes.io/restartedAt": "now" } };
          }),
        ),
      ),
      reason: "NoPolicy",
    },
    "by an annotation": { given: review(web(), web(annotated("a", "b"))), reason: "NothingAsked" },
    "when no policy is for the image": {
      given: setImage(),
      around: world({ policies: [policy("others", { match: { images: ["redis*"] } })] }),
      reason: "NoPolicy",
    },
    "when the worker writes": { given: review(web(), web(image("a")), { user: world().workerUser }), reason: "WorkerWrite" },
    "in a system namespace": { given: review(web(), web(image("a")), { namespace: "kube-system" }), reason: "NotForUs" },
    "in Serin's own namespace": { given: review(web(), web(image("a")), { namespace: "serin-system" }), reason: "NotForUs" },
    "when it is being deleted": {
      given: review(
        web(),
        web(image("a"), ({ metadata }) => {
          metadata.deletionTimestamp = now;
        }),
      ),
      reason: "BeingDeleted",
    },
    "by a create": { given: review(web(), web(image("a")), { operation: "CREATE" }), reason: "NotForUs" },
  };
  for (const [when, { given, around, reason }] of Object.entries(untouched)) {
    it(`is left alone ${when}`, () => {
      const { admission } = admit(given, around);
      expect(admission).toMatchObject({ allowed: true, decision: "Untouched", reason, operations: [], warnings: [], auditAnnotations: {} });
    });
  }

  it("is refused when no worker is alive and the policy says Deny", () => {
    const around = world({ workerIsAlive: false, policies: [policy("everything", { whenWorkerIsDown: "Deny" })] });
    const { admission } = admit(setImage(), around);
    expect(admission).toMatchObject({ allowed: false, code: 403, reason: "WorkerDown" });
    expect(admission.message).toBe(
      "serin: no worker is alive to run the canary, and policy everything says whenWorkerIsDown: Deny. See: kubectl get lease -n serin-system serin-worker",
    );
  });

  it("becomes a canary by any change of its template when the trigger is Template", () => {
    const around = world({ policies: [policy("everything", { trigger: "Template" })] });
    const { admission } = admit(
      review(
        web(),
        web(
          template((t) => {
            t.spec["terminationGracePeriodSeconds"] = 5;
          }),
        ),
      ),
      around,
    );
    expect(admission).toMatchObject({ decision: "Held", reason: "TemplateChanged" });
  });

  it("holds whatever changes the template while the canary is being promoted, a restart too, and whatever would be a bypass otherwise", () => {
    const promoting = plan({ name: "web-first", phase: "Promoting", policy: "everything" });
    const restarted = template((draft) => {
      draft.metadata = { ...draft.metadata, annotations: { "kubectl.kubernetes.io/restartedAt": "now" } };
    });
    for (const around of [world({ plans: [promoting] }), world({ plans: [promoting], workerIsAlive: false })]) {
      const { admission, stored } = admit(review(web(), web(restarted)), around);
      expect(admission).toMatchObject({ decision: "Held", reason: "ChangedAfterPromotion" });
      expect(stored.spec.paused).toBe(true);
    }
    expect(admit(review(web(), web(restarted))).admission.reason).toBe("NoPolicy");
  });

  it("waits for the promotion that is under way", () => {
    const promoting = plan({ name: "web-first", phase: "Promoting" });
    const { admission, stored } = admit(review(web(image("nginx:1.24")), web(image("nginx:1.25"))), world({ plans: [promoting] }));
    expect(admission).toMatchObject({ decision: "Held", reason: "ChangedAfterPromotion" });
    expect(admission.message).toBe(`plan web-first finishes its promotion, then canary plan ${planName("web", "request-2")} begins`);
    expect(parseIntent(stored.metadata.annotations?.[annotations.intent])?.stable).toBe(digestOf(image("nginx:1.24")));
  });
});

it("has no marks to remove from an object without annotations", () => {
  const { admission } = admit(review(web(annotated("a", "b")), web(withoutAnnotations)));
  expect(admission.operations).toEqual([]);
});
