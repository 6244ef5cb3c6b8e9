import { describe, expect, it } from "vitest";
import {
  checkAbortedCanary,
  checkInvariants,
  checkNothingOwned,
  checkPlanEndings,
  checkReadyPods,
  checkRoutesRestored,
  checkStableKept,
  checkTeamFields,
  checkWeights,
} from "../lab/recorder/invariants.ts";
import { record, split, to } from "./record.ts";

const OLD = { route: [to("old", 30)] };

describe("a good release", () => {
  const { events } = record()
    .put("Service", "nginx", { spec: { selector: { app: "nginx" } } })
    .put("Deployment", "nginx", { spec: { replicas: 2 } })
    .replicaSet("aaa", 2)
    .pod("a", "aaa", true)
    .virtualService({ route: [to("nginx", 70), to("old", 30)] })
    .plan("nginx-1", "Preparing")
    .subsets("nginx.shop.svc.cluster.local", "rev-aaa", "rev-bbb")
    .virtualService({ route: [to("nginx", 70, "rev-aaa"), to("nginx", 0, "rev-bbb"), to("old", 30)] })
    .pod("b", "bbb", true)
    .virtualService({ route: [to("nginx", 49, "rev-aaa"), to("nginx", 21, "rev-bbb"), to("old", 30)] })
    .virtualService({ route: [to("nginx", 0, "rev-aaa"), to("nginx", 70, "rev-bbb"), to("old", 30)] })
    .replicaSet("aaa", 0)
    .remove("Pod", "a")
    .virtualService({ route: [to("nginx", 70), to("old", 30)] })
    .remove("DestinationRule", "nginx-serin")
    .plan("nginx-1", "Promoted");

  it("breaks nothing", () => {
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });

  it("lowers stable too early for a mesh that takes a second", () => {
    expect(checkStableKept(events, { settleMs: 1000 })).toEqual([
      "2026-11-23T03:00:01.200Z ReplicaSet shop/nginx-aaa (revision 12): stable was lowered from 2 to 0 pods 100 ms after the last route had left it, 1000 ms are meant",
    ]);
  });
});

describe("I1 weights", () => {
  const subsets = () => record().subsets("nginx", "rev-aaa", "rev-bbb");

  it("finds a fraction", () => {
    const { events } = subsets().virtualService(split(33.4));
    expect(checkWeights(events)).toEqual([
      expect.stringContaining("http[0] gives nginx.shop.svc.cluster.local/rev-aaa the weight 66.6"),
      expect.any(String),
    ]);
  });

  it("finds a third party that lost its share", () => {
    const { events } = subsets()
      .virtualService({ route: [to("nginx", 70), to("old", 30)] })
      .virtualService({ route: [to("nginx", 70, "rev-aaa"), to("nginx", 30, "rev-bbb"), to("old", 30)] });
    expect(checkWeights(events)).toEqual([
      expect.stringContaining("the third party old.shop.svc.cluster.local 30/130, at first it was 30/100"),
    ]);
  });

  it("finds a third party that is gone", () => {
    const { events } = subsets()
      .virtualService({ route: [to("nginx", 70), to("old", 30)] })
      .virtualService(split(10));
    expect(checkWeights(events)).toEqual([expect.stringContaining("absent, at first it was 30/100")]);
  });

  it("allows all weights to be multiplied", () => {
    const { events } = subsets()
      .virtualService({ route: [to("nginx", 1), to("old", 1)] })
      .virtualService({ route: [to("nginx", 7, "rev-aaa"), to("nginx", 3, "rev-bbb"), to("old", 10)] });
    expect(checkWeights(events)).toEqual([]);
  });

  it("leaves a route alone that was never split", () => {
    const { events } = subsets()
      .virtualService(split(1), OLD)
      .virtualService(split(2), { route: [to("old", 3), to("new", 7)] });
    expect(checkWeights(events)).toEqual([]);
  });

  it("finds a subset that is not there, once, whoever made the hole", () => {
    const { events } = subsets().virtualService(split(10)).subsets("nginx.shop.svc", "rev-aaa").virtualService(split(20));
    expect(checkWeights(events)).toEqual([
      expect.stringMatching(
        /DestinationRule .* names nginx\.shop\.svc\.cluster\.local\/rev-bbb \(weight 10\), which no DestinationRule has$/,
      ),
    ]);
  });
});

describe("I2 ready pods", () => {
  it("finds a weight on pods that never were", () => {
    const { events } = record().pod("a", "aaa", true).pod("b", "bbb", false).virtualService(split(30));
    expect(checkReadyPods(events, { toleranceMs: 5000 })).toEqual([
      expect.stringMatching(/sends 30 to nginx\.shop\.svc\.cluster\.local\/rev-bbb, which never had a ready pod$/),
    ]);
  });

  it("reads the hash before the team's own subset", () => {
    const { events } = record()
      .pod("a", "aaa", true)
      .virtualService({ route: [to("nginx", 100, "rev-aaa-v1")] });
    expect(checkReadyPods(events)).toEqual([]);
  });

  const lost = (pause: number) =>
    record().pod("a", "aaa", true).pod("b", "bbb", true).virtualService(split(30)).pod("b", "bbb", false).wait(pause);

  it("tolerates a pod that was just lost, for a while", () => {
    expect(checkReadyPods(lost(500).virtualService(split(0)).events, { toleranceMs: 1000 })).toEqual([]);
    expect(checkReadyPods(lost(2000).virtualService(split(0)).events, { toleranceMs: 1000 })).toEqual([
      expect.stringContaining("had no ready pod for 2100 ms"),
    ]);
    expect(checkReadyPods(lost(500).virtualService(split(0)).events)).toHaveLength(1);
  });

  it("counts what was there when the recording began", () => {
    const { events } = record().virtualService(split(0)).pod("a", "aaa", true);
    const listed = events.map((event) => ({ ...event, type: "LISTED" as const }));
    expect(checkReadyPods(listed)).toEqual([]);
  });
});

describe("I3 stable", () => {
  const held = (canary: number) =>
    record()
      .put("Service", "nginx", { spec: { selector: { app: "nginx" } } })
      .put("Deployment", "nginx", { spec: { replicas: 4 } })
      .replicaSet("aaa", 4)
      .plan("nginx-1", "Promoting")
      .virtualService(split(canary));

  it("finds stable pods that go while a route still sends to them", () => {
    expect(checkStableKept(held(60).replicaSet("aaa", 1).events)).toEqual([
      expect.stringMatching(
        /stable was lowered from 4 to 1 pods while VirtualService shop\/nginx http\[0\] sends 40 to nginx\.shop\.svc\.cluster\.local\/rev-aaa$/,
      ),
    ]);
  });

  it("finds it also where the route has no subset", () => {
    expect(
      checkStableKept(
        held(100)
          .virtualService({ route: [to("nginx")] })
          .replicaSet("aaa", 0).events,
      ),
    ).toHaveLength(1);
  });

  it("allows a user to scale down", () => {
    const { events } = held(60)
      .put("Deployment", "nginx", { spec: { replicas: 2 } })
      .replicaSet("aaa", 2);
    expect(checkStableKept(events)).toEqual([]);
  });
});

describe("I4 endings", () => {
  it("finds a plan without an end, a second end, and a second plan for one request", () => {
    expect(checkPlanEndings(record().plan("p", "Progressing").events)).toEqual([expect.stringContaining('still in phase "Progressing"')]);
    expect(checkPlanEndings(record().plan("p", "Progressing").events, { underWay: true })).toEqual([]);
    expect(checkPlanEndings(record().plan("p", "Progressing").remove("CanaryPlan", "p").events)).toEqual([
      expect.stringContaining("which is no end"),
    ]);
    expect(checkPlanEndings(record().plan("p", "Promoted").plan("p", "RolledBack").events)).toEqual([
      expect.stringContaining('had ended Promoted and became "RolledBack"'),
    ]);
    expect(checkPlanEndings(record().plan("p", "Promoted", "r").plan("q", "Superseded", "r").events)).toEqual([
      expect.stringContaining("answers request r, as p already does"),
    ]);
  });

  it("lets history be pruned", () => {
    expect(checkPlanEndings(record().plan("p", "Held").remove("CanaryPlan", "p").events)).toEqual([]);
  });
});

describe("I5 an aborted canary", () => {
  const aborted = (canary: number) => record().virtualService(split(30)).virtualService(split(canary)).plan("p", "RollingBack");

  it("has weight 0 when the abort is recorded, and keeps it", () => {
    expect(checkAbortedCanary(aborted(0).plan("p", "RolledBack").events)).toEqual([]);
    expect(checkAbortedCanary(aborted(0).plan("p", "RolledBack").virtualService(split(5)).events)).toEqual([
      expect.stringMatching(/rolls back since 200 ms and its canary's weight rose again: .* sends 5 to nginx/),
    ]);
  });

  it("may be late only as long as the test allows", () => {
    const late = aborted(30).wait(400).virtualService(split(0)).events;
    expect(checkAbortedCanary(late)).toEqual([expect.stringMatching(/rolls back since 0 ms and still .* sends 30/)]);
    expect(checkAbortedCanary(late, { withinMs: 1000 })).toEqual([]);
    expect(checkAbortedCanary(aborted(30).wait(2000).pod("x", "ccc", true).events, { withinMs: 1000 })).toHaveLength(1);
  });

  it("is over when the next plan begins, which may be a retry", () => {
    expect(checkAbortedCanary(aborted(0).plan("p", "RolledBack").plan("q", "Progressing").virtualService(split(30)).events)).toEqual([]);
  });
});

describe("I11 what is not ours", () => {
  it("finds a header that was lost, and says where", () => {
    const { events } = record()
      .virtualService({ timeout: "5s", route: [to("nginx")] })
      .virtualService({ ...split(30) });
    expect(checkTeamFields(events)).toEqual([
      expect.stringMatching(/VirtualService shop\/nginx .*: spec\.http\.0\.timeout was "5s" and is undefined$/),
    ]);
  });

  it("allows the split, multiplied third parties and a pinned mirror", () => {
    const { events } = record()
      .virtualService({ route: [to("nginx", 1), to("old", 1)], mirror: { host: "nginx" } }, OLD)
      .virtualService(
        { route: [to("nginx", 7, "rev-aaa"), to("nginx", 3, "rev-bbb"), to("old", 10)], mirror: { host: "nginx", subset: "rev-aaa" } },
        OLD,
      );
    expect(checkTeamFields(events)).toEqual([]);
    expect(checkRoutesRestored(events)).not.toEqual([]);
  });

  it("finds a change in a route that has none of our hosts", () => {
    const { events } = record()
      .virtualService(split(1), OLD)
      .virtualService(split(2), { route: [to("old", 31)] });
    expect(checkTeamFields(events)).toEqual([expect.stringContaining("spec.http.1.route.0.weight was 30 and is 31")]);
  });

  it("allows a Deployment to be held and set to another template, and nothing else", () => {
    const deployment = (spec: object, annotations: object = {}) => ({
      metadata: { annotations },
      spec: { strategy: { type: "RollingUpdate" }, ...spec },
    });
    const held = record()
      .put("Deployment", "nginx", deployment({ replicas: 2, template: 1 }))
      .put(
        "Deployment",
        "nginx",
        deployment({ replicas: 3, template: 2, paused: true }, { "serin.dev/intent": "x", "deployment.kubernetes.io/revision": "2" }),
      );
    expect(checkTeamFields(held.events)).toEqual([]);
    const more = held.put("Deployment", "nginx", deployment({ minReadySeconds: 5 }, { "example.com/by": "serin" })).events;
    expect(checkTeamFields(more)).toHaveLength(2);
    expect(checkTeamFields(more, { annotations: ["example.com/by"] })).toEqual([
      expect.stringContaining("spec.minReadySeconds was undefined and is 5"),
    ]);
  });
});

describe("I13 ownership", () => {
  const owned = (...managers: string[]) => ({ metadata: { managedFields: managers.map((manager) => ({ manager, operation: "Update" })) } });

  it("looks at the end of the record only", () => {
    const { events } = record().put("Deployment", "nginx", owned("kubectl", "serin")).put("Deployment", "nginx", owned("kubectl"));
    expect(checkNothingOwned(events)).toEqual([]);
    expect(checkNothingOwned(events.slice(0, 1))).toEqual([expect.stringContaining('an entry of "serin" (Update)')]);
  });
});
