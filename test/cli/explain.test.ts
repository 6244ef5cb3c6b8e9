import { describe, expect, test } from "vitest";
import { annotations, labels } from "../../src/api/names.ts";
import { annotated, type Change, labelled, named } from "../build/change.ts";
import { aDeployment, type DeploymentDraft, held, paused, withDeploymentSpec, withDeploymentStatus } from "../build/deployment.ts";
import { aPlan, aRequest, inPhase, requestedBy } from "../build/plan.ts";
import { aMetric, aPolicy, suspended, withAnalysis, withPriority, withSpec, withSteps } from "../build/policy.ts";
import { canaryImage, deploymentUid, revisionOf, stableImage } from "../build/story.ts";
import { aVirtualService } from "../build/virtualService.ts";
import { serin, type World } from "./terminal.ts";

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "nginx", namespace: "shop" },
  spec: { selector: { app: "nginx" }, clusterIP: "10.0.0.1", ports: [{ name: "http", port: 80, protocol: "TCP" }] },
};
const other = { ...service, metadata: { name: "other", namespace: "shop" }, spec: { ...service.spec, selector: { app: "other" } } };
const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { "kubernetes.io/metadata.name": "shop" } } };
const policies = [
  aPolicy(named("everything"), withAnalysis(aMetric())),
  aPolicy(named("low"), withPriority(-1)),
  aPolicy(named("redis"), withPriority(10), withSpec({ match: { images: ["redis:*"] } })),
  aPolicy(named("resting"), suspended()),
  aPolicy(named("staging"), withSpec({ match: { namespaceSelector: { matchLabels: { stage: "test" } } } })),
];
const shop = (...changes: Change<DeploymentDraft>[]): World => [
  aDeployment(...changes),
  service,
  other,
  space,
  aVirtualService(),
  ...policies,
];

test("which policy applies, with its steps and ways in, and why the others don't", async () => {
  const { out, err, code } = await serin("explain deploy/nginx", [shop()]);
  expect(out).toMatchInlineSnapshot(`
    "Deployment:  nginx in shop
    Change:      nginx: nginx:1.23.0 → another image
    Policy:      everything (priority 0)
    Steps:       setWeight 30 → pause 30s → setWeight 60 → pause 30s → promote
    Analysis:    success-rate, measured all along
    Answer:      ImageChanged: A matching image changed: the Deployment is held and becomes a canary.
    Ways in:     by weight  gateway istio-system/public: VirtualService shop/nginx, http[0] (all)
                 by weight  callers in the mesh of shop/nginx, port 80: no VirtualService routes them: Serin makes one while the plan lives
                 by pods    callers without a sidecar reach shop/nginx through kube-proxy
    Not applied: redis    the changed images (nginx:1.23.0) don't match redis:*
                 resting  the policy is suspended
                 staging  namespaceSelector: label stage is missing
                 low      policy everything goes first (priority 0 against -1)
    "
  `);
  expect({ err, code }).toEqual({ err: "", code: 0 });
});

test("a named image: another policy, with its own reasons", async () => {
  const { out, code } = await serin("explain nginx --image nginx=redis:7", [shop()]);
  expect(out).toMatchInlineSnapshot(`
    "Deployment:  nginx in shop
    Change:      nginx: nginx:1.23.0 → redis:7
    Policy:      redis (priority 10)
    Steps:       setWeight 30 → pause 30s → setWeight 60 → pause 30s → promote
    Answer:      ImageChanged: A matching image changed: the Deployment is held and becomes a canary.
    Ways in:     by weight  gateway istio-system/public: VirtualService shop/nginx, http[0] (all)
                 by weight  callers in the mesh of shop/nginx, port 80: no VirtualService routes them: Serin makes one while the plan lives
                 by pods    callers without a sidecar reach shop/nginx through kube-proxy
    Not applied: everything  policy redis goes first (priority 10 against 0)
                 resting     the policy is suspended
                 staging     namespaceSelector: label stage is missing
                 low         policy redis goes first (priority 10 against -1)
    "
  `);
  expect(code).toBe(0);
});

test("containers that meet different policies are told apart", async () => {
  const sidecar = shop(
    ({ spec }) =>
      void spec.template.spec?.containers.push({ name: "cache", image: "redis:7" } as never, { name: "log", image: "fluentd:1" } as never),
  );
  const { out } = await serin("explain nginx", [sidecar]);
  expect(out.split("\n").filter((line) => /^(Change|Policy| {3}.* → another)/.test(line))).toMatchInlineSnapshot(`
    [
      "Change:      nginx: nginx:1.23.0 → another image",
      "             log: fluentd:1 → another image",
      "Policy:      everything (priority 0)",
      "Change:      cache: redis:7 → another image",
      "Policy:      redis (priority 10)",
    ]
  `);
});

describe("what rolls out as usual, exit code 2", () => {
  const pod =
    (fields: object): Change<DeploymentDraft> =>
    ({ spec }) =>
      void Object.assign(spec.template.spec ?? {}, fields);
  const bypassed: Record<string, [Change<DeploymentDraft>, string]> = {
    "an opt-out": [
      annotated({ [annotations.canary]: "off" }),
      'BypassOptOut: no canary: annotation serin.dev/canary is "off"; rolls out as usual',
    ],
    "strategy Recreate": [
      withDeploymentSpec({ strategy: { type: "Recreate" } }),
      "BypassRecreate: no canary: strategy Recreate never runs two versions at once; rolls out as usual",
    ],
    "a claim": [
      pod({ volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] }),
      "BypassVolume: no canary: two versions would share claim data; rolls out as usual (policy: allowTwoVersions)",
    ],
    "a host port": [
      pod({ hostNetwork: true }),
      "BypassHostPort: no canary: host port 80 can't be shared by two pods; rolls out as usual (policy: allowTwoVersions)",
    ],
    "no available pod": [
      withDeploymentStatus({ availableReplicas: 0 }),
      "BypassNoStable: no canary: no stable pod is available; rolls out as usual",
    ],
  };
  for (const [what, [change, says]] of Object.entries(bypassed)) {
    test(what, async () => {
      const { out, code } = await serin("explain nginx", [shop(change)]);
      expect(out).toContain("Policy:      everything (priority 0)");
      expect(out).toContain(`Answer:      ${says}\n`);
      expect(out).not.toContain("Ways in");
      expect(code).toBe(2);
    });
  }

  test("no policy for it", async () => {
    const only = [aDeployment(), space, aPolicy(named("redis"), withSpec({ match: { images: ["redis:*"] } }))];
    const { out, code } = await serin("explain nginx", [only]);
    expect(out).toMatchInlineSnapshot(`
      "Deployment:  nginx in shop
      Change:      nginx: nginx:1.23.0 → another image
      Policy:      none applies
      Answer:      NoPolicy: No CanaryPolicy is for this change.
      Not applied: redis  the changed images (nginx:1.23.0) don't match redis:*
      "
    `);
    expect(code).toBe(2);
  });

  test("no policy at all", async () => {
    const { out, code } = await serin("explain nginx", [[aDeployment(), space]]);
    expect(out).toContain("Policy:      none: there is no CanaryPolicy\n");
    expect(code).toBe(2);
  });

  test("the image that it has already", async () => {
    const { out, code } = await serin(`explain nginx --image nginx=${stableImage}`, [shop()]);
    expect(out).toContain("Answer:      NothingAsked: The write changes nothing that Serin looks at.\n");
    expect(code).toBe(2);
  });

  test("a system namespace", async () => {
    const inSystem = [aDeployment(({ metadata }) => void Object.assign(metadata, { namespace: "kube-system" })), ...policies];
    const { out, code } = await serin("explain nginx -n kube-system", [inSystem]);
    expect(out).toContain("everything  kube-system is a system namespace, which Serin never touches\n");
    expect(code).toBe(2);
  });
});

describe("what admission says to more than the image", () => {
  test("an opt-out that the policy forbids", async () => {
    const strict = [
      aDeployment(annotated({ [annotations.canary]: "off" })),
      space,
      service,
      aPolicy(named("strict"), withSpec({ optOut: "Forbid" })),
    ];
    const { out, code } = await serin("explain nginx", [strict]);
    expect(out).toContain('             policy strict says optOut: Forbid: annotation serin.dev/canary: "off" is ignored\n');
    expect(code).toBe(0);
  });

  test("a template that failed before", async () => {
    const failed = aPlan(inPhase("RolledBack"), ({ metadata }) => void delete metadata.finalizers);
    const { out, code } = await serin("explain nginx --image nginx=nginx:1.24.0", [[...shop(), failed]]);
    expect(out).toContain(
      `Answer:      Repeated: this template failed in plan ${failed.metadata.name}: held on the stable pods, no new canary\n`,
    );
    expect(code).toBe(0);
  });

  test("the template that served before", async () => {
    const promoted = aPlan(inPhase("Promoted"), ({ metadata, spec }) => {
      delete metadata.finalizers;
      Object.assign(spec, { stable: revisionOf("nginx:1.22.0"), canary: revisionOf(stableImage) });
    });
    const { out } = await serin("explain nginx --image nginx=nginx:1.22.0", [[...shop(), promoted]]);
    expect(out).toContain(
      "Answer:      WithinRollbackWindow: The template served lately: it comes back without the steps (rollbackWindow).\n",
    );
  });

  test("a Deployment that its plan holds: the policy for this image, else the one that holds it", async () => {
    const request = aRequest();
    const digests = { stable: revisionOf(stableImage).digest, canary: revisionOf(canaryImage).digest };
    // The CLI has no key: it believes what the worker has made a plan of.
    const intent = { v: 1, uid: deploymentUid, ...digests, policy: "everything", request, key: "k", mac: "m" };
    const midway = [...shop(held(JSON.stringify(intent))), aPlan(requestedBy(request))];
    const third = await serin("explain nginx --image nginx=redis:7", [midway]);
    expect(third.out).toContain("Policy:      redis (priority 10)\n");
    expect(third.out).toContain("Answer:      Superseded: A third template was asked for while a plan lives.\n");
    const back = await serin(`explain nginx --image nginx=${stableImage}`, [midway]);
    expect(back.out).toContain(
      "Answer:      Cancelled: cancelled: traffic goes back to stable, then nginx is unheld by itself; nothing more to do\n",
    );
    expect(back.code).toBe(0);
  });

  test("the user's own pause", async () => {
    const { out, code } = await serin("explain nginx", [shop(paused())]);
    expect(out).toContain("Answer:      OwnPause: The user paused the Deployment himself: nothing starts before he resumes.\n");
    expect(code).toBe(0);
  });

  test("a route that can't be had", async () => {
    const deny = [aDeployment(), space, aPolicy(withSpec({ traffic: { withoutRoute: "Deny" } }))];
    const { out } = await serin("explain nginx", [deny]);
    expect(out).toContain("Ways in:     not at all  the plan would be held: nothing routes to this Deployment");
  });

  test("a cluster without Istio", async () => {
    const { out } = await serin("explain nginx", [shop()], { absent: ["virtualservices", "destinationrules"] });
    expect(out).toContain("Ways in:     by pods  no VirtualService routes to nginx: requests are divided by the number of pods\n");
  });
});

test("-o json has the same for programs", async () => {
  const { out, code } = await serin("explain nginx --image nginx=nginx:1.24.0 -o json", [shop()]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    apiVersion: "serin.dev/v1alpha1",
    kind: "Explanation",
    deployment: { name: "nginx", namespace: "shop" },
    changes: [
      {
        containers: [{ container: "nginx", image: "nginx:1.23.0", to: "nginx:1.24.0" }],
        policy: {
          name: "everything",
          priority: 0,
          steps: ["setWeight 30", "pause 30s", "setWeight 60", "pause 30s", "promote"],
          analysis: "success-rate, measured all along",
        },
        decision: "Held",
        reason: "ImageChanged",
        ways: [
          { way: "gateway shop/nginx", by: "split" },
          { way: "mesh", by: "split" },
          { way: "kubeProxy", by: "podCount" },
        ],
      },
    ],
  });
});

describe("rights", () => {
  test("who sees only his namespace's routes is told that there may be others", async () => {
    const { out, code } = await serin("explain nginx", [shop()], { forbidden: { virtualservices: "everywhere", namespaces: "anywhere" } });
    expect(out).toContain("only the routes of namespace shop could be read: others may split too\n");
    expect(code).toBe(0);
  });

  test("who may not read policies gets kube's own error", async () => {
    const { err, code } = await serin("explain nginx", [shop()], { forbidden: { canarypolicies: "anywhere" } });
    expect(err).toContain("error: can't list canarypolicies\n  why: 403 Forbidden: Forbidden in this test\n");
    expect(code).toBe(1);
  });
});

test.each([
  [
    "explain nginx --image nginx:1",
    "error: can't read --image nginx:1\n  why: that is not CONTAINER=IMAGE\n  try: write it like: --image web=nginx:1.24.0\n",
  ],
  ["explain nginx --image web=nginx:1", "error: can't explain --image web=…\n  why: nginx has no container web\n  try: it has: nginx\n"],
  ["explain nginx -o csv", "error: can't print -o csv\n"],
  ["explain web", "why: there is no Deployment web in namespace shop\n"],
  [
    "explain svc/web",
    "error: can't explain svc/web\n  why: svc is not a Deployment, and Serin canaries only Deployments\n  try: write it like: kubectl serin explain deploy/web\n",
  ],
])("%s is a mistake, exit code 1", async (line, says) => {
  const { err, out, code } = await serin(line, [shop()]);
  expect(err).toContain(says);
  expect({ out, code }).toEqual({ out: "", code: 1 });
});

test("a policy that can't be used is among those that don't apply", async () => {
  const broken = { ...aPolicy(named("broken")), spec: { steps: [] } };
  const { out } = await serin("explain nginx", [[...shop(), broken]]);
  expect(out).toContain("CanaryPolicy broken can't be used: spec.steps");
});

test("steps that are a gate and an analysis are named", async () => {
  const steps = withSteps({ setWeight: 5 }, { pause: {} }, { analysis: { metrics: [aMetric()] } });
  const { out } = await serin("explain nginx", [[aDeployment(labelled({ [labels.managedBy]: "helm" })), space, aPolicy(steps)]]);
  expect(out).toContain("Steps:       setWeight 5 → pause until approved → analysis success-rate → promote\n");
});
