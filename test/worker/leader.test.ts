import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLeader, type Leader, type Term } from "../../src/worker/leader/leader.ts";
import { HandClock, settled } from "./handClock.ts";
import { LeaseServer } from "./leaseServer.ts";

let clock: HandClock;
let server: LeaseServer;
let candidates: Candidate[];

interface Candidate {
  leader: Leader;
  link: ReturnType<LeaseServer["client"]>;
  /** `leads 1`, `stops: reason` */
  log: string[];
  terms: Term[];
  troubles: unknown[];
}

beforeEach(() => {
  clock = new HandClock();
  server = new LeaseServer();
  candidates = [];
});
afterEach(async () => {
  for (const candidate of candidates) {
    candidate.link.link = "down";
    const stopped = candidate.leader.stop();
    await clock.advance(10_000);
    await Promise.race([stopped, settled()]);
  }
});

function aCandidate(podName: string, over: { clock?: HandClock; wallNow?: () => number } = {}): Candidate {
  const link = server.client();
  const candidate: Candidate = { link, log: [], terms: [], troubles: [], leader: undefined as unknown as Leader };
  candidate.leader = createLeader({
    client: link,
    namespace: "serin-system",
    name: "serin-worker",
    podName,
    clock,
    wallNow: () => Date.UTC(2026, 10, 23),
    onTrouble: (error) => candidate.troubles.push(error),
    ...over,
  });
  void candidate.leader.run({
    onStarted: (term) => {
      candidate.log.push(`leads ${term.epoch}`);
      candidate.terms.push(term);
    },
    onStopped: (reason) => candidate.log.push(`stops: ${reason}`),
  });
  candidates.push(candidate);
  return candidate;
}
/** A first leader and a standby that knows the lease. */
async function twoCandidates(): Promise<[Candidate, Candidate]> {
  const first = aCandidate("a");
  await clock.advance(5_000);
  const second = aCandidate("b");
  await clock.advance(2_000);
  expect([first.leader.isLeader(), second.leader.isLeader()]).toEqual([true, false]);
  return [first, second];
}

test("the first one makes the lease and renews it every two seconds", async () => {
  const { leader, log } = aCandidate("a");
  await clock.advance(3_100);
  expect(log).toEqual(["leads 1"]);
  expect(leader.identity).toMatch(/^a_[0-9a-f]{8}$/);
  expect(server.lease).toMatchObject({
    metadata: { name: "serin-worker", namespace: "serin-system" },
    spec: {
      holderIdentity: leader.identity,
      leaseDurationSeconds: 10,
      leaseTransitions: 1,
      acquireTime: "2026-11-23T00:00:00.000001Z",
      renewTime: "2026-11-23T00:00:00.000001Z",
    },
  });
  await clock.advance(20_000);
  expect(server.writes).toBe(11);
  expect(log).toEqual(["leads 1"]);
});

describe("takeover", () => {
  test("of a killed leader within 12 seconds, as a later term", async () => {
    const [first, second] = await twoCandidates();
    first.link.link = "hanging"; // nothing of it reaches the server any more
    await clock.advance(12_100);
    expect(second.log).toEqual(["leads 2"]);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: second.leader.identity, leaseTransitions: 2 });
  });

  test("a leader that was cut off has stopped long before", async () => {
    const [first, second] = await twoCandidates();
    const cutAt = clock.now();
    first.link.link = "down";
    while (first.leader.isLeader()) {
      await clock.advance(100);
    }
    expect(clock.now() - cutAt).toBeLessThanOrEqual(7_100);
    expect(first.log).toEqual(["leads 1", "stops: no renewal for 7 s"]);
    expect(first.terms[0]?.signal.aborted).toBe(true);
    const stoppedAt = clock.now();
    while (!second.leader.isLeader()) {
      await clock.advance(100);
    }
    expect(clock.now() - stoppedAt).toBeGreaterThanOrEqual(3_000);
  });

  test("a request that hangs does not hide the deadline", async () => {
    const [first] = await twoCandidates();
    first.link.link = "hanging";
    await clock.advance(7_000);
    expect(first.log.at(-1)).toBe("stops: no renewal for 7 s");
  });

  test("the deadline counts from when a renewal was sent, not from its answer", async () => {
    const first = aCandidate("a");
    await clock.advance(3_100); // it takes the lease after 3 s of none, and renews it at 5 s
    const held = Promise.withResolvers<void>();
    first.link.answersHeld = held.promise;
    await clock.advance(5_000);
    held.resolve();
    first.link.answersHeld = undefined;
    first.link.link = "down";
    await clock.advance(3_800);
    expect([clock.now(), first.leader.isLeader()]).toEqual([11_900, true]);
    await clock.advance(100);
    expect(first.log).toEqual(["leads 1", "stops: no renewal for 7 s"]);
  });

  test("a timer that fires early does not lose the deadline", async () => {
    const early = new HandClock();
    const setTimer = early.setTimer.bind(early);
    early.setTimer = (run, milliseconds) => setTimer(run, Math.max(0.1, milliseconds - 0.5));
    const first = aCandidate("a", { clock: early });
    await early.advance(3_100);
    first.link.link = "hanging";
    await early.advance(7_000);
    expect(first.log).toEqual(["leads 1", "stops: no renewal for 7 s"]);
  });

  test("a process that was frozen is no leader when it comes back, before any timer has run", async () => {
    const frozen = new HandClock();
    const first = aCandidate("a", { clock: frozen });
    await frozen.advance(3_100);
    expect(first.leader.isLeader()).toBe(true);
    (frozen as unknown as { time: number }).time += 7_000;
    expect(first.leader.isLeader()).toBe(false);
    await frozen.advance(0);
    expect(first.log[1]).toMatch(/^stops: no renewal for [789](\.\d)? s$/);
  });

  test("at once after a release", async () => {
    const [first, second] = await twoCandidates();
    const stopped = first.leader.stop();
    expect([first.log.at(-1), first.leader.isLeader()]).toEqual(["stops: stopped", false]);
    await stopped;
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "", leaseTransitions: 1 });
    await clock.advance(2_000);
    expect(second.log).toEqual(["leads 2"]);
  });

  test("of two candidates one wins", async () => {
    const [first, second] = await twoCandidates();
    const third = aCandidate("c");
    first.link.link = "hanging";
    await clock.advance(13_000);
    expect([second.log, third.log].sort()).toEqual([[], ["leads 2"]]);
    await clock.advance(30_000);
    expect([second.log, third.log].flat()).toEqual(["leads 2"]);
  });

  test("never of a leader whose wall clock is a year off", async () => {
    const first = aCandidate("a", { wallNow: () => 0 });
    await clock.advance(5_000);
    const second = aCandidate("b");
    await clock.advance(60_000);
    expect([first.log, second.log]).toEqual([["leads 1"], []]);
  });
});

describe("the lease is touched by others", () => {
  test("deleted: its holder makes it again and stays, in the same term", async () => {
    const [first, second] = await twoCandidates();
    server.lease = undefined;
    await clock.advance(20_000);
    expect([first.log, second.log, server.lease]).toMatchObject([["leads 1"], [], { spec: { leaseTransitions: 1 } }]);
  });

  test("deleted while its holder is dead: another makes it", async () => {
    const [first, second] = await twoCandidates();
    first.link.link = "hanging";
    server.lease = undefined;
    await clock.advance(5_100);
    expect(second.log).toEqual(["leads 2"]);
  });

  test("relabelled: renewed again, in the same term", async () => {
    const [first] = await twoCandidates();
    server.edit({}, { team: "x" });
    await clock.advance(20_000);
    expect(first.log).toEqual(["leads 1"]);
    expect(first.leader.isLeader()).toBe(true);
  });

  test("relabelled all the time: a dead leader is still found", async () => {
    const [first, second] = await twoCandidates();
    first.link.link = "hanging";
    for (let i = 0; i < 14; i++) {
      server.edit({}, { i: String(i) });
      await clock.advance(1_000);
    }
    expect(second.log).toEqual(["leads 2"]);
  });

  test("given to somebody who does not exist: the holder stops at its next renewal, and the lease comes back", async () => {
    const [first, second] = await twoCandidates();
    server.edit({ holderIdentity: "nobody", leaseTransitions: 0 });
    await clock.advance(2_000);
    expect(first.log).toEqual(["leads 1", "stops: nobody holds the lease"]);
    await clock.advance(13_000);
    expect([first.log.slice(2), second.log].flat()).toEqual(["leads 2"]);
  });
});

describe("the API server has trouble", () => {
  test("for five seconds: the term goes on", async () => {
    const [first] = await twoCandidates();
    first.link.link = "down";
    await clock.advance(5_000);
    first.link.link = "up";
    await clock.advance(20_000);
    expect(first.log).toEqual(["leads 1"]);
    expect(first.troubles.length).toBeGreaterThan(1);
  });

  test("for ten minutes: all stop, one begins anew", async () => {
    const [first, second] = await twoCandidates();
    first.link.link = second.link.link = "down";
    await clock.advance(600_000);
    expect([first.leader.isLeader(), second.leader.isLeader()]).toEqual([false, false]);
    first.link.link = second.link.link = "up";
    await clock.advance(13_000);
    expect([...first.log.slice(2), ...second.log]).toEqual(["leads 2"]);
  });

  test("answers of writes are lost: no term on hearsay", async () => {
    const first = aCandidate("a");
    first.link.link = "losing answers";
    await clock.advance(6_000);
    expect([first.log, first.leader.isLeader()]).toEqual([[], false]);
    first.link.link = "up";
    await clock.advance(3_000);
    expect(first.log).toHaveLength(1);
    expect(first.leader.isLeader()).toBe(true);
  });

  test("at the start", async () => {
    const first = aCandidate("a");
    first.link.link = "down";
    await clock.advance(30_000);
    expect(first.log).toEqual([]);
    first.link.link = "up";
    await clock.advance(4_000);
    expect(first.log).toEqual(["leads 1"]);
  });
});

test("stop before it ever led leaves the lease alone", async () => {
  const [first, second] = await twoCandidates();
  const before = server.lease?.spec?.holderIdentity;
  await second.leader.stop();
  expect(server.lease?.spec?.holderIdentity).toBe(before);
  await clock.advance(10_000);
  expect([first.log, second.log]).toEqual([["leads 1"], []]);
});

test("at no moment two leaders, whatever links do", async () => {
  const states = ["up", "down", "losing answers", "up"] as const;
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const all = ["a", "b", "c"].map((name) => aCandidate(name));
  let led = 0;
  for (let i = 0; i < 1_500; i++) {
    const one = all[random(3)];
    if (one && i % 20 === 0) {
      one.link.link = states[random(states.length)] ?? "up";
    }
    if (i % 333 === 0) {
      server.lease = undefined;
    }
    await clock.advance(100 + random(300));
    const leaders = all.filter(({ leader }) => leader.isLeader());
    expect(leaders.length).toBeLessThanOrEqual(1);
    led += leaders.length;
  }
  expect(led).toBeGreaterThan(500);
  const epochs = all.flatMap(({ terms }) => terms.map(({ epoch }) => epoch));
  expect(new Set(epochs).size).toBe(epochs.length);
});
