import { expect, test } from "vitest";
import type { CanaryPolicy } from "../../../src/api/policy.ts";
import { policyConditions } from "../../../src/core/analysis/policyConditions.ts";
import type { ReceiverState } from "../../../src/core/notify/notified.ts";
import { aPolicy, withSpec } from "../../build/policy.ts";

const now = "2026-11-23T12:00:00Z";
const later = "2026-11-23T13:00:00Z";
const slack = { name: "people", slack: { secretRef: { name: "serin-slack" } } };
const events = { name: "events", cloudEvents: { address: "http://x" } };
const policy = aPolicy(withSpec({ notifications: [slack, events] }));
const state = (receiver: string, fields: Partial<ReceiverState> = {}): ReceiverState => ({
  receiver,
  trouble: undefined,
  delivered: false,
  ...fields,
});

const statusOf = (of: CanaryPolicy, states: ReceiverState[], at = now) => policyConditions(of, at, () => undefined, { states });
const notified = (of: CanaryPolicy, states: ReceiverState[], at = now) =>
  statusOf(of, states, at).conditions?.find(({ type }) => type === "Notified");

test("a policy that tells nobody says nothing of it", () => {
  expect(notified(aPolicy(), [])).toBeUndefined();
});

test("Notified: unknown, then true, then false with each receiver that fails and why", () => {
  expect(notified(policy, [])).toMatchObject({
    status: "Unknown",
    reason: "NothingSent",
    message: "people (slack), events (cloudEvents): nothing was sent yet",
  });
  expect(notified(policy, [state("events", { delivered: true })])).toMatchObject({
    status: "True",
    reason: "Delivered",
    message: "events (cloudEvents): took what was last sent",
  });
  const failing = [state("people", { trouble: "hooks.slack.com answered HTTP 404\n" }), state("events", { delivered: true })];
  expect(notified(policy, failing)).toMatchObject({
    status: "False",
    reason: "ReceiverFailing",
    message: "people (slack): hooks.slack.com answered HTTP 404\\u000a",
  });
});

test("a new leader, who knows nothing yet, leaves what the one before said", () => {
  const before = { ...policy, status: statusOf(policy, [state("people", { trouble: "HTTP 404" })]) };
  expect(statusOf(before, [], later)).toEqual(before.status);
  expect(notified(before, [state("people", { delivered: true })], later)).toMatchObject({ status: "True", lastTransitionTime: later });
});
