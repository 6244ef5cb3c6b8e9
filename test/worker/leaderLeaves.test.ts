import { beforeEach, expect, test } from "vitest";
import { createLeader } from "../../src/worker/leader/leader.ts";
import { HandClock } from "./handClock.ts";
import { LeaseServer } from "./leaseServer.ts";

/* Serin is being uninstalled: the Lease is deleted, and in a namespace that is being deleted none can be made. */

let clock: HandClock;
let server: LeaseServer;

beforeEach(() => {
  clock = new HandClock();
  server = new LeaseServer();
});

function aCandidate(podName: string, isLast = true) {
  const link = server.client();
  const log: string[] = [];
  const leader = createLeader({ client: link, namespace: "serin-system", name: "serin-worker", podName, clock, isLast: () => isLast });
  void leader.run({ onStarted: ({ epoch }) => log.push(`leads ${epoch}`), onStopped: (reason) => log.push(`stops: ${reason}`) });
  return { link, log, leader };
}

function deleteNamespace(): void {
  server.isGoing = true;
  server.lease = undefined;
}

test("its holder goes on leading, and nobody else begins", async () => {
  const first = aCandidate("a");
  await clock.advance(5_000);
  const second = aCandidate("b");
  await clock.advance(2_000);
  deleteNamespace();
  await clock.advance(60_000);
  expect([first.log, second.log]).toEqual([["leads 1"], []]);
  expect(first.leader.isLeader()).toBe(true);
});

test("also when the right to it goes first", async () => {
  const first = aCandidate("a");
  await clock.advance(5_000);
  server.isForbidden = true;
  await clock.advance(60_000);
  expect(first.log).toEqual(["leads 1"]);
});

test("not when nobody answers: that says nothing about others", async () => {
  const first = aCandidate("a");
  await clock.advance(5_000);
  deleteNamespace();
  first.link.link = "down";
  await clock.advance(8_000);
  expect(first.log).toEqual(["leads 1", "stops: no renewal for 7 s"]);
});

test("nor while Serin stays", async () => {
  const first = aCandidate("a", false);
  await clock.advance(5_000);
  deleteNamespace();
  await clock.advance(8_000);
  expect(first.log).toEqual(["leads 1", "stops: no renewal for 7 s"]);
});
