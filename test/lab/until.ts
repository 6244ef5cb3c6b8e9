import { setTimeout as delay } from "node:timers/promises";
import { LabFault } from "./labFault.ts";

/**
 * Waits for a condition, and says what it waited for when it never came. A condition that throws counts as "not yet":
 * a part that has not opened its port refuses connections.
 *
 * @param longestWaitMs Between two looks. A look is often a process (kubectl), and labs share their CPUs: what takes long is looked at less often.
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false>,
  seconds = 120,
  longestWaitMs = 200,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last = "";
  let wait = 40;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      if (error instanceof LabFault) throw error;
      last = ` (last: ${error instanceof Error ? error.message : String(error)})`;
    }
    if (Date.now() > deadline) throw new LabFault(`waited ${seconds} s in vain for ${what}${last}`);
    await delay(wait);
    wait = Math.min(wait * 1.2, longestWaitMs);
  }
}
