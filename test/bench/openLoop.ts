import { setTimeout as delay } from "node:timers/promises";

/**
 * Starts one call every so often, whether or not the ones before are done, and gives the milliseconds of each from when it was due: a stall shows in
 * all that wait behind it.
 */
export async function openLoop(perSecond: number, count: number, call: (index: number) => Promise<void>): Promise<number[]> {
  const gap = 1_000 / perSecond;
  const began = performance.now() + 20;
  const calls: Array<Promise<number>> = [];
  for (let i = 0; i < count; i++) {
    const due = began + i * gap;
    const early = due - performance.now();
    if (early > 1) await delay(early);
    calls.push(call(i).then(() => performance.now() - due));
  }
  return Promise.all(calls);
}
