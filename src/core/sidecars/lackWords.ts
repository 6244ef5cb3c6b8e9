import type { Lack } from "./demand.ts";
import type { LackReason } from "./reasons.ts";

/** The reason that explains the others: what is left out with something is a consequence. @param lacks at least one */
export const mainReason = (lacks: readonly Lack[]): LackReason =>
  (lacks.find(({ reason }) => reason !== "LeftOut") ?? lacks[0])?.reason ?? "NotAdded";

/** Everything that is lacking, and why; what has the same reason is told together: `volume traces, container tracer: the pod was made …`. */
export function lacksInWords(lacks: ReadonlyArray<Pick<Lack, "what" | "message">>): string {
  const byWhy = new Map<string, string[]>();
  for (const { what, message } of lacks) {
    const why = message.startsWith(`${what}: `) ? message.slice(what.length + 2) : message;
    const whats = byWhy.get(why);
    if (whats === undefined) byWhy.set(why, [what]);
    else whats.push(what);
  }
  return [...byWhy].map(([why, whats]) => `${whats.join(", ")}: ${why}`).join("; ");
}
