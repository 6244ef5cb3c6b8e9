import { describe, expect, test } from "vitest";
import type { CanaryPlan, PlanStatus } from "../../src/api/plan.ts";
import { aRequest } from "../build/plan.ts";
import { at } from "../build/story.ts";
import { audit, event, failOpen, honest, key, past, recordOf } from "./auditedRecord.ts";

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

  test("kube-apiserver's log: who made a change that was let through is who the webhook says, whatever else came at that time", async () => {
    const by = (at: number, user: string, said: Record<string, string>) =>
      event(at, user, "deployments", "nginx", said, { objectRef: { resource: "deployments", namespace: "pay", name: "nginx" } });
    const bypassed = { "deployments.serin.dev/decision": "Bypassed" };
    const lines = [
      by(380, "trudy", { ...bypassed, "deployments.serin.dev/plan": "pay-past" }),
      by(398, "mallory", { ...bypassed, "deployments.serin.dev/plan": "pay-other" }),
      by(399, "lab-admin", {}),
    ];
    const { out } = await audit("-A --bypassed --apiserver-log audit.log -o json", { files: { "audit.log": `${lines.join("\n")}\n` } });
    expect(JSON.parse(out)).toMatchObject([{ plan: "pay-past", user: "trudy", at: at(380) }]);
  });

  test("what can't be read is said", async () => {
    expect(await audit("--since yesterday")).toMatchObject({ code: 1, err: expect.stringContaining("--since 2h") });
    expect(await audit("-o name")).toMatchObject({ code: 1, err: expect.stringContaining("json, yaml, jsonpath=TEMPLATE, csv, markdown") });
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

test("audit show: who asked for what was let through, and for what came before it and is on no record of its own", async () => {
  const through = structuredClone(past);
  through.status = { ...(through.status as PlanStatus), request: aRequest({ uid: "request-2", user: "eve", at: at(390) }) };
  through.spec.overwritten = [aRequest({ uid: "request-1", user: "mia", at: at(380) })];
  const told = async (plan: CanaryPlan) => (await audit("show pay-past -n pay", {}, recordOf([plan]))).out.split("\n").slice(2, 5);
  expect(await told(through)).toEqual([
    "eve (of developers, system:authenticated; with kubectl-set) asked for it at 2026-11-23T10:06:30.000Z, in request request-2.",
    "It replaced what mia had asked for at 2026-11-23T10:06:20.000Z, in request request-1, before that had a record of its own.",
    "Policy default in generation 1: setWeight 30 → pause 30s → setWeight 60 → pause 30s → promote.",
  ]);
  delete through.spec.policy;
  expect((await told(through))[2]).toBe("What its policy said then is not known any more.");
});
