import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import jsonpatch from "jsonpatch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseIntent } from "../../src/api/intent.ts";
import { annotations } from "../../src/api/names.ts";
import { parsePolicy } from "../../src/api/parse.ts";
import { parsePassage } from "../../src/api/passage.ts";
import { templateDigest } from "../../src/api/template.ts";
import { admitDeployment } from "../../src/core/admission/admitDeployment.ts";
import type { ReviewedDeployment } from "../../src/core/admission/deploymentReview.ts";
import type { JsonPatchOperation } from "../../src/core/admission/jsonPatch.ts";
import type { World } from "../../src/core/admission/world.ts";
import { intentKeysSecretName, parseIntentKeys } from "../../src/tls/intentKeys.ts";
import { makeServingCertificate } from "../../src/tls/makeServingCertificate.ts";
import { inLanes } from "../house/inLanes.ts";
import { type ClusterClient, connectCluster } from "./kubelet/clusterClient.ts";
import { type Story, tell } from "./story.ts";
import { shopDeployment } from "./storyShop.ts";
import { applyAll, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

const soak = process.env["SOAK"] !== undefined;
const worker = "system:serviceaccount:serin-system:serin-worker";
/** So many writes at a time: kube-apiserver keeps their connections. */
const atOnce = 8;

/** What a team may write into a Deployment: everything here passes the API server's own validation. */
const text = fc.oneof(
  fc.constantFrom("", "polluted", "off", "~1/~0", "ключ/🐦", "x".repeat(2_000)),
  fc.string({ unit: "grapheme", maxLength: 30 }),
);
const key = fc.constantFrom(
  "team.example/owner",
  "note",
  "constructor",
  "prototype",
  "toString",
  "a.b/c_d",
  "x".repeat(63),
  annotations.canary,
);
const image = fc.constantFrom(
  "nginx:1.23.4",
  "nginx:1.24.0",
  "nginx",
  `nginx@sha256:${"0a".repeat(32)}`,
  "redis:7",
  "localhost:5000/team/app:1",
  "constructor",
);
const texts = (name: fc.Arbitrary<string>) => fc.dictionary(name, text, { maxKeys: 3 });
const container = (name: string) =>
  fc
    .record({ image, env: texts(fc.constantFrom("A", "B_C", "constructor")), port: fc.integer({ min: 1, max: 65_535 }) })
    .map(({ image: reference, env, port }) => ({
      name,
      image: reference,
      env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
      ports: [{ containerPort: port }],
    }));

const change = fc.record({
  base: fc.constantFrom("plain", "paused", "recreate", "pair"),
  main: container("nginx"),
  side: fc.option(container("side"), { nil: undefined }),
  init: fc.option(container("init"), { nil: undefined }),
  notes: texts(key),
  marks: fc.dictionary(fc.constantFrom(...Object.values(annotations)), fc.constantFrom("off", "{}", "123"), { maxKeys: 1 }),
  paused: fc.constantFrom(undefined, true, false),
  replicas: fc.integer({ min: 0, max: 3 }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const bodyOf = ({ main, side, init, notes, marks, paused, replicas }: Change) => ({
  metadata: { annotations: { ...notes, ...marks } },
  spec: {
    replicas,
    ...(paused === undefined ? {} : { paused }),
    template: { spec: { containers: side ? [main, side] : [main], initContainers: init ? [init] : null } },
  },
});

describe("what kube-apiserver makes of our patches", () => {
  let story: Story;
  let client: ClusterClient;
  let world: Omit<World, "now">;
  const stored = new Map<string, ReviewedDeployment>();

  beforeAll(async () => {
    story = await tell({ without: ["prometheus", "istio"] });
    client = connectCluster(story.lab.env["KUBECONFIG"] ?? "", "generated");
    const steps = [{ setWeight: 50 }, { pause: {} }];
    const policies = [
      townPolicy("plain", { match: { images: ["nginx:*", "nginx@*"] }, steps }),
      townPolicy("localhost", { match: { images: ["localhost:5000/*"] }, trigger: "Template", optOut: "Forbid", steps }),
    ];
    const bases = [
      shopDeployment({ name: "plain", replicas: 1 }),
      shopDeployment({ name: "paused", replicas: 1 }),
      shopDeployment({ name: "recreate", replicas: 1, deployment: { strategy: { type: "Recreate" } } }),
      shopDeployment({ name: "pair", replicas: 1, pod: { initContainers: [{ name: "init", image: "localhost:5000/team/app:1" }] } }),
    ];
    await applyAll(story, [...policies, ...bases]);
    await story.kubectl("wait", "--for=condition=Available", "deploy", "--all", "--timeout=60s");
    await story.kubectl("rollout", "pause", "deploy/paused");
    const keys = parseIntentKeys(await client.get(`/api/v1/namespaces/serin-system/secrets/${intentKeysSecretName}`));
    const { items } = await client.get<{ items: unknown[] }>("/apis/serin.dev/v1alpha1/canarypolicies");
    const { metadata } = await client.get<{ metadata: { labels: Record<string, string> } }>("/api/v1/namespaces/default");
    world = {
      ownNamespace: "serin-system",
      workerUser: worker,
      policies: items.flatMap((item) => parsePolicy(item).policy ?? []),
      namespaceLabels: () => metadata.labels,
      plansOf: () => [],
      plansRouting: () => [],
      workerIsAlive: true,
      claimIsShared: () => false,
      keys,
    };
    // The webhook reads policies by a watch: it has seen both once it would hold for both.
    for (const reference of ["nginx:1.24.0", "localhost:5000/team/app:2"])
      await until(
        "the webhook to know the policies",
        async () =>
          (await dryRun("plain", { spec: { template: { spec: { containers: [{ name: "nginx", image: reference }] } } } })).spec.paused,
      );
    for (const name of ["plain", "paused", "recreate", "pair"]) stored.set(name, await client.get(pathOf(name)));
  });
  afterAll(async () => {
    await client?.close();
    await story?.stop();
  });

  const pathOf = (name: string) => `/apis/apps/v1/namespaces/default/deployments/${name}`;
  const dryRun = (name: string, body: unknown, headers: Record<string, string> = {}): Promise<ReviewedDeployment> =>
    client.patch(`${pathOf(name)}?dryRun=All&fieldManager=generated`, body, "application/merge-patch+json", headers);
  /** What came of it, as a write of its own. */
  const putAgain = (name: string, result: ReviewedDeployment): Promise<ReviewedDeployment> => {
    const { managedFields: _, ...metadata } = result.metadata;
    return client.put(`${pathOf(name)}?dryRun=All&fieldManager=generated`, { ...result, metadata });
  };
  /** As the API server would store it, defaults and all, without any admission of ours: nobody touches the worker's writes. */
  const unadmitted = (name: string, body: unknown) =>
    dryRun(name, body, { "impersonate-user": worker, "impersonate-group": "system:masters" });

  it("our own decision, jsonpatch and kube-apiserver come to the same object, and a second pass changes nothing", async () => {
    const count = soak ? 10_000 : 600;
    const seed = soak ? Date.now() % 1_000_000 : 2026;
    const decisions = new Map<string, number>();
    const wrong = await inLanes(fc.sample(change, { numRuns: count, seed }), atOnce, async (given) => {
      const oldObject = stored.get(given.base) as ReviewedDeployment;
      const [object, result] = await Promise.all([unadmitted(given.base, bodyOf(given)), dryRun(given.base, bodyOf(given))]);
      const notes = result.metadata.annotations ?? {};
      const { request } = parseIntent(notes[annotations.intent]) ?? parsePassage(notes[annotations.passage]) ?? {};
      const asking = {
        requestUid: "generated",
        user: "lab-admin",
        groups: [],
        ...request,
        operation: "UPDATE",
        dryRun: true,
        namespace: "default",
        name: given.base,
      };
      const review = {
        asking: { ...asking, requestUid: request?.uid ?? "generated", fieldManager: "generated" },
        object,
        oldObject,
      };
      const admission = admitDeployment(review, { ...world, now: request?.at ?? new Date().toISOString() });
      decisions.set(admission.reason, (decisions.get(admission.reason) ?? 0) + 1);
      const ours = jsonpatch.apply_patch(structuredClone(object), structuredClone(admission.operations) as JsonPatchOperation[]);
      const again = await putAgain(given.base, result);
      return same(ours, result) && same(again, result) ? [] : [{ seed, given, ours: bare(ours), result: bare(result), again: bare(again) }];
    });
    expect(wrong.flat().slice(0, 1)).toEqual([]);
    process.stdout.write(`${count} generated writes: ${[...decisions].map(([reason, times]) => `${reason} ${times}`).join(", ")}\n`);
    expect([...decisions.keys()]).toEqual(expect.arrayContaining(["ImageChanged", "NoPolicy", "OwnPause", "BypassRecreate"]));
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  for (const name of ["aaa-mutator", "zzz-mutator"]) {
    it(`with a second mutating webhook, ${name}: held is held with the template that is stored, and a second pass changes nothing`, async () => {
      const server = await mutator();
      try {
        await applyAll(story, [server.configuration(name)]);
        await until("the second webhook to be asked", async () =>
          (await dryRun("plain", bodyOf(fc.sample(change, 1)[0] as Change))).spec.template.spec.containers.some(
            (one) => one.name === "injected",
          ),
        );
        const count = soak ? 1_500 : 100;
        const wrong = await inLanes(fc.sample(change, { numRuns: count, seed: 2026 }), atOnce, async (given) => {
          const result = await dryRun(given.base, bodyOf(given));
          const again = await putAgain(given.base, result);
          const intent = parseIntent(result.metadata.annotations?.[annotations.intent]);
          const isHeldRight =
            intent === undefined || (result.spec.paused === true && intent.canary === templateDigest(result.spec.template));
          return isHeldRight && same(again, result) ? [] : [{ given, result: bare(result), again: bare(again) }];
        });
        expect(wrong.flat().slice(0, 1)).toEqual([]);
      } finally {
        await story.kubectl("delete", "mutatingwebhookconfiguration", name);
        await server.close();
      }
    });
  }
});

/** What is neither the server's bookkeeping of this very write nor its time. */
function bare(object: ReviewedDeployment): unknown {
  const { managedFields: _, generation: __, ...metadata } = object.metadata as ReviewedDeployment["metadata"] & { generation?: number };
  return { metadata, spec: object.spec };
}
const same = (one: ReviewedDeployment, other: ReviewedDeployment): boolean => canonical(bare(one)) === canonical(bare(other));
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === "object" && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

/** Another team's webhook: it adds a container and rewrites every image to a mirror, once. */
async function mutator() {
  const { cert, key: privateKey, ca } = await makeServingCertificate(["127.0.0.1"], new Date());
  const server: Server = createServer({ cert, key: privateKey }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string; object: ReviewedDeployment } };
      const { containers, initContainers = [] } = review.request.object.spec.template.spec;
      const mirrored = (list: readonly { image?: string }[], path: string) =>
        list.flatMap(({ image: reference = "" }, i) =>
          reference.startsWith("mirror.example/")
            ? []
            : [{ op: "replace", path: `/spec/template/spec/${path}/${i}/image`, value: `mirror.example/${reference}` }],
        );
      const injected = containers.some(({ name }) => name === "injected")
        ? []
        : [{ op: "add", path: "/spec/template/spec/containers/-", value: { name: "injected", image: "mirror.example/proxy:1" } }];
      const patch = [...mirrored(containers, "containers"), ...mirrored(initContainers, "initContainers"), ...injected];
      const answer = {
        uid: review.request.uid,
        allowed: true,
        ...(patch.length > 0 ? { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") } : {}),
      };
      response
        .setHeader("content-type", "application/json")
        .end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    configuration: (name: string) => ({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingWebhookConfiguration",
      metadata: { name },
      webhooks: [
        {
          name: "mutator.example.com",
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          reinvocationPolicy: "IfNeeded",
          clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(ca).toString("base64") },
          rules: [{ apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"], operations: ["UPDATE"] }],
        },
      ],
    }),
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
