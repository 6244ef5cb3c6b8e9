import { growth } from "./growth.ts";
import type { MemoryFigures } from "./measure.ts";
import type { Window } from "./processMemory.ts";

/** In bytes. A megabyte is a million of them, as strict as the word allows. */
export const targets = { worker: 200e6, webhook: 120e6, perPlan: 4_096 } as const;

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const kib = (bytes = 0) => `${(bytes / 1_024).toFixed(2)} KiB`;

/** The figures as lines, and whether all targets are met. */
export function inWords({ grown, heap, started, cameAndWent }: MemoryFigures): { text: string; isMet: boolean } {
  const rows: Array<[name: string, window: Window | undefined, target: number | undefined]> = [
    ["worker, leader", grown.leader, targets.worker],
    ["worker, standby", grown.standby, targets.worker],
    ["webhook, 50 reviews/s", grown.webhook, targets.webhook],
    ["worker, started beside all of it", started.worker, targets.worker],
    ["webhook, started beside all of it", started.webhook, targets.webhook],
    ["client-node's informers beside the worker", grown.informers, undefined],
    ["bare https server, 50 reviews/s", grown.bareServer, undefined],
  ];
  let isMet = true;
  const verdict = (value: number, target: number | undefined, shown: string) => {
    if (target === undefined) return "";
    isMet &&= value <= target;
    return `   target ≤ ${shown}: ${value <= target ? "met" : "MISSED"}`;
  };
  const lines = rows.flatMap(([name, window, target]) => {
    if (window === undefined) return [];
    const { median, highest, peak, cpuShare } = window;
    const numbers = [median, highest, peak].map((bytes) => mb(bytes).padStart(10)).join("");
    return [`${name.padEnd(43)}${numbers}${(cpuShare * 100).toFixed(1).padStart(7)} %${verdict(highest, target, mb(target ?? 0))}`];
  });
  const ratio = (one: Window, other: Window | undefined) => (other ? `${(one.median / other.median).toFixed(2)} ×` : "not measured");
  lines.push(
    `ratio of medians: leader to informers ${ratio(grown.leader, grown.informers)}, webhook to bare server ${ratio(grown.webhook, grown.bareServer)}`,
  );
  lines.push(`heap after a full collection: leader ${mb(heap.leader.all)}, webhook ${mb(heap.webhook.all)}`);
  for (const [which, heaps] of Object.entries(cameAndWent?.heaps ?? {})) {
    const [data, all] = (["data", "all"] as const).map((part) => {
      const bytes = heaps.map((heap) => heap[part]);
      return { each: growth(bytes, cameAndWent?.plans ?? 1), shown: bytes.map((one) => (one / 1e6).toFixed(2)).join(" ") };
    });
    const kept = `heap that stays for each plan that came and went, without code, ${which}: ${kib(data?.each)}`;
    lines.push(`${kept}${verdict(data?.each ?? 0, targets.perPlan, kib(targets.perPlan))}`);
    lines.push(`  after each round of ${cameAndWent?.plans}: ${data?.shown} MB`);
    lines.push(`  with what is compiled, which still grows: ${all?.shown} MB, ${kib(all?.each)} for each plan`);
  }
  const head = `${"RSS".padEnd(43)}    median   highest ever since   CPU`;
  return { text: `${[head, ...lines].join("\n")}\n`, isMet };
}
