import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { denied } from "../../src/core/admission/admission.ts";
import type { Words } from "../../src/core/admission/reasons.ts";
import { denials } from "../../src/webhook/denials.ts";
import type { Review } from "../../src/webhook/parseReview.ts";

const words: Words = { reason: "ResumeRefused", message: "web is held by a canary", warnings: [] } as unknown as Words;
const refusal = denied(words, { plan: "web-1" });

interface Written {
  metadata: { name: string; namespace: string };
  note: string;
  regarding: object;
  related?: object;
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-25T10:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

function noting(write: (event: Written) => Promise<unknown> = async () => undefined) {
  const events: Written[] = [];
  const counts = { written: 0, dropped: 0, failed: 0 };
  let uid = 0;
  const told = denials({
    client: {
      create: (async (_: unknown, event: Written) => {
        events.push(event);
        return write(event);
      }) as never,
    },
    now: Date.now,
    instance: "serin-webhook-x",
    counted: (outcome) => {
      counts[outcome] += 1;
    },
  });
  const deny = (name: string, over: { user?: string; dryRun?: boolean; kind?: string } = {}) => {
    const { user = "eve", dryRun = false, kind = "apps/Deployment" } = over;
    uid += 1;
    const asking = { requestUid: `uid-${uid}`, user, groups: [], operation: "UPDATE", dryRun, namespace: "shop", name };
    told.note({ uid: `uid-${uid}`, kind, asking, object: {}, oldObject: { metadata: { uid: "of-web" } } } satisfies Review, refusal);
  };
  return { events, counts, deny, note: told.note, stop: told.stop };
}

test("a refusal is an Event on the Deployment, related to the plan, and tells who was refused", async () => {
  const { events, counts, deny } = noting();
  deny("web");
  expect(events).toEqual([]);
  await vi.advanceTimersByTimeAsync(0);
  expect(events).toMatchObject([
    {
      metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{12}$/), namespace: "shop" },
      eventTime: "2026-11-25T10:00:00.000000Z",
      reportingController: "serin.dev/webhook",
      reportingInstance: "serin-webhook-x",
      action: "Admission",
      reason: "ResumeRefused",
      note: "refused to eve: web is held by a canary",
      type: "Warning",
      regarding: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web", uid: "of-web" },
      related: { apiVersion: "serin.dev/v1alpha1", kind: "CanaryPlan", namespace: "shop", name: "web-1" },
    },
  ]);
  expect(counts).toEqual({ written: 1, dropped: 0, failed: 0 });
});

test("a plan's refusal is about the plan; a dry run, an answer that refuses nothing and other kinds are no Events", async () => {
  const { events, deny, note } = noting();
  deny("web-1", { kind: "serin.dev/CanaryPlan" });
  deny("web", { dryRun: true });
  deny("pod", { kind: "/Pod" });
  note({ uid: "u", kind: "apps/Deployment", asking: {} as never, object: {}, oldObject: {} }, { ...refusal, decision: "Held" });
  await vi.advanceTimersByTimeAsync(120_000);
  expect(events.map(({ regarding, related }) => [regarding, related])).toEqual([
    [expect.objectContaining({ apiVersion: "serin.dev/v1alpha1", kind: "CanaryPlan", name: "web-1" }), undefined],
  ]);
});

test("whoever asks again and again makes two Events a minute, and the second says how often", async () => {
  const { events, counts, deny } = noting();
  for (let second = 0; second < 60; second += 1) {
    deny("web");
    await vi.advanceTimersByTimeAsync(1_000);
  }
  await vi.advanceTimersByTimeAsync(1_000);
  expect(events.map(({ note }) => note)).toEqual([
    "refused to eve: web is held by a canary",
    "refused to eve (59 times since 2026-11-25T10:00:01.000Z): web is held by a canary",
  ]);
  expect(new Set(events.map(({ metadata }) => metadata.name)).size).toBe(2);
  expect(counts.written).toBe(60);
  // Forgotten after a quiet minute: the next one is told at once.
  await vi.advanceTimersByTimeAsync(130_000);
  deny("web");
  await vi.advanceTimersByTimeAsync(0);
  expect(events.at(-1)?.note).toBe("refused to eve: web is held by a canary");
});

test("a crowd is written ten at once and one each three seconds; what finds no room is counted and dropped", async () => {
  const { events, counts, deny } = noting();
  for (let one = 0; one < 200; one += 1) deny(`web-${one}`);
  await vi.advanceTimersByTimeAsync(0);
  expect([events.length, counts.dropped]).toEqual([10, 72]);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(events).toHaveLength(20);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(events).toHaveLength(128);
  expect(counts).toEqual({ written: 128, dropped: 72, failed: 0 });
});

test("one at a time, and an API server that refuses or doesn't answer is counted, never thrown", async () => {
  let answer: () => void = () => undefined;
  const slow = noting(() => new Promise<void>((_, reject) => (answer = () => reject(new Error("forbidden")))));
  slow.deny("a");
  await vi.advanceTimersByTimeAsync(0);
  slow.deny("b");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(slow.events).toHaveLength(1);
  answer();
  await vi.advanceTimersByTimeAsync(0);
  expect([slow.events.length, slow.counts.failed]).toEqual([2, 1]);
  slow.stop();
  answer();
  await vi.advanceTimersByTimeAsync(600_000);
  expect([slow.events.length, slow.counts.failed]).toEqual([2, 2]);
});

test("what a user typed can't break the line", async () => {
  const { events, deny } = noting();
  deny("web", { user: `eve\n\u202e${"x".repeat(2_000)}` });
  await vi.advanceTimersByTimeAsync(0);
  expect(events[0]?.note).toMatch(/^refused to eve\\u000a\\u202ex+…: web is held by a canary$/);
  expect(events[0]?.note.length).toBeLessThanOrEqual(1024);
});

test("what was reviewed is not kept: a hundred refused objects of megabytes would be more than the webhook has", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  vi.useRealTimers();
  const { note, stop } = noting();
  const asking = { requestUid: "u", user: "eve", groups: [], operation: "UPDATE", dryRun: false, namespace: "shop", name: "web" };
  const refuse = (): WeakRef<object>[] => {
    const [object, oldObject] = [{ spec: {} }, { metadata: { uid: "of-web" } }];
    note({ uid: "u", kind: "apps/Deployment", asking, object, oldObject }, refusal);
    return [new WeakRef(object), new WeakRef(oldObject)];
  };
  const refs = refuse();
  await vi.waitFor(() => {
    collect();
    expect(refs.filter((ref) => ref.deref() !== undefined).length).toBe(0);
  });
  stop();
});
