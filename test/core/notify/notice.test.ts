import { describe, expect, it, test } from "vitest";
import { triggers } from "../../../src/api/notification.ts";
import { letterTo, noticesOf } from "../../../src/core/notify/notice.ts";
import { triggersOf } from "../../../src/core/notify/triggers.ts";
import { planReasons } from "../../../src/core/plan/reasons.ts";
import { aNotice, aReceiver, entry } from "../../build/notification.ts";
import { aPlan, inPhase, withJournal } from "../../build/plan.ts";
import { at, planUid, start } from "../../build/story.ts";

const always = { after: 0, since: 0 };

describe("what there is to tell of a plan", () => {
  it("its journal's entries, in their own words, each numbered for good", () => {
    const plan = aPlan(
      withJournal(
        entry(0, "PlanCreated", "a → b"),
        entry(1, "CanaryCreated"),
        { ...entry(5, "EntriesLeftOut"), left: 40 },
        entry(9, "AnalysisFailed", "1 > 0"),
      ),
    );
    const told = noticesOf(plan, always);
    expect(told.map(({ seq, trigger, reason, message, at: when }) => [seq, trigger, reason, message, when])).toEqual([
      [1, "Started", "PlanCreated", "a → b", at(0)],
      [43, "AnalysisFailed", "AnalysisFailed", "1 > 0", at(9)],
    ]);
    expect(told[1]?.triggers).toEqual(["AnalysisFailed", "RollingBack"]);
    expect(told[0]).toMatchObject({ namespace: "shop", deployment: "nginx", uid: planUid, policy: "default", user: "alice" });
  });

  it("nothing that was told before, and nothing that is too old", () => {
    const plan = aPlan(withJournal(entry(0, "PlanCreated"), entry(10, "TrafficWeightUpdated"), entry(20, "Promoted")));
    expect(noticesOf(plan, { after: 2, since: 0 }).map(({ seq }) => seq)).toEqual([3]);
    expect(noticesOf(plan, { after: 0, since: start + 10_000 }).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(noticesOf(aPlan(withJournal()), always)).toEqual([]);
  });

  it("nothing that has no time: it would be told again for ever", () => {
    const plan = aPlan(withJournal({ ...entry(0, "PlanCreated"), at: "yesterday" }, entry(10, "TrafficWeightUpdated")));
    expect(noticesOf(plan, always).map(({ seq }) => seq)).toEqual([2]);
  });

  it("a bypass, whatever admission's reason", () => {
    const plan = aPlan(inPhase("Bypassed"), withJournal(entry(0, "BypassOptOut", "opted out")));
    expect(noticesOf(plan, always)).toMatchObject([{ trigger: "Bypassed", reason: "BypassOptOut", message: "opted out" }]);
  });

  test("each trigger that a policy can name is told of some reason", () => {
    const told = new Set([...Object.keys(planReasons).flatMap((reason) => triggersOf(reason, "Progressing")), "Bypassed"]);
    expect([...told].sort()).toEqual([...triggers].sort());
  });
});

describe("a letter", () => {
  const cloudEvents = { address: "http://x" };

  it("is a CloudEvent whose source and id name the decision", () => {
    const { body = "", contentType, path } = letterTo(aReceiver({ cloudEvents }), aNotice()) ?? {};
    expect([contentType, path]).toEqual(["application/cloudevents+json", ""]);
    expect(JSON.parse(body)).toEqual({
      specversion: "1.0",
      id: `${planUid}/7`,
      source: "/apis/serin.dev/v1alpha1/namespaces/shop/canaryplans/nginx-x7k2m",
      type: "dev.serin.canaryplan.Promoted",
      subject: "shop/nginx",
      time: at(60),
      datacontenttype: "application/json",
      data: {
        namespace: "shop",
        deployment: "nginx",
        plan: "nginx-x7k2m",
        policy: "default",
        reason: "Promoted",
        message: "nginx:1.24.0 serves everything: 4 pods; weight 100",
        images: { stable: "nginx:1.23.0", canary: "nginx:1.24.0" },
        requestedBy: { user: "alice", tool: "kubectl-set" },
      },
    });
  });

  it("is none when the receiver doesn't want to hear of it", () => {
    expect(letterTo(aReceiver({ cloudEvents }), aNotice({ triggers: ["StepCompleted"] }))).toBeUndefined();
    expect(
      letterTo(aReceiver({ cloudEvents, triggers: ["RollingBack"] }), aNotice({ triggers: ["Aborted", "RollingBack"] })),
    ).toBeDefined();
  });

  it("to Slack is a text whose user part wakes nobody up and links nowhere", () => {
    const evil = aNotice({ message: "<!channel> & <http://evil|click> *serves*", user: "<@U1>", canary: "<!here>:1" });
    const receiver = aReceiver({ slack: { secretRef: { name: "serin-slack" } } });
    const message = JSON.parse(letterTo(receiver, evil)?.body ?? "") as { text: string; blocks: Array<Record<string, unknown>> };
    const said = "&lt;!channel&gt; &amp; &lt;http://evil|click&gt; *serves*";
    expect(message.text).toBe(`✔ *Promoted* shop/nginx: ${said}`);
    expect(message.blocks).toEqual([
      { type: "section", text: { type: "mrkdwn", verbatim: true, text: `✔ *Promoted* shop/nginx\n${said}` } },
      {
        type: "context",
        elements: [{ type: "plain_text", emoji: false, text: "<!here>:1 · plan nginx-x7k2m · policy default · by <@U1> (kubectl-set)" }],
      },
    ]);
  });

  it("to Slack is at most as long as Slack takes it, and never cut inside an escaped character", () => {
    const receiver = aReceiver({ slack: { secretRef: { name: "serin-slack" } } });
    const message = JSON.parse(letterTo(receiver, aNotice({ message: "<".repeat(2_048) }))?.body ?? "") as { text: string };
    expect(message.text.length).toBeLessThan(3_000);
    expect(message.text).toMatch(/(&lt;)+…$/);
  });
});
