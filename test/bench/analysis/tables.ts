import type { Fared, Played } from "./play.ts";
import { type RuleName, rules } from "./rules.ts";
import type { Scenario } from "./traffic.ts";

/*
 * What is played, and how it is printed: the settings of ../shared/research/performance.md §3.3, each with the rows of the tables.
 */
export const ruleNames = Object.keys(rules) as RuleName[];
export const rates = [10, 100, 1000] as const;
export const weights = [0.05, 0.3] as const;
const badErrors = [0.02, 0.05, 0.1, 0.5] as const;

/** The rules that a comparison of looks, or of pods, is about. */
const ourOwn: readonly RuleName[] = ["E", "Serin"];

const levels = weights.flatMap((weight) => rates.map((rps) => ({ rps, weight })));

export const sections: ReadonlyArray<{
  title: string;
  shows: "times" | "stops";
  rules: readonly RuleName[];
  scenarios: readonly Scenario[];
}> = [
  {
    title: "Bad from the start: median / p95 seconds to stop (failed requests of the canary until then)",
    shows: "times",
    rules: ruleNames,
    scenarios: levels.flatMap((level) => badErrors.map((errors) => ({ ...level, errors }))),
  },
  {
    title: "Turned bad after 10 min of good health: the same, from then on",
    shows: "times",
    rules: ["A", "F", "E", "Serin"],
    scenarios: levels.flatMap((level) => [0.05, 0.5].map((errors) => ({ ...level, errors, turnsBadAt: 600 }))),
  },
  {
    title: "Bad from the start, by the seconds between two looks",
    shows: "times",
    rules: ourOwn,
    scenarios: [1, 2, 15, 30].flatMap((every) => [10, 100].map((rps) => ({ rps, weight: 0.05, errors: 0.5, every }))),
  },
  {
    title: "Bad from the start, on 2 canary and 18 stable pods that are told apart",
    shows: "times",
    rules: ourOwn,
    scenarios: [10, 100].flatMap((rps) => badErrors.map((errors) => ({ rps, weight: 0.1, errors, pods: { canary: 2, stable: 18 } }))),
  },
  {
    title: "Healthy: stopped within 30 min",
    shows: "stops",
    rules: ruleNames,
    scenarios: levels.map((level) => ({ ...level, errors: 0.005 })),
  },
  {
    title: "Healthy, the canary's one pod has a burst (15 s of 50 % errors, once per 30 min on average): stopped within 30 min",
    shows: "stops",
    rules: ruleNames,
    scenarios: levels.map((level) => ({ ...level, errors: 0.005, bursts: "one canary pod" as const })),
  },
  {
    title: "The same, by the seconds between two looks",
    shows: "stops",
    rules: ourOwn,
    scenarios: [1, 2, 15, 30].map((every) => ({ rps: 100, weight: 0.05, errors: 0.005, every, bursts: "one canary pod" as const })),
  },
  {
    title: "Healthy, every one of 2 canary and 18 stable pods has such bursts, pods told apart: stopped within 30 min",
    shows: "stops",
    rules: ["A", "F", "E", "Serin"],
    scenarios: [100, 1000].map((rps) => ({
      ...{ rps, weight: 0.1, errors: 0.005 },
      ...{ bursts: "all pods" as const, pods: { canary: 2, stable: 18 } },
    })),
  },
];

/** A line per scenario, a column per rule. */
export function printed(section: (typeof sections)[number], played: readonly Played[]): string {
  const width = section.shows === "times" ? 18 : 12;
  const cell = (text: string) => text.padStart(width);
  const head = `${"rps  weight  errors looks".padEnd(26)}${section.rules.map((name) => cell(shortName(name))).join("")}`;
  const lines = section.scenarios.map(({ rps, weight, errors, every = 5 }, at) => {
    const cells = section.rules.map((name) => cell(show(played[at]?.[name], section.shows)));
    return `${String(rps).padEnd(5)}${percent(weight).padEnd(8)}${percent(errors).padEnd(7)}${`${every} s`.padEnd(6)}${cells.join("")}`;
  });
  return `${section.title}\n${[head, ...lines].join("\n")}\n`;
}

const shortName = (name: RuleName): string => name.replace("Serin, tolerance ", "Serin ");

function show(fared: Fared | undefined, shows: "times" | "stops"): string {
  if (fared === undefined) return "";
  if (shows === "stops") return percent(fared.stopped, 1);
  return `${seconds(fared.median)}/${seconds(fared.p95)} (${Math.round(fared.failedRequests)})`;
}

const seconds = (time: number): string => (Number.isFinite(time) ? String(time) : "—");

export const percent = (share: number, digits = 3): string => `${Number((share * 100).toFixed(digits))} %`;
