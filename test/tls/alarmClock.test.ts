import { expect, it } from "vitest";
import { alarmClock } from "../../src/tls/alarmClock.ts";

async function took(waiting: Promise<void>): Promise<number> {
  const began = performance.now();
  await waiting;
  return performance.now() - began;
}

it("sleeps until it is woken, also when that was before it went to bed, but always rests a little", async () => {
  const alarm = alarmClock(30);
  const sleeping = took(alarm.sleep(60_000));
  setTimeout(alarm.wake, 60);
  expect(await sleeping).toBeLessThan(5_000);
  alarm.wake();
  const short = await took(alarm.sleep(60_000));
  expect(short).toBeGreaterThan(25);
  expect(short).toBeLessThan(5_000);
});

it("is woken once by each waking", async () => {
  const alarm = alarmClock(1);
  alarm.wake();
  await alarm.sleep(60_000);
  expect(await took(alarm.sleep(80))).toBeGreaterThan(75);
});

it("a rest is not cut short by an event, only by the end", async () => {
  const alarm = alarmClock(1);
  const resting = took(alarm.rest(80));
  alarm.wake();
  expect(await resting).toBeGreaterThan(75);
  const ended = took(alarm.rest(60_000));
  alarm.close();
  expect(await ended).toBeLessThan(5_000);
  expect(await took(alarm.sleep(60_000))).toBeLessThan(5_000);
});
