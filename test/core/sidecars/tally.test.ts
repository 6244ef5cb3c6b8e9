import { describe, expect, test } from "vitest";
import type { SidecarPolicy } from "../../../src/api/sidecarPolicy.ts";
import { sidecarPolicyStatus } from "../../../src/api/sidecarPolicy.ts";
import type { PodCase } from "../../../src/core/sidecars/pod.ts";
import { asSeen, inForceSince, sidecarStatus } from "../../../src/core/sidecars/policyStatus.ts";
import { type Tally, tallyOf } from "../../../src/core/sidecars/tally.ts";
import { named } from "../../build/change.ts";
import { aSidecarPolicy, asking, type SidecarPolicyDraft, tracer, withFields } from "../../build/sidecarPolicy.ts";
import { annotation, initContainer, madeAt, ofSpec, type PodChange, pod, stored } from "./cases.ts";

const now = "2026-11-23T10:00:00Z";
const since = "2026-11-23T09:00:01Z";
const policy = asSeen(aSidecarPolicy(), since);
const old = "2026-11-23T08:00:00Z";
const young = "2026-11-23T09:30:00Z";

const nth =
  (name: string): PodChange =>
  ({ metadata }) => {
    metadata.name = name;
  };
const aStored = (name: string, made: string, ...changes: PodChange[]): PodCase => stored(pod(madeAt(made), ...changes, nth(name)));
const traced: PodChange[] = [
  initContainer("tracer", { image: tracer.image, restartPolicy: "Always", volumeMounts: tracer.volumeMounts }),
  ofSpec({ volumes: [{ name: "traces", emptyDir: {} }] }),
];
const put = (tally: Tally, ...cases: PodCase[]) => {
  for (const c of cases) tally.put(`${c.namespace}/${c.pod.metadata.name}`, c);
};

describe("pods are counted one by one", () => {
  test("each is told to the policies whose count it changes, and to no other", () => {
    const other = aSidecarPolicy(named("other"), withFields({ match: { podSelector: { matchLabels: { app: "db" } } } }));
    const tally = tallyOf([policy, other], "serin-system");
    expect(tally.put("shop/a", aStored("a", old))).toEqual(["tracing"]);
    expect(tally.put("shop/a", aStored("a", old))).toEqual([]);
    expect(tally.put("shop/b", aStored("b", young, ...traced))).toEqual(["tracing"]);
    expect(tally.of("tracing")).toMatchObject({ matched: 2 });
    expect([...tally.of("tracing").missing.values()]).toEqual([
      {
        namespace: "shop",
        name: "a",
        reason: "CreatedBefore",
        message: "volume traces, container tracer: the pod was made before the policy said so",
      },
    ]);
    expect(tally.of("other")).toEqual({ matched: 0, missing: new Map() });
  });

  test("one that changes its mind, goes away or never was anybody's leaves nothing behind", () => {
    const tally = tallyOf([policy], "serin-system");
    put(tally, aStored("a", young));
    expect(tally.of("tracing").missing.get("shop/a")?.reason).toBe("NotAdded");
    expect(tally.put("shop/a", aStored("a", young, annotation("serin.dev/sidecars", "off")))).toEqual(["tracing"]);
    expect(tally.of("tracing").missing.get("shop/a")?.reason).toBe("OptedOut");
    expect(tally.put("shop/a", undefined)).toEqual(["tracing"]);
    expect(tally.of("tracing")).toEqual({ matched: 0, missing: new Map() });
    expect(tally.put("shop/a", undefined)).toEqual([]);
    expect(tally.put("kube-system/x", stored(pod(nth("x")), { namespace: "kube-system" }))).toEqual([]);
  });

  test("what is left out with something is not the reason", () => {
    const taken = aStored("a", young, ofSpec({ volumes: [{ name: "traces", configMap: { name: "c" } }] }));
    const tally = tallyOf([policy], "serin-system");
    put(tally, taken);
    expect(tally.of("tracing").missing.get("shop/a")).toMatchObject({
      reason: "NameTaken",
      message: "volume traces: the pod has another volume of that name; container tracer: left out with volume traces",
    });
  });

  test("a message of many variables is cut to what a status holds", () => {
    const env = Array.from({ length: 32 }, (_, index) => ({ name: `VARIABLE_OF_A_LONG_NAME_${index}`, value: "x" }));
    const many = asSeen(aSidecarPolicy(asking({ env })), since);
    const tally = tallyOf([many], "serin-system");
    put(tally, aStored("a", young));
    const message = tally.of("tracing").missing.get("shop/a")?.message ?? "";
    expect({ length: message.length, end: message.at(-1) }).toEqual({ length: 512, end: "…" });
  });
});

const statusOf = (seen: SidecarPolicy, ...cases: PodCase[]) => {
  const tally = tallyOf([seen], "serin-system");
  put(tally, ...cases);
  const status = sidecarStatus(seen, tally.of(seen.metadata.name), now);
  expect(sidecarPolicyStatus.safeParse(status).error).toBeUndefined();
  return status;
};

describe("the status of a policy", () => {
  test("counts, names at most 50 in the order of their names, and sums up why", () => {
    const cases = Array.from({ length: 60 }, (_, index) => aStored(`p-${String(99 - index).padStart(3, "0")}`, index < 20 ? young : old));
    const status = statusOf(policy, ...cases, aStored("fine", young, ...traced));
    expect(status).toMatchObject({ observedGeneration: 1, inForceSince: since, matched: 61, carrying: 1, missing: 60 });
    expect(status.pods?.map(({ name }) => name)).toEqual(
      Array.from({ length: 50 }, (_, index) => `p-${String(40 + index).padStart(3, "0")}`),
    );
    expect(status.conditions).toEqual([
      {
        type: "Complete",
        status: "False",
        reason: "SomeMiss",
        message: "something is missing in 60 of 61 pods: 40 CreatedBefore, 20 NotAdded. See: kubectl serin sidecars -A --missing",
        observedGeneration: 1,
        lastTransitionTime: now,
      },
    ]);
  });

  test.each([
    ["all carry", policy, [aStored("a", young, ...traced)], "True", "AllCarry", "nothing is missing (1 pod)"],
    ["no pods", policy, [], "True", "NoPods", "no running pod is one that the policy is for"],
    [
      "suspended",
      asSeen(aSidecarPolicy(withFields({ suspend: true })), since),
      [aStored("a", old)],
      "Unknown",
      "Suspended",
      "the policy is suspended: it asks nothing",
    ],
  ] as const)("%s", (_, seen, cases, status, reason, message) => {
    expect(statusOf(seen, ...cases).conditions).toMatchObject([{ status, reason, message }]);
  });

  test("is the same again when it is computed again later", () => {
    const status = statusOf(policy, aStored("a", old));
    const tally = tallyOf([policy], "serin-system");
    put(tally, aStored("b", old), aStored("a", young), aStored("a", old));
    tally.put("shop/b", undefined);
    expect(sidecarStatus({ ...policy, status }, tally.of("tracing"), "2026-11-23T11:00:00Z")).toEqual(status);
  });
});

describe("since when a policy says what it says", () => {
  const at = Date.parse("2026-11-23T12:00:00.700Z");
  const changed =
    (generation: number, status?: SidecarPolicyDraft["status"]) =>
    (draft: SidecarPolicyDraft): void => {
      draft.metadata.generation = generation;
      if (status) draft.status = status;
    };
  test.each([
    ["one that was never changed: since the second after it was made", aSidecarPolicy(), "2026-11-23T09:00:01Z"],
    ["one that was changed: from now on", aSidecarPolicy(changed(2)), "2026-11-23T12:00:01Z"],
    [
      "what is stored for another generation is over",
      aSidecarPolicy(changed(3, { observedGeneration: 2, inForceSince: since })),
      "2026-11-23T12:00:01Z",
    ],
    ["what is stored for this one stays", aSidecarPolicy(changed(2, { observedGeneration: 2, inForceSince: since })), since],
  ])("%s", (_, of, expected) => {
    expect(inForceSince(of, at)).toBe(expected);
  });
});
