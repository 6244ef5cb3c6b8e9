import { describe, expect, it } from "vitest";
import type { Trigger } from "../../../src/api/notification.ts";
import { letterTo } from "../../../src/core/notify/notice.ts";
import { triggersOf } from "../../../src/core/notify/triggers.ts";
import { aNotice, aReceiver } from "../../build/notification.ts";
import { at } from "../../build/story.ts";

describe("Alertmanager", () => {
  const receiver = (fields: Record<string, unknown> = {}, triggers?: Trigger[]) =>
    aReceiver({ alertmanager: { address: "http://a:9093", resolveAfter: "30m", ...fields }, ...(triggers ? { triggers } : {}) });
  /** `+Failed until 1860`: fires; `-Paused`: ends. Seconds of the story. */
  const alerts = (reason: string, to = receiver()) => {
    const triggers = triggersOf(reason, "Progressing");
    const letter = letterTo(to, aNotice({ reason, trigger: triggers[0] ?? "Started", triggers }));
    const told = JSON.parse(letter?.body ?? "[]") as Array<{ labels: { alertname: string }; startsAt: string; endsAt: string }>;
    return told.map(({ labels, startsAt, endsAt }) => {
      const name = labels.alertname.replace("SerinCanary", "");
      // Over ten seconds ago, by whatever clock.
      const isOver = endsAt === at(50);
      expect(startsAt).toBe(isOver ? endsAt : at(60));
      return isOver ? `-${name}` : `+${name} until ${(Date.parse(endsAt) - Date.parse(at(0))) / 1_000}`;
    });
  };

  it("is told of a failure until the next promotion, or the change being taken back, or resolveAfter", () => {
    expect(alerts("AnalysisFailed")).toEqual(["-Paused", "+Failed until 1860"]);
    expect(alerts("ProgressDeadlineExceeded")).toEqual(["-Paused", "+Failed until 1860"]);
    expect(alerts("RolledBack")).toEqual(["+Failed until 1860"]);
    expect(alerts("Held")).toEqual(["+Failed until 1860"]);
    expect(alerts("Promoted")).toEqual(["-Paused", "-Failed"]);
    expect(alerts("Cancelled")).toEqual(["-Paused", "-Failed"]);
  });

  it("is told of a pause until the plan goes on, whoever lets it, or ends", () => {
    expect(alerts("PausedForApproval")).toEqual(["+Paused until 1860"]);
    expect(alerts("Approved")).toEqual(["-Paused"]);
    expect(alerts("Superseded")).toEqual(["-Paused"]);
    expect(alerts("StepCompleted")).toEqual(["-Paused"]);
    expect(alerts("TrafficWeightUpdated")).toEqual(["-Paused"]);
    expect(alerts("PlanCreated")).toEqual(["-Bypassed"]);
  });

  it("hears of no end of what it did not want to hear", () => {
    const failures = receiver({}, ["RolledBack", "Held"]);
    expect(alerts("PausedForApproval", failures)).toEqual([]);
    expect(alerts("Approved", failures)).toEqual([]);
    expect(alerts("AnalysisFailed", failures)).toEqual([]);
    expect(alerts("RolledBack", failures)).toEqual(["+Failed until 1860"]);
    expect(alerts("Promoted", failures)).toEqual(["-Failed"]);
  });

  it("posts to its API v2, with the policy's labels beside Serin's own and the journal's sentence", () => {
    const letter = letterTo(receiver({ labels: { severity: "critical" } }), aNotice({ triggers: ["RolledBack"], trigger: "RolledBack" }));
    expect(letter?.path).toBe("/api/v2/alerts");
    expect(JSON.parse(letter?.body ?? "")).toEqual([
      {
        labels: { severity: "critical", alertname: "SerinCanaryFailed", namespace: "shop", deployment: "nginx", policy: "default" },
        annotations: {
          summary: "RolledBack shop/nginx",
          description: "nginx:1.24.0 serves everything: 4 pods; weight 100",
          reason: "Promoted",
          plan: "nginx-x7k2m",
        },
        startsAt: at(60),
        endsAt: at(60 + 1_800),
      },
    ]);
  });
});
