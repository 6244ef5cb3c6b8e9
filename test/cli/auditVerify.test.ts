import { describe, expect, test } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { sealHash } from "../../src/core/audit/sealPlan.ts";
import { at } from "../build/story.ts";
import { audit, bad, event, failOpen, good, held, honest, key, past, recordOf, world } from "./auditedRecord.ts";
import type { World } from "./terminal.ts";

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

  test("a break stays a finding for everybody but whoever says which one he has looked into", async () => {
    const broken = recordOf([bad, good, past], key, [{ at: at(300), number: 2 }]);
    const { out, code } = await audit("verify", {}, broken);
    expect(code).toBe(1);
    expect(out).toContain(`✖ HeadsLost: at ${at(300)} the worker found the heads gone or set back; it went on from seal 2`);
    expect(out).toContain(`once you have looked into it: --accept-break ${at(300)}\n`);
    const accepted = await audit(`verify --accept-break ${at(300)}`, {}, broken);
    expect(accepted.code).toBe(0);
    expect(accepted.out).toContain(`• a break was accepted by --accept-break: at ${at(300)} the worker found`);
    expect(await audit(`verify --accept-break ${at(301)}`, {}, broken)).toMatchObject({ code: 1 });
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

  test("an export and a log that goes on after it: what came later is not asked of the export", async () => {
    const { out } = await audit("export");
    const later = [...honest, held(5_000, "alice", "web-later"), event(6_000, "system:node", "pods", "x")].join("\n");
    const checked = (text: string) =>
      audit("verify -f export.jsonl --apiserver-log audit.log", { files: { "export.jsonl": text, "audit.log": `${later}\n` } }, []);
    expect(await checked(out)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`compared up to ${at(600)}, when the export was made`),
    });
    expect(await checked(out.replace(/"at":"[^"]+"/, `"at":"${at(9_000)}"`))).toMatchObject({
      code: 1,
      out: expect.stringContaining("ChangeUnrecorded"),
    });
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
    // Two asked for the same at once: the second found it done, and was not held for a plan of its own.
    const during = (from: number, to: number, plan: string) =>
      held(from, "bob", plan).replace('"requestReceivedTimestamp"', `"stageTimestamp":"${at(to)}","requestReceivedTimestamp"`);
    expect(await withLog([...honest, during(290, 295, "web-good"), during(292, 297, "web-gone")])).toMatchObject({ found: [] });
    expect(await withLog([...honest, during(290, 291, "web-good"), during(292, 297, "web-gone")])).toMatchObject({
      found: ["ChangeUnrecorded"],
    });
    const through = event(300, "eve", "deployments", "nginx", { decision: "Bypassed", plan: "web-gone", request: "request-through" });
    expect(await withLog([...honest, through])).toMatchObject({
      found: ["ChangeUnrecorded"],
      messages: [expect.stringContaining("it was let through, for plan web-gone, and no plan records request request-through")],
    });
    expect(await withLog([...honest, through.replace("web-gone", good.metadata.name)])).toMatchObject({ found: [] });
    // Another write came between, so kube-apiserver asked the webhook again, and kept the first of its words: what is stored is of the last.
    const again = (last: object) =>
      event(200, "bob", "deployments", "nginx", {
        decision: "Bypassed",
        plan: "web-gone",
        request: "request-first",
        "answer.request-first": JSON.stringify({ at: at(200), decision: "Bypassed", plan: "web-gone" }),
        "answer.request-web-good": JSON.stringify({ at: at(201), decision: "Held", ...last }),
      });
    expect(await withLog([...without("request-web-good"), again({ plan: "web-good" })])).toMatchObject({ code: 0, found: [] });
    const lost = again({}).replaceAll("request-web-good", "request-lost");
    expect((await withLog([...honest, lost])).messages).toEqual([expect.stringContaining("no plan records request request-lost")]);
    expect(await withLog([...honest, lost.replaceAll("{", "[")])).toMatchObject({
      unchecked: [expect.stringContaining("no audit events")],
    });
    expect((await withLog(honest.map((line) => line.replaceAll("deployments.serin.dev", "x.y")))).unchecked).toMatchObject([
      expect.stringContaining("no annotations"),
    ]);
  });
});
