import { expect, test } from "vitest";
import { canaryImage } from "../../build/story.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { keys } from "../../fakes/users.ts";
import { message, noted, other, unwatched, watched } from "../../scenes/letThrough.ts";

/** Changes whose note is signed with a key that the worker has not read yet: the record waits until it can say who asked. */

/** The worker has not read the keys yet. */
async function withoutKeys(act: () => Promise<void>): Promise<void> {
  const kept = keys.splice(0);
  try {
    await act();
  } finally {
    keys.push(...kept);
  }
}

function expectAnnOnRecord(cluster: Cluster): void {
  expect(cluster.plans.map(({ status }) => [status?.phase, status?.message, status?.request?.user])).toEqual([
    ["Bypassed", message, "ann"],
  ]);
  expect(noted(cluster)).toEqual([]);
  expect(cluster.findings()).toEqual([]);
}

test("no key is known at the first look of a worker: the note waits until one is", async () => {
  const cluster = await unwatched([canaryImage]);
  await withoutKeys(async () => {
    cluster.startWorker();
    await cluster.run(3_000);
    expect(cluster.plans).toEqual([]);
  });
  await cluster.run(30_000);
  expectAnnOnRecord(cluster);
});

test("a worker that sees a change, and doesn't know the key of its note yet: the record waits until it does", async () => {
  const cluster = await watched();
  cluster.users.setImage(canaryImage);
  await withoutKeys(async () => {
    await cluster.run(12_000);
    expect(cluster.plans).toEqual([]);
  });
  await cluster.run(30_000);
  expectAnnOnRecord(cluster);
});

test("two changes that wait for their key: each has its own record, in order, and none speaks of the other", async () => {
  const cluster = await watched();
  for (const image of [canaryImage, other]) {
    cluster.users.setImage(image);
    await withoutKeys(() => cluster.run(4_000));
  }
  await cluster.run(60_000);
  expect(cluster.plans.map(({ spec, status }) => [status?.phase, status?.request?.uid, spec.overwritten])).toEqual([
    ["Bypassed", "request-1", undefined],
    ["Bypassed", "request-2", undefined],
  ]);
  expect(noted(cluster)).toEqual([]);
  expect(cluster.findings()).toEqual([]);
});

test("a worker dies while the record waits for its key: the next one makes it", async () => {
  const cluster = await watched();
  cluster.users.setImage(canaryImage);
  await withoutKeys(async () => {
    await cluster.run(12_000);
    cluster.worker?.kill();
    await cluster.run(3_000);
  });
  cluster.startWorker();
  await cluster.run(30_000);
  expectAnnOnRecord(cluster);
});

test("a worker that sees a change, and never gets the key of its note: after a minute the record says what it can", async () => {
  const cluster = await watched();
  cluster.users.setImage(canaryImage);
  const kept = keys.splice(0);
  keys.push({ id: "other", secret: Buffer.from("another key of 32 bytes, or some more") });
  try {
    await cluster.run(90_000);
    expect(cluster.plans.map(({ status }) => [status?.phase, status?.request?.user])).toEqual([["Bypassed", undefined]]);
    expect(noted(cluster)).toEqual([]);
  } finally {
    keys.splice(0, 1, ...kept);
  }
});

test("a worker that dies before its record has words, and a next one that doesn't know the key of the note yet: the words wait", async () => {
  for (const write of [1, 2, 3]) {
    const cluster = await watched({ crash: { write, when: "after" } });
    cluster.users.setImage(canaryImage);
    while (cluster.crashes === 0) await cluster.run(10);
    await withoutKeys(() => cluster.run(30_000));
    await cluster.run(60_000);
    expectAnnOnRecord(cluster);
  }
});
