import { describe, expect, test } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { chainFrom, headsOf, linkOf, withSeal } from "../../src/core/audit/heads.ts";
import { appended, journalRoot } from "../../src/core/audit/journal.ts";
import { sealHash, sealPlan } from "../../src/core/audit/sealPlan.ts";
import { aPlan, aRequest, because, inPhase } from "../build/plan.ts";
import { at, revisionOf } from "../build/story.ts";
import { type MadeKey, makeKey } from "../core/audit/history.ts";
import { serin, type World } from "./terminal.ts";

const key = makeKey(at(0));

interface Told {
  name: string;
  from: number;
  phase: NonNullable<CanaryPlan["status"]>["phase"];
  image: string;
  user?: string;
  namespace?: string;
  message: string;
}

/** A finished plan that began `from` seconds into the story. */
function finished({ name, from, phase, image, user, namespace = "shop", message }: Told): CanaryPlan {
  const plan = aPlan(inPhase(phase), because(phase, message), (draft) => {
    draft.metadata.name = name;
    draft.metadata.uid = name;
    draft.metadata.namespace = namespace;
    draft.spec.canary = revisionOf(image);
    if (user === undefined) delete draft.spec.request;
    else draft.spec.request = aRequest({ uid: `request-${name}`, user, at: at(from) });
    if (draft.status) Object.assign(draft.status, { startedAt: at(from), finishedAt: at(from + 100) });
  });
  const status = plan.status as NonNullable<CanaryPlan["status"]>;
  const entries = [
    { at: at(from), reason: "PlanCreated", message: `nginx:1.23.0 → ${image}` },
    { at: at(from + 100), reason: phase, message },
  ];
  for (const entry of entries) status.journal = appended(status.journal, entry, () => journalRoot(plan));
  return plan;
}

const bad = finished({
  name: "web-bad",
  from: 0,
  phase: "RolledBack",
  image: "nginx:1.24.0",
  user: "alice",
  message: "success-rate failed: 0.5 < 0.95",
});
const good = finished({
  name: "web-good",
  from: 200,
  phase: "Promoted",
  image: "nginx:1.25.0",
  user: "bob",
  message: "nginx:1.25.0 serves everything",
});
const past = finished({
  name: "pay-past",
  from: 400,
  phase: "Bypassed",
  image: "=cmd|x:1",
  namespace: "pay",
  message: "the webhook was not asked",
});
good.status = {
  ...(good.status as NonNullable<CanaryPlan["status"]>),
  approvals: [{ step: 1, by: "carol", at: at(250), how: "kubectl rollout resume" }],
};

function recordOf(plans: readonly CanaryPlan[], signer: MadeKey = key): World {
  let chain = chainFrom(undefined, { keys: new Map(), newest: undefined, at: at(0) });
  const sealed = plans.map((given) => {
    const plan = structuredClone(given);
    if (!plan.status) throw new Error("no status");
    plan.status.seal = sealPlan(plan, plan.status, { before: linkOf(chain), key: signer, at: plan.status.finishedAt ?? "" });
    chain = withSeal(chain, plan.status.seal);
    return plan;
  });
  const map = (name: string, data: Record<string, string>) => ({ kind: "ConfigMap", metadata: { name, namespace: "serin-system" }, data });
  return [
    ...sealed,
    map("serin-audit-heads", { heads: JSON.stringify(headsOf(chain, signer, at(500))) }),
    map("serin-audit-keys", { [signer.id]: JSON.stringify(signer.record) }),
  ];
}

const world = recordOf([bad, good, past]);
const options = { at: 600 };
const audit = (line: string, over: object = {}, of: World = world) => serin(`audit ${line}`, [of], { ...options, ...over });

/** The lines of kube-apiserver's own log. */
const event = (
  seconds: number,
  user: string,
  resource: string,
  name: string,
  annotations: Record<string, string> = {},
  more: object = {},
) =>
  JSON.stringify({
    stage: "ResponseComplete",
    verb: "patch",
    requestURI: "/x",
    userAgent: "kubectl/v1.36.3 (linux/amd64)",
    user: { username: user },
    objectRef: { resource, namespace: "shop", name, apiVersion: "v1" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: at(seconds),
    annotations: Object.fromEntries(Object.entries(annotations).map(([k, v]) => [k.includes("/") ? k : `deployments.serin.dev/${k}`, v])),
    ...more,
  });
const held = (seconds: number, user: string, plan: string) =>
  event(seconds, user, "deployments", "nginx", { decision: "Held", plan, request: `request-${plan}` });
const failOpen = { "failed-open.mutation.webhook.admission.k8s.io/round_0_index_0": "deployments.serin.dev" };
const honest = [
  event(-60, "system:node", "pods", "x"),
  held(0, "alice", "web-bad"),
  event(
    100,
    "dave",
    "deployments",
    "nginx",
    { decision: "Denied", reason: "ResumeRefused", plan: "web-bad", request: "r" },
    { responseStatus: { code: 403 } },
  ),
  held(200, "bob", "web-good"),
  event(250, "carol", "deployments", "nginx", { decision: "Approved", request: "r2" }),
  event(560, "system:node", "pods", "x"),
];

describe("kubectl serin audit", () => {
  test("one line a change: when, whose, what came of it, who asked, who decided", async () => {
    const { out, err, code } = await audit("-A");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatchInlineSnapshot(`
      "TIME                  NAMESPACE  DEPLOYMENT  OUTCOME     USER   TOOL         CHANGE                       POLICY   DECIDED                                            PLAN
      2026-11-23T10:00:00Z  shop       nginx       RolledBack  alice  kubectl-set  nginx:1.23.0 → nginx:1.24.0  default  RolledBack                                         web-bad
      2026-11-23T10:03:20Z  shop       nginx       Promoted    bob    kubectl-set  nginx:1.23.0 → nginx:1.25.0  default  step 2 approved by carol (kubectl rollout resume)  web-good
      2026-11-23T10:06:40Z  pay        nginx       Bypassed    ?                   nginx:1.23.0 → =cmd|x:1      default  Bypassed                                           pay-past
      "
    `);
    expect((await audit("")).out).not.toContain("pay-past");
    const narrow = await audit("-A", { screen: { columns: 80, rows: 24 } });
    expect(narrow.out.split("\n").every((line) => line.length <= 80)).toBe(true);
  });

  const cases: Array<[string, string[]]> = [
    ["--user alice", ["web-bad"]],
    ["--user carol", ["web-good"]],
    ["--user ali", []],
    ["--user *o*", ["web-good"]],
    ["--image 1.25", ["web-good"]],
    ["--image *:1.24.0", ["web-bad"]],
    ["--since 450s", ["web-good", "pay-past"]],
    [`--until ${at(100)}`, ["web-bad"]],
    ["--bypassed", ["pay-past"]],
    ["--phase promoted,RolledBack", ["web-bad", "web-good"]],
    ["--deployment nginx --policy default", ["web-bad", "web-good", "pay-past"]],
    ["--policy other", []],
    ["-n pay", ["pay-past"]],
  ];
  test.each(cases)("%s", async (line, plans) => {
    const { out } = await audit(`${line.startsWith("-n") ? "" : "-A "}${line} -o json`);
    expect((JSON.parse(out) as Array<{ plan: string }>).map(({ plan }) => plan)).toEqual(plans);
  });

  test("CSV that no spreadsheet runs, and Markdown to paste", async () => {
    const csv = (await audit("-A --bypassed -o csv")).out;
    expect(csv).toContain(`pay,nginx,Bypassed,,,nginx:1.23.0,'=cmd|x:1,`);
    const { out } = await audit("-A -o markdown");
    expect(out).toContain("3 changes from");
    expect(out).toContain("1 RolledBack, 1 Promoted, 1 Bypassed");
    expect(out).toContain("=cmd\\|x:1");
  });

  test("with kube-apiserver's log: refusals, and who made a change that came without a canary", async () => {
    const lines = [
      ...honest,
      event(398, "mallory", "deployments", "nginx", failOpen, { objectRef: { resource: "deployments", namespace: "pay", name: "nginx" } }),
    ];
    const { out } = await audit("-A --apiserver-log audit.log -o json", { files: { "audit.log": `${lines.join("\n")}\n{"half` } });
    expect(JSON.parse(out)).toMatchObject([
      { plan: "web-bad", user: "alice" },
      { outcome: "Denied", user: "dave", deployment: "nginx", reason: "ResumeRefused" },
      { plan: "web-good", user: "bob", decisions: ["step 2 approved by carol (kubectl rollout resume)"] },
      { plan: "pay-past", outcome: "Bypassed", user: "mallory" },
    ]);
  });

  test("what can't be read is said", async () => {
    expect(await audit("--since yesterday")).toMatchObject({ code: 1, err: expect.stringContaining("--since 2h") });
    expect(await audit("-o yaml")).toMatchObject({ code: 1, err: expect.stringContaining("json, csv, markdown") });
    expect(await audit("-f nowhere.jsonl")).toMatchObject({ code: 2, err: expect.stringContaining("ENOENT") });
    expect(await audit("", {}, [])).toMatchObject({ code: 0, out: "", err: "no image change matches\n" });
  });
});

test("audit show: the story of a plan", async () => {
  const { out, code } = await audit("show web-good");
  expect(code).toBe(0);
  expect(out.replaceAll(key.id, "KEY")).toMatchInlineSnapshot(`
    "nginx in shop: nginx:1.23.0 → nginx:1.25.0 (plan web-good)

    bob (of developers, system:authenticated; with kubectl-set) asked for it at 2026-11-23T10:03:20.000Z, in request request-web-good.
    Policy default in generation 1: setWeight 30 → pause 30s → setWeight 60 → pause 30s → promote.

    What happened:
      2026-11-23T10:03:20.000Z  PlanCreated  nginx:1.23.0 → nginx:1.25.0
      2026-11-23T10:05:00.000Z  Promoted     nginx:1.25.0 serves everything

    Who decided:
      step 2 approved by carol (kubectl rollout resume)

    It ended Promoted at 2026-11-23T10:05:00.000Z after 1m40s (Promoted): nginx:1.25.0 serves everything.
    Seal 2 of 2026-11-23T10:05:00.000Z, by key KEY, covers it and its 2 entries; kubectl serin audit verify checks it.
    "
  `);
  expect(await audit("show plan/nope")).toMatchObject({ code: 1, err: expect.stringContaining("there is no such plan") });
});

describe("audit verify", () => {
  const clean = (out: string) => out.replaceAll(key.id, "KEY");

  test("0: the record is whole", async () => {
    const { out, code } = await audit("verify");
    expect(code).toBe(0);
    expect(clean(out)).toBe("the record is whole and as it was sealed: 3 plans (3 sealed, 0 live), 6 entries, root key KEY\n");
    expect(await audit(`verify --root ${key.id}`)).toMatchObject({ code: 0 });
  });

  test("1: it is not, and what exactly", async () => {
    const changed = structuredClone(world) as CanaryPlan[];
    const entry = changed[0]?.status?.journal?.[1];
    if (entry) entry.message = "aborted by bob";
    const { out, code } = await audit("verify", {}, changed);
    expect(code).toBe(1);
    expect(out).toContain(`✖ EntryChanged: entry 2 (RolledBack at ${at(100)}) is not what was sealed\n`);
    expect(out).toContain("1 thing is wrong: 3 plans");
    expect(await audit("verify --root a-00", {}, world)).toMatchObject({ code: 1, out: expect.stringContaining("KeyRootUnknown") });
  });

  test("2: not everything could be checked", async () => {
    expect(await audit("verify -n shop")).toMatchObject({
      code: 2,
      out: expect.stringContaining("not checked: whether plans are missing"),
    });
    expect(await audit("verify", { forbidden: { configmaps: "anywhere" } })).toMatchObject({
      code: 2,
      out: expect.stringContaining("ConfigMap serin-audit-keys"),
    });
    expect(await audit("verify", { forbidden: { canaryplans: "everywhere" } })).toMatchObject({
      code: 2,
      err: expect.stringContaining("serin-auditor"),
    });
    expect(await audit("verify", {}, [])).toMatchObject({ code: 0 });
  });

  test("an export is checked like the cluster, and a cut or changed one is found", async () => {
    const exported = await audit("export");
    expect(exported).toMatchObject({ code: 0, err: "" });
    expect(exported.out).not.toContain("managedFields");
    const verify = (text: string) => audit("verify -f export.jsonl", { files: { "export.jsonl": text } }, []);
    expect(await verify(exported.out)).toMatchObject({ code: 0 });
    const lines = exported.out.split("\n");
    expect(await verify(lines.slice(0, 3).join("\n"))).toMatchObject({ code: 1, out: expect.stringContaining("NewestCut") });
    expect(await verify(lines.slice(1).join("\n"))).toMatchObject({ code: 2, out: expect.stringContaining("first line") });
    expect(await verify(exported.out.replace('"Promoted"', '"RolledBack"'))).toMatchObject({ code: 1 });
    expect(await verify(`${exported.out}{`)).toMatchObject({ code: 2, out: expect.stringContaining("line 5 of the export is no JSON") });
    const listed = await audit("-f export.jsonl --bypassed", { files: { "export.jsonl": exported.out } }, []);
    expect(listed.out).toContain("pay-past");
  });

  test("with kube-apiserver's log: what went past the webhook, what nobody asked for, and who wrote into the record", async () => {
    const withLog = async (lines: string[], of: World = world) => {
      const { out, code } = await audit(
        "verify --apiserver-log audit.log -o json",
        { files: { "audit.log": `${lines.join("\n")}\n{"half` } },
        of,
      );
      const { findings, unchecked } = JSON.parse(out) as { findings: Array<{ code: string; message: string }>; unchecked: string[] };
      return { code, unchecked, found: findings.map((finding) => finding.code), messages: findings.map(({ message }) => message) };
    };
    expect(await withLog(honest)).toEqual({ code: 0, unchecked: [], found: [], messages: [] });
    const without = (part: string) => honest.filter((line) => !line.includes(part));
    expect((await withLog([...honest, event(300, "eve", "deployments", "nginx", failOpen)])).messages).toEqual([
      `${at(300)} eve patch deployments shop/nginx: webhook deployments.serin.dev was not asked; no plan records it, so it may have been no image change`,
    ]);
    expect(await withLog(without("request-web-good"))).toMatchObject({ code: 1, found: ["RequestUnwitnessed"] });
    expect((await withLog(honest.map((line) => line.replace('"bob"', '"eve"')))).messages[0]).toContain("kube-apiserver's log says");
    expect(await withLog(without('"carol"'))).toMatchObject({ code: 1, found: ["ControlUnwitnessed"] });
    expect(
      await withLog([
        ...honest,
        event(
          300,
          "root",
          "canaryplans",
          "web-bad",
          {},
          { objectRef: { resource: "canaryplans", subresource: "status", namespace: "shop", name: "web-bad" } },
        ),
      ]),
    ).toMatchObject({ found: ["ForeignWrite"] });
    const named = (number: number, hash: string) =>
      event(
        300,
        "system:serviceaccount:serin-system:serin-worker",
        "configmaps",
        "serin-audit-heads",
        {},
        {
          requestURI: `/api/v1/namespaces/serin-system/configmaps/serin-audit-heads?fieldManager=serin&witness=${number}.${hash}`,
          objectRef: { resource: "configmaps", namespace: "serin-system", name: "serin-audit-heads" },
        },
      );
    const seal = (world[1] as CanaryPlan).status?.seal;
    expect(await withLog([...honest, named(2, seal ? sealHash(seal) : "")])).toMatchObject({ code: 0, found: [] });
    expect(await withLog([...honest, named(2, "0".repeat(64))])).toMatchObject({ found: ["SealUnwitnessed"] });
    expect(await withLog([...honest, named(4, "0".repeat(64))])).toMatchObject({ found: ["SealUnwitnessed"] });
    expect(await withLog([...honest, held(300, "alice", "web-gone")])).toMatchObject({ found: ["ChangeUnrecorded"] });
    expect((await withLog(honest.map((line) => line.replaceAll("deployments.serin.dev", "x.y")))).unchecked).toMatchObject([
      expect.stringContaining("no annotations"),
    ]);
  });
});
