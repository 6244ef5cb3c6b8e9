import { describe, expect, it } from "vitest";
import { workerHeartbeat } from "../../src/webhook/workerHeartbeat.ts";

/** One hand moves both clocks; the worker's own clock may be anywhere. */
function heartbeat() {
  let elapsed = 0;
  const start = Date.parse("2026-11-23T10:00:00Z");
  const heart = workerHeartbeat({ monotonic: () => 5_000 + elapsed, wall: () => start + elapsed });
  const renewed = (secondsAgo: number, leaseDurationSeconds = 15) =>
    heart.seen({ renewTime: new Date(start + elapsed - secondsAgo * 1_000).toISOString(), leaseDurationSeconds });
  return {
    heart,
    renewed,
    wait: (seconds: number) => {
      elapsed += seconds * 1_000;
    },
  };
}

describe("a worker", () => {
  it("that was never seen is not alive", () => expect(heartbeat().heart.isAlive()).toBe(false));

  it("is alive until twice its lease has passed without a renewal", () => {
    const { heart, renewed, wait } = heartbeat();
    renewed(1);
    wait(29);
    expect(heart.isAlive()).toBe(true);
    wait(2);
    expect(heart.isAlive()).toBe(false);
    renewed(0);
    expect(heart.isAlive()).toBe(true);
  });

  it("that died before the webhook started is not alive at first sight", () => {
    const { heart, renewed } = heartbeat();
    renewed(3_600);
    expect(heart.isAlive()).toBe(false);
  });

  it("is alive when it renews, though its clock is an hour behind or ahead", () => {
    for (const behind of [3_600, -3_600]) {
      const { heart, renewed, wait } = heartbeat();
      renewed(behind);
      wait(2);
      renewed(behind);
      expect(heart.isAlive()).toBe(true);
      wait(31);
      expect(heart.isAlive()).toBe(false);
    }
  });

  it("is not kept alive by the same renewal seen again", () => {
    const { heart, wait } = heartbeat();
    const lease = { renewTime: "2026-11-23T10:00:00Z", leaseDurationSeconds: 15 };
    for (let i = 0; i < 4; i++) {
      heart.seen(lease);
      wait(10);
    }
    expect(heart.isAlive()).toBe(false);
  });

  it("that released its lease leaves its successor half a minute", () => {
    const { heart, renewed, wait } = heartbeat();
    renewed(0, 1);
    wait(29);
    expect(heart.isAlive()).toBe(true);
  });

  it("whose lease was deleted is not alive", () => {
    const { heart, renewed } = heartbeat();
    renewed(0);
    heart.seen(undefined);
    expect(heart.isAlive()).toBe(false);
  });
});
