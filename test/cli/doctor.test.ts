import { beforeAll, describe, expect, test } from "vitest";
import { issueLeaf, makeAuthority } from "../../src/tls/authority.ts";
import { aPolicy } from "../build/policy.ts";
import { at, start } from "../build/story.ts";
import { serin, type TerminalOptions, type World } from "./terminal.ts";

const day = 86_400_000;
const base64 = (text: string) => Buffer.from(text).toString("base64");
let pem: { ca: string; cert: string; otherCa: string; oldCert: string };

beforeAll(async () => {
  const now = new Date(start);
  const authority = await makeAuthority({ now, notAfter: new Date(start + 100 * day) });
  const other = await makeAuthority({ now, notAfter: new Date(start + 100 * day) });
  const leaf = (days: number) => issueLeaf(authority, ["serin-webhook.serin-system.svc"], { now, notAfter: new Date(start + days * day) });
  pem = { ca: authority.cert, otherCa: other.cert, cert: (await leaf(30)).cert, oldCert: (await leaf(0)).cert };
});

const configuration = (caBundle?: string) => ({
  kind: "MutatingWebhookConfiguration",
  metadata: { name: "canary-serin" },
  webhooks: [{ name: "deployments.serin.dev", clientConfig: caBundle === undefined ? {} : { caBundle: base64(caBundle) } }],
});
const secret = (cert: string) => ({
  kind: "Secret",
  metadata: { name: "serin-webhook-tls", namespace: "serin-system" },
  data: { "tls.crt": base64(cert) },
});
const lease = (seconds: number) => ({
  kind: "Lease",
  metadata: { name: "serin-worker", namespace: "serin-system" },
  spec: { holderIdentity: "serin-worker-0_x", renewTime: at(seconds), leaseDurationSeconds: 10 },
});
const program = (name: string, availableReplicas = 2, prometheus = "http://prometheus.istio-system:9090") => ({
  kind: "Deployment",
  metadata: { name, namespace: "serin-system", labels: { "app.kubernetes.io/name": "serin" } },
  spec: { replicas: 2, template: { spec: { containers: [{ name: "x", env: [{ name: "SERIN_PROMETHEUS", value: prometheus }] }] } } },
  status: { availableReplicas },
});
const failing = {
  type: "Notified",
  status: "False",
  reason: "ReceiverFailing",
  message: "people (slack): HTTP 404",
  lastTransitionTime: at(0),
};
const aRoute = (subset: string) => ({
  kind: "VirtualService",
  metadata: { name: "web", namespace: "shop" },
  spec: { hosts: ["web"], http: [{ route: [{ destination: { host: "web", subset } }] }] },
});
const healthy = (): World => [
  aPolicy(),
  configuration(pem.ca),
  secret(pem.cert),
  lease(40),
  ...["serin-webhook", "serin-worker", "serin-certs"].map((name) => program(name)),
];
const without = (world: World, kind: string, ...more: object[]): World => [
  ...(world as Array<{ kind: string }>).filter((object) => object.kind !== kind),
  ...more,
];
const as = (allowed: boolean, more: TerminalOptions = {}): TerminalOptions => ({
  onCreate: (object) => ({ ...object, status: { allowed } }),
  about: { version: "v1.36.3", date: start + 42_000 },
  ...more,
});

test("all is well: 0; what can't be seen from here is said", async () => {
  const { out, err, code } = await serin("doctor", [healthy()], as(true));
  expect({ err, code }).toEqual({ err: "", code: 0 });
  expect(out.replaceAll(/until 20\S+/g, "until …")).toMatchInlineSnapshot(`
    "ok       Kinds        CanaryPolicy default
    ok       Webhook      canary-serin has a caBundle in each webhook: deployments.serin.dev
    ok       Authority    1 CA in the caBundle, valid until …
    ok       Certificate  the webhook's certificate is valid until …
    ok       Programs     serin-webhook: 2 of 2 pods available
    ok       Programs     serin-worker: 2 of 2 pods available
    ok       Programs     serin-certs: 2 of 2 pods available
    ok       Worker       the worker serin-worker-0_x is alive
    ok       Istio        Istio's kinds are there: traffic is split by weight
    ok       Subsets      each subset that a route names is defined by a DestinationRule
    skipped  Prometheus   could not check: the worker's Prometheus is reached from inside the cluster only
    ok       Rights       you may read and act in namespace shop
    ok       Clock        this machine's clock agrees with the API server's
    "
  `);
});

describe("each thing that may be wrong has its code and what to do", () => {
  const cases: Array<[what: string, world: () => World, says: RegExp, code: number, options?: TerminalOptions]> = [
    [
      "no configuration",
      () => without(healthy(), "MutatingWebhookConfiguration"),
      /^problem +Webhook +there is no Mutating.*\n +fix: kubectl apply -k manifests$/m,
      1,
    ],
    [
      "no caBundle",
      () => without(healthy(), "MutatingWebhookConfiguration", configuration()),
      /^problem +Webhook +no caBundle in deployments\.serin\.dev/m,
      1,
    ],
    [
      "a garbled caBundle",
      () => without(healthy(), "MutatingWebhookConfiguration", configuration("x")),
      /^problem +Authority +no certificate in the caBundle is valid/m,
      1,
    ],
    [
      "another CA",
      () => without(healthy(), "MutatingWebhookConfiguration", configuration(pem.otherCa)),
      /^problem +Certificate +the webhook's certificate is of no CA in the caBundle/m,
      1,
    ],
    [
      "an old certificate",
      () => without(healthy(), "Secret", secret(pem.oldCert)),
      /^problem +Certificate +the webhook's certificate ended at /m,
      1,
    ],
    [
      "no certificate",
      () => without(healthy(), "Secret"),
      /^problem +Certificate +Secret serin-webhook-tls of serin-system holds no certificate/m,
      1,
    ],
    [
      "a dead worker",
      () => without(healthy(), "Lease", lease(-60)),
      /^problem +Worker +the worker serin-worker-0_x renewed its Lease 1m42s ago/m,
      1,
    ],
    ["no worker", () => without(healthy(), "Lease"), /^problem +Worker +no worker holds the Lease/m, 1],
    [
      "no pods",
      () => without(healthy(), "Deployment", program("serin-webhook", 0)),
      /^problem +Programs +serin-webhook: 0 of 2 pods available/m,
      1,
    ],
    ["no policy", () => without(healthy(), "CanaryPolicy"), /^warning +Kinds +there is no CanaryPolicy/m, 0],
    ["kinds", healthy, /^problem +Kinds +Serin's kinds are not installed/m, 1, { absent: ["canarypolicies"] }],
    ["the plans' kind", healthy, /^problem +Kinds +kinds of Serin are not installed: canaryplans$/m, 1, { absent: ["canaryplans"] }],
    [
      "a receiver that does not answer",
      () => [...without(healthy(), "CanaryPolicy"), { ...aPolicy(), status: { conditions: [failing] } }],
      /^warning +Notified +CanaryPolicy default can't tell everybody: people \(slack\): HTTP 404\n +fix: put it right, then: kubectl serin notify test default$/m,
      0,
    ],
    [
      "no Istio",
      healthy,
      /^warning +Istio +Istio's kinds are not installed: traffic is divided by the number of pods/m,
      0,
      { absent: ["virtualservices"] },
    ],
    [
      "a canary's subset that was exported and applied later",
      () => [...healthy(), aRoute("rev-4n5mxwtkdm")],
      /^problem +Subsets +VirtualService shop\/web routes to rev-4n5mxwtkdm of web, a subset that no DestinationRule defines: such requests get 503\n +fix: it is a canary's, .*take `subset: rev-4n5mxwtkdm` out/m,
      1,
    ],
    [
      "a team's own subset that is not there",
      () => [...healthy(), aRoute("v2")],
      /^warning +Subsets +VirtualService shop\/web routes to v2 of web,.*\n +fix: define the subset/m,
      0,
    ],
    [
      "a subset that may be defined where one may not look",
      () => [...healthy(), aRoute("rev-4n5mxwtkdm")],
      /^warning +Subsets +.*, among those that you may read: such requests get 503$/m,
      0,
      { forbidden: { destinationrules: "everywhere" } },
    ],
    [
      "a clock that is wrong",
      healthy,
      /^warning +Clock +this machine's clock is 1m ahead of the API server's/m,
      0,
      { about: { version: "v1", date: start - 18_000 } },
    ],
    [
      "a Prometheus that is away",
      () =>
        without(
          healthy(),
          "Deployment",
          ...["serin-webhook", "serin-worker", "serin-certs"].map((name) => program(name, 2, "http://10.0.0.9:9090")),
        ),
      /^warning +Prometheus +http:\/\/10\.0\.0\.9:9090 does not answer from here: refused/m,
      0,
      { query: () => ({ error: "refused" }) },
    ],
    [
      "what may not be read",
      healthy,
      /^unknown +Certificate +could not check: you may not read the Secret/m,
      2,
      { forbidden: { secrets: "anywhere" } },
    ],
  ];
  test.each(cases)("%s", async (_, world, says, code, options = {}) => {
    const printed = await serin("doctor", [world()], as(true, options));
    expect(printed.out).toMatch(says);
    expect(printed.code).toBe(code);
  });

  test("rights that are lacking", async () => {
    const { out, code } = await serin("doctor -n shop", [healthy()], as(false));
    expect(out).toContain("in namespace shop you may not list canaryplans, patch canaryplans, get deployments, list pods\n");
    expect(code).toBe(0);
  });

  test("-o json", async () => {
    const report = JSON.parse((await serin("doctor -o json", [healthy()], as(true))).out) as { findings: Array<{ code: string }> };
    expect(new Set(report.findings.map(({ code }) => code)).size).toBe(11);
  });
});
