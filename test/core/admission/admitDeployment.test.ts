import { describe, expect, it } from "vitest";
import { parseIntent } from "../../../src/api/intent.ts";
import { annotations } from "../../../src/api/names.ts";
import { planName } from "../../../src/api/planName.ts";
import type { Admission } from "../../../src/core/admission/admission.ts";
import { admitDeployment } from "../../../src/core/admission/admitDeployment.ts";
import type { DeploymentReview, ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import { openIntent } from "../../../src/core/admission/seal.ts";
import type { World } from "../../../src/core/admission/world.ts";
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
  stableDigest,
  template,
  uid,
  web,
  withoutAnnotations,
  world,
} from "./build.ts";

/** Admits, checks the laws that every answer obeys, and gives the answer with what would be stored. */
function admit(given: DeploymentReview, around: World = world()): { admission: Admission; stored: ReviewedDeployment } {
  const admission = admitDeployment(given, around);
  const stored = applied(given.object, admission);
  for (const warning of admission.warnings) expect(warning.length).toBeLessThanOrEqual(120);
  const again = admitDeployment({ ...given, object: stored, asking: { ...given.asking, requestUid: "asked-again" } }, around);
  if (admission.allowed) expect(again.operations, "admission of its own output").toEqual([]);
  return { admission, stored };
}

const setImage = (reference = "nginx:1.24", ...changes: Parameters<typeof web>) =>
  review(web(...changes), web(...changes, image(reference)));

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

  const claim = (name: string) =>
    template((t) => {
      t.spec.volumes = [{ name: "data", persistentVolumeClaim: { claimName: name } }];
    });
  const port = template((t) => void Object.assign(t.spec.containers[0] ?? {}, { ports: [{ containerPort: 80, hostPort: 8080 }] }));
  const hostNetwork = template((t) => {
    t.spec["hostNetwork"] = true;
    Object.assign(t.spec.containers[0] ?? {}, { ports: [{ containerPort: 9100 }] });
  });
  const recreate: Parameters<typeof web>[0] = ({ spec }) => {
    spec.strategy = { type: "Recreate" };
  };
  const bypasses: Record<string, { given: DeploymentReview; around?: World; reason: string; message: string }> = {
    "its annotation opts out": {
      given: setImage("a", annotated(annotations.canary, "off")),
      reason: "BypassOptOut",
      message: 'no canary: annotation serin.dev/canary is "off"; rolls out as usual',
    },
    "no stable pod is available": {
      given: setImage("a", (d) => {
        d.status = { availableReplicas: 0 };
      }),
      reason: "BypassNoStable",
      message: "no canary: no stable pod is available; rolls out as usual",
    },
    "it has no status yet": {
      given: setImage("a", (d) => void delete d.status),
      reason: "BypassNoStable",
      message: "no canary: no stable pod is available; rolls out as usual",
    },
    "it is scaled to 0": {
      given: setImage("a", ({ spec }) => {
        spec.replicas = 0;
      }),
      reason: "BypassNoStable",
      message: "no canary: spec.replicas is 0; rolls out as usual",
    },
    "its strategy is Recreate": {
      given: setImage("a", recreate),
      reason: "BypassRecreate",
      message: "no canary: strategy Recreate never runs two versions at once; rolls out as usual",
    },
    "it mounts a claim": {
      given: setImage("a", claim("data-0")),
      reason: "BypassVolume",
      message: "no canary: two versions would share claim data-0; rolls out as usual (policy: allowTwoVersions)",
    },
    "it takes a port of the node": {
      given: setImage("a", port),
      reason: "BypassHostPort",
      message: "no canary: host port 8080 can't be shared by two pods; rolls out as usual (policy: allowTwoVersions)",
    },
    "it lives in the node's network": {
      given: setImage("a", hostNetwork),
      reason: "BypassHostPort",
      message: "no canary: host port 9100 can't be shared by two pods; rolls out as usual (policy: allowTwoVersions)",
    },
    "no worker is alive": {
      given: setImage("a"),
      around: world({ workerIsAlive: false }),
      reason: "BypassWorkerDown",
      message: "no canary: no Serin worker is alive; this rolls out as usual, unwatched",
    },
    "there is no key to sign with": {
      given: setImage("a"),
      around: world({ keys: [] }),
      reason: "BypassNoKeys",
      message: "no canary: Serin's webhook has no signing key yet; this rolls out as usual, unwatched",
    },
  };
  for (const [when, { given, around, reason, message }] of Object.entries(bypasses)) {
    it(`rolls out as usual when ${when}`, () => {
      const { admission } = admit(given, around);
      expect(admission).toMatchObject({
        allowed: true,
        decision: "Bypassed",
        reason,
        message,
        operations: [],
        warnings: [`serin: ${message}`],
      });
      expect(admission.auditAnnotations).toEqual({ decision: "Bypassed", reason, policy: "everything" });
    });
  }

  it("becomes a canary beside its old version all the same when the policy allows two versions", () => {
    const around = world({ policies: [policy("everything", { canary: { allowTwoVersions: true } })] });
    for (const change of [recreate, claim("data-0"), port]) expect(admit(setImage("a", change), around).admission.decision).toBe("Held");
  });

  it("becomes a canary when its claim is known to be shared", () => {
    const around = world({ claimIsShared: (namespace, name) => namespace === "shop" && name === "data-0" });
    expect(admit(setImage("a", claim("data-0")), around).admission.decision).toBe("Held");
  });

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

  it("waits for the promotion that is under way", () => {
    const promoting = plan({ name: "web-first", phase: "Promoting" });
    const { admission, stored } = admit(review(web(image("nginx:1.24")), web(image("nginx:1.25"))), world({ plans: [promoting] }));
    expect(admission).toMatchObject({ decision: "Held", reason: "ChangedAfterPromotion" });
    expect(admission.message).toBe(`plan web-first finishes its promotion, then canary plan ${planName("web", "request-2")} begins`);
    expect(parseIntent(stored.metadata.annotations?.[annotations.intent])?.stable).toBe(digestOf(image("nginx:1.24")));
  });
});

describe("a template that was rolled back before", () => {
  const failed = plan({ phase: "RolledBack", live: false, message: "success-rate 0.50 < 0.95" });

  it("is held on the stable pods without another canary (onRepeat: Hold)", () => {
    const { admission, stored } = admit(setImage(), world({ plans: [failed] }));
    expect(admission).toMatchObject({ decision: "Held", reason: "Repeated" });
    expect(admission.warnings).toEqual([
      "serin: this template failed in plan web-abcde: held on the stable pods, no new canary",
      "serin: why: success-rate 0.50 < 0.95",
      "serin: see it: kubectl get canaryplan web-abcde -n shop -o yaml",
    ]);
    expect(stored.spec.paused).toBe(true);
  });

  it("is refused (onRepeat: Deny)", () => {
    const { admission } = admit(setImage(), world({ plans: [failed], policies: [policy("everything", { onRepeat: "Deny" })] }));
    expect(admission).toMatchObject({ allowed: false, code: 403, reason: "RepeatDenied" });
    expect(admission.message).toBe(
      "serin: this template failed in plan web-abcde: success-rate 0.50 < 0.95. Policy everything says onRepeat: Deny. Change the template, or ask its owner.",
    );
  });

  it("gets another canary (onRepeat: Retry)", () => {
    const around = world({ plans: [failed], policies: [policy("everything", { onRepeat: "Retry" })] });
    expect(admit(setImage(), around).admission.reason).toBe("ImageChanged");
  });

  it("gets another canary when its last plan was good", () => {
    const later = plan({ name: "web-later", phase: "Promoted", live: false, askedAt: "2026-11-23T09:55:00.000Z" });
    expect(admit(setImage(), world({ plans: [later, failed] })).admission.reason).toBe("ImageChanged");
  });

  it("says nothing about another template", () => {
    expect(admit(setImage("nginx:1.25"), world({ plans: [failed] })).admission.reason).toBe("ImageChanged");
  });
});

describe("an exported manifest of a held Deployment", () => {
  const foreign = (signedFor: ReviewedDeployment): ReviewedDeployment => {
    const given = review(
      web((d) => {
        d.metadata.uid = "another";
      }),
      signedFor,
    );
    return applied(signedFor, admitDeployment(given, world()));
  };

  it("loses its pause and its intent, with a warning", () => {
    const exported = foreign(web(image("nginx:1.24")));
    const { admission, stored } = admit(review(web(image("nginx:1.24")), exported));
    expect(admission).toMatchObject({ decision: "Stripped", reason: "MarksStripped" });
    expect(admission.warnings).toEqual([
      "serin: this manifest was exported from a held Deployment: its spec.paused and Serin's annotations were removed",
    ]);
    expect(stored.spec.paused).toBeUndefined();
    expect(stored.metadata.annotations).toEqual({});
  });

  it("is a request of its own when its image is another one", () => {
    const { admission, stored } = admit(review(web(), foreign(web(image("nginx:1.24")))));
    expect(admission.reason).toBe("ImageChanged");
    expect(parseIntent(stored.metadata.annotations?.[annotations.intent])).toMatchObject({ uid, request: { uid: "request-2" } });
  });

  it("is freed by one resume when it was created so, also with the admission policy in front", () => {
    const created = foreign(web(image("nginx:1.24")));
    const asked = structuredClone(created);
    annotated(annotations.unpauseAsked, "41")(asked);
    const { admission, stored } = admit(review(created, asked, { fieldManager: "kubectl-rollout" }));
    expect(admission.reason).toBe("MarksStripped");
    expect(stored.spec.paused).toBeUndefined();
    expect(stored.metadata.annotations).toEqual({});
  });

  it("leaves a pause alone that was there before", () => {
    const exported = foreign(web(image("nginx:1.24")));
    const { stored } = admit(review(web(image("nginx:1.24"), paused), exported));
    expect(stored.spec.paused).toBe(true);
    expect(stored.metadata.annotations).toEqual({});
  });
});

describe("the user's own pause", () => {
  const edited = () => admit(review(web(paused), web(paused, image("nginx:1.24"))));

  it("starts nothing, and remembers what served before the first edit", () => {
    const { admission, stored } = edited();
    expect(admission).toMatchObject({ decision: "Remembered", reason: "OwnPause" });
    expect(admission.warnings).toEqual(["serin: paused by you: the canary begins with kubectl rollout resume deploy/web -n shop"]);
    expect(Object.keys(stored.metadata.annotations ?? {})).toEqual([annotations.beforePause]);
  });

  it("is remembered too when pause and edit come in one write", () => {
    const { admission } = admit(review(web(), web(paused, image("nginx:1.24"))));
    expect(admission.decision).toBe("Remembered");
  });

  it("ends in a request against what served when he paused, after several edits", () => {
    const second = structuredClone(edited().stored);
    image("nginx:1.25")(second);
    const { stored } = admit(review(edited().stored, second));
    const resumed = structuredClone(stored);
    delete resumed.spec.paused;
    const { admission, stored: held } = admit(review(stored, resumed, { fieldManager: "kubectl-rollout" }));
    expect(admission).toMatchObject({ decision: "Held", reason: "ChangedWhilePaused" });
    expect(parseIntent(held.metadata.annotations?.[annotations.intent])).toMatchObject({
      stable: stableDigest,
      canary: digestOf(image("nginx:1.25")),
    });
    expect(held.metadata.annotations).not.toHaveProperty([annotations.beforePause]);
  });

  it("ends in nothing when he took his edits back", () => {
    const back = structuredClone(edited().stored);
    image("nginx:1.23")(back);
    delete back.spec.paused;
    const { admission, stored } = admit(review(edited().stored, back));
    expect(admission).toMatchObject({ decision: "Stripped", reason: "LeftoverRemoved", warnings: [] });
    expect(stored.metadata.annotations).toEqual({});
  });

  it("is not remembered with a forged record", () => {
    const forged = web(paused, image("nginx:1.24"), annotated(annotations.beforePause, '{"v":1}'));
    const resumed = structuredClone(forged);
    delete resumed.spec.paused;
    expect(admit(review(forged, resumed)).admission).toMatchObject({ reason: "LeftoverRemoved" });
  });

  it("leaves Deployments alone that no policy is for", () => {
    const { admission } = admit(review(web(paused), web(paused, image("a"))), world({ policies: [] }));
    expect(admission).toMatchObject({ decision: "Untouched", reason: "OwnPause", operations: [] });
  });
});

it("has no marks to remove from an object without annotations", () => {
  const { admission } = admit(review(web(annotated("a", "b")), web(withoutAnnotations)));
  expect(admission.operations).toEqual([]);
});
