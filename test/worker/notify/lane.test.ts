import { describe, expect, it } from "vitest";
import { Lane, longestLane, type Outcome } from "../../../src/worker/notify/lane.ts";
import type { Posted } from "../../../src/worker/notify/post.ts";
import { HandClock, settled } from "../handClock.ts";

const delivered: Posted = { kind: "delivered" };
const again: Posted = { kind: "again", message: "answered HTTP 500" };

function aLane(answer: (item: number, attempt: number) => Posted | Promise<Posted>) {
  const clock = new HandClock();
  const ends = new AbortController();
  const told: Array<[item: number, outcome: Outcome, at: number]> = [];
  let attempts = 0;
  const lane = new Lane<number>(
    {
      clock,
      attempt: async (item) => {
        attempts += 1;
        return answer(item, attempts);
      },
      // An item is the millisecond in which it was decided.
      timeLeft: (item) => item + 900_000 - clock.now(),
      onOutcome: (item, outcome) => told.push([item, outcome, clock.now()]),
      random: () => 1,
    },
    ends.signal,
  );
  return { lane, clock, told, ends };
}

describe("what waits for one receiver", () => {
  it("is sent in order, one at a time", async () => {
    let underWay = 0;
    const { lane, told } = aLane(async () => {
      underWay += 1;
      expect(underWay).toBe(1);
      await settled();
      underWay -= 1;
      return delivered;
    });
    for (const item of [0, 1, 2]) lane.add(item);
    for (let i = 0; i < 5; i += 1) await settled();
    expect(told).toEqual([0, 1, 2].map((item) => [item, "sent", 0]));
    expect([lane.trouble, lane.delivered]).toEqual([undefined, true]);
  });

  it("is tried again after 1, 2, 4 … 60 s, and what comes after it waits", async () => {
    const { lane, clock, told } = aLane((_item, attempt) => (attempt > 8 ? delivered : again));
    lane.add(0);
    lane.add(1);
    await clock.advance(200_000);
    const at = [0, 1, 3, 7, 15, 31, 63, 123];
    expect(told).toEqual([...at.map((second) => [0, "failed", second * 1_000]), [0, "sent", 183_000], [1, "sent", 183_000]]);
  });

  it("is lost when it can't even be written, and the next one is sent", async () => {
    const { lane, told } = aLane((item) => {
      if (item === 0) throw new Error("no letter");
      return delivered;
    });
    lane.add(0);
    lane.add(1);
    for (let i = 0; i < 5; i += 1) await settled();
    expect(told.map(([item, outcome]) => [item, outcome])).toEqual([
      [0, "lost"],
      [1, "sent"],
    ]);
    expect(lane.trouble).toBe(undefined);
  });

  it("is lost when its time is over; then it is the next one's turn", async () => {
    const { lane, clock, told } = aLane((item) => (item === 0 ? again : delivered));
    lane.add(0);
    lane.add(1);
    await clock.advance(1_000_000);
    expect(told.at(-2)?.slice(0, 2)).toEqual([0, "lost"]);
    expect(told.at(-2)?.[2]).toBeLessThanOrEqual(900_000);
    expect(told.at(-1)?.slice(0, 2)).toEqual([1, "sent"]);
  });

  it("is lost at once when it is refused, and holds up nothing", async () => {
    const { lane, clock, told } = aLane((item) => (item === 0 ? { kind: "refused", message: "answered HTTP 400" } : delivered));
    lane.add(0);
    lane.add(1);
    await clock.advance(0);
    await settled();
    expect(told).toEqual([
      [0, "lost", 0],
      [1, "sent", 0],
    ]);
  });

  it("waits as long as the receiver says", async () => {
    const { lane, clock, told } = aLane((_item, attempt) => (attempt === 1 ? { ...again, afterMs: 30_000 } : delivered));
    lane.add(0);
    await clock.advance(60_000);
    expect(told).toEqual([
      [0, "failed", 0],
      [0, "sent", 30_000],
    ]);
  });

  it("is bounded: the oldest goes, but the one under way", async () => {
    const { lane, told, ends } = aLane(() => new Promise<Posted>(() => {}));
    for (let item = 0; item < longestLane + 3; item += 1) lane.add(item);
    expect(told).toEqual([1, 2, 3].map((item) => [item, "lost", 0]));
    ends.abort();
  });

  it("is no trouble before the third failure in a row, and none after a success", async () => {
    const { lane, clock } = aLane((_item, attempt) => (attempt > 3 ? delivered : again));
    lane.add(0);
    await clock.advance(1_000);
    expect(lane.trouble).toBeUndefined();
    await clock.advance(2_000);
    expect(lane.trouble).toBe("answered HTTP 500");
    await clock.advance(4_000);
    expect(lane.trouble).toBeUndefined();
  });

  it("stays where it is when the term ends", async () => {
    const { lane, clock, told, ends } = aLane(() => again);
    lane.add(0);
    await clock.advance(500);
    ends.abort();
    await settled();
    lane.add(1);
    await clock.advance(100_000);
    expect(told).toEqual([[0, "failed", 0]]);
    expect(clock.pending).toBe(0);
  });
});
