import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { type Answer, type Front, frontPrometheus, gigabyte, values } from "./frontPrometheus.ts";
import type { Load } from "./load/startLoad.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, steps, successRate, tell } from "./story.ts";
import { hostOf, house, settleTown, townLoad, townPolicy } from "./storyTown.ts";

interface Fault {
  name: string;
  answer: Answer;
  /** What the plan says of the built-in, and of the query. */
  counted: RegExp;
  asked: RegExp;
}

const noTime = /Prometheus did not say when the requests were counted/;
const both = (says: RegExp) => ({ counted: says, asked: says });
const faults: Fault[] = [
  { name: "hung", answer: () => {}, ...both(/did not answer within 5s/) },
  { name: "empty", answer: values(), counted: noTime, asked: /no data for .*the query answered nothing/ },
  { name: "nan", answer: values("NaN"), counted: noTime, asked: /no data for .*\[NaN\]/ },
  { name: "two", answer: values("1", "0"), counted: noTime, asked: /reads one of the 2 series/ },
  { name: "huge", answer: gigabyte, ...both(/answered more than 1048576 bytes/) },
  {
    name: "moved",
    answer: (response) => response.writeHead(302, { location: "http://10.96.0.90:9090/api/v1/query" }).end(),
    ...both(/redirects to http:\/\/10\.96\.0\.90:9090\/api\/v1\/query: redirects aren't followed/),
  },
  { name: "busy", answer: (response) => response.writeHead(429, { "retry-after": "7" }).end(), ...both(/HTTP 429: too many queries/) },
];
const names = faults.map(({ name }) => name);
const imageOf = (name: string): string => `${name}/nginx:2`;

/** A built-in and a query, each with the application's name in what it asks, so that the front knows whose question it is. */
const metricsOf = (name: string) => [
  {
    name: "counted",
    builtin: { successRate: {}, matchers: [{ label: "destination_service_name", value: name }] },
    consecutiveErrorLimit: 50,
  },
  { ...successRate({ interval: "2s" }), name: "asked", consecutiveErrorLimit: 50 },
];

describe("a Prometheus that answers anything, to a built-in and to a query", () => {
  let front: Front;
  let story: Story;
  const loads: Load[] = [];
  let pids: Record<string, number>;
  let peaks: number[];
  beforeAll(async () => {
    front = await frontPrometheus();
    story = await tell({ asks: front.address });
    const policies = names.map((name) =>
      townPolicy(name, { steps: steps([30, "1s"], [60, "1s"]), analysis: { metrics: metricsOf(name) } }),
    );
    await settleTown(
      story,
      policies,
      names.flatMap((name) => house(name)),
    );
    await story.record();
    for (const name of names) loads.push(await townLoad(story, name, 30));
    pids = workers();
    peaks = await Promise.all(Object.values(pids).map(peakMegabytes));
  });
  afterAll(async () => {
    await story?.stop();
    await front?.refuse();
  });

  it("out of reach: nobody rises, and each plan says so of both", async () => {
    await front.refuse();
    for (const name of names) await story.setImage(imageOf(name), name);
    const outOfReach = both(/Prometheus at http:\/\/127\.0\.0\.1:9490 can't be asked/);
    await Promise.all(names.map((name) => holds({ name, ...outOfReach })));
  });

  it("then each with a fault of its own: nobody rises, and each plan says what is wrong", async () => {
    for (const { name, answer } of faults) front.answers.set(`destination_service_name="${name}"`, answer);
    await front.listen();
    await Promise.all(faults.map(holds));
  });

  it("back again: all go on and are promoted, by the same workers, no larger than before", async () => {
    front.answers.clear();
    for (const name of names) expect((await story.ends(imageOf(name))).status?.phase).toBe("Promoted");
    for (const load of loads) expect((await load.stop()).failures).toEqual([]);
    expect(workers()).toEqual(pids);
    const now = await Promise.all(Object.values(pids).map(peakMegabytes));
    console.log(`the workers' largest memory, before and after: ${peaks.join(" and ")} MB, ${now.join(" and ")} MB`);
    for (const [index, peak] of now.entries()) expect(peak - (peaks[index] ?? 0)).toBeLessThan(150);
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });

  async function holds({ name, counted, asked }: Omit<Fault, "answer">): Promise<void> {
    const plan = await story.planWhen(
      imageOf(name),
      `says ${counted} and ${asked} (${hostOf(name)})`,
      (now) => counted.test(saidOf(now, "counted")) && asked.test(saidOf(now, "asked")) && asked.test(now.status?.message ?? ""),
    );
    expect(plan.status).toMatchObject({ phase: "Progressing", reason: "WaitingForPass", step: { index: 1 }, weight: { desired: 30 } });
  }

  const workers = (): Record<string, number> =>
    Object.fromEntries(Object.entries(story.lab.processes.pids).filter(([name]) => name.startsWith("serin-worker")));
});

const saidOf = ({ status }: CanaryPlan, name: string): string => status?.metrics?.find((metric) => metric.name === name)?.message ?? "";

async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024);
}
