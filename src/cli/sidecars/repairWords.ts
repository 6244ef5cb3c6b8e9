import { lacksInWords } from "../../core/sidecars/lackWords.ts";
import type { PodLacks, Repair } from "../../core/sidecars/repair.ts";

export const podsInWords = (count: number): string => (count === 1 ? "1 pod" : `${count} pods`);

/** So many names of pods are told; the list of all is another command's. */
const mostNames = 3;

/** `tracing: volume traces, container tracer: the pod was made before … (4 pods: a, b, c, …)`, one line for what is the same. */
export function lacksOf(found: readonly PodLacks[]): string[] {
  const pods = new Map<string, string[]>();
  for (const { pod, policy, lacks } of found) {
    const line = `${policy}: ${lacksInWords(lacks)}`;
    pods.set(line, [...(pods.get(line) ?? []), pod]);
  }
  return [...pods].map(([line, names]) => {
    const told = [...names].sort().slice(0, mostNames);
    return `${line} (${podsInWords(names.length)}: ${told.join(", ")}${names.length > told.length ? ", …" : ""})`;
  });
}

/** Why there is nothing to repair; undefined when there is something. */
export function whyNothing(workload: string, { matched, brought, left }: Repair): string | undefined {
  if (matched === 0) return `nothing to repair: no SidecarPolicy asks anything of a running pod of ${workload}`;
  return brought.length + left.length === 0 ? `nothing to repair: nothing is missing in ${workload} (${podsInWords(matched)})` : undefined;
}
