import { readFileSync } from "node:fs";

/** In bytes and milliseconds, by the kernel's count. */
export interface ProcessMemory {
  rss: number;
  /** The highest RSS since the process began. */
  peak: number;
  cpuMs: number;
}

/** Linux gives times in ticks of 10 ms (USER_HZ) on every architecture that Node runs on. */
const tickMs = 10;

/** @throws when the process is gone */
export function processMemory(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1_024;
  // The second field is the program's name in brackets, which may have spaces in it.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return { rss: kib("VmRSS"), peak: kib("VmHWM"), cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs };
}

export interface Window {
  median: number;
  highest: number;
  /** Since the process began. */
  peak: number;
  /** Of one core, over the window. */
  cpuShare: number;
}

/** Looks at each process once a second, from now until `end` is called. */
export function watchMemory<Name extends string>(pids: Readonly<Record<Name, number>>): { end(): Record<Name, Window> } {
  const names = Object.keys(pids) as Name[];
  const first = new Map(names.map((name) => [name, processMemory(pids[name])]));
  const seen = new Map(names.map((name): [Name, number[]] => [name, []]));
  const began = performance.now();
  const look = () => names.map((name) => seen.get(name)?.push(processMemory(pids[name]).rss));
  const timer = setInterval(look, 1_000);
  return {
    end() {
      clearInterval(timer);
      look();
      const elapsed = performance.now() - began;
      const of = (name: Name): Window => {
        const sorted = (seen.get(name) ?? []).sort((a, b) => a - b);
        const { peak, cpuMs } = processMemory(pids[name]);
        return {
          median: sorted[Math.floor(sorted.length / 2)] ?? 0,
          highest: sorted.at(-1) ?? 0,
          peak,
          cpuShare: (cpuMs - (first.get(name)?.cpuMs ?? 0)) / elapsed,
        };
      };
      return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, Window>;
    },
  };
}
