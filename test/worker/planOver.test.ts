import { expect, it } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import type { Client } from "../../src/kube/client.ts";
import { resources } from "../../src/kube/resources.ts";
import type { WatchEvent } from "../../src/kube/watch.ts";
import { type CacheEvents, openCaches } from "../../src/worker/caches.ts";
import { aPlan, following } from "../build/plan.ts";
import { aPolicy } from "../build/policy.ts";

/** A server with these plans and nothing else, whose watch says what the test says. */
function serverWith(plans: readonly CanaryPlan[]) {
  let tell: (event: WatchEvent) => void = () => {};
  const client = {
    async *pages(resource: unknown) {
      yield { items: resource === resources.canaryplans ? plans : [], resourceVersion: "10" };
    },
    watch: (resource: unknown, { signal }: { signal: AbortSignal }, onEvent: typeof tell) => {
      if (resource === resources.canaryplans) tell = onEvent;
      return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  } as unknown as Client;
  return { client, say: (type: "MODIFIED" | "DELETED", plan: CanaryPlan) => tell({ type, object: plan as never }) };
}

const planWith = (name: string, resourceVersion: string, status: Partial<CanaryPlan["status"]> = {}): CanaryPlan => {
  const plan = aPlan(following(aPolicy()));
  return {
    ...plan,
    metadata: { ...plan.metadata, name, uid: `uid-${name}`, resourceVersion },
    status: { ...plan.status, phase: "Progressing", reason: "StepStarted", message: "", ...status } as NonNullable<CanaryPlan["status"]>,
  };
};

it("what is remembered of a plan may be forgotten when it has ended as stored, and when it is gone without an end", async () => {
  const over: string[] = [];
  const events = new Proxy({} as CacheEvents, {
    get: (_, name) => (name === "planOver" ? (uid: string) => over.push(uid) : name === "trouble" ? fail : () => {}),
  });
  const fail = ({ error }: { error: unknown }) => {
    throw error;
  };
  const server = serverWith([planWith("ends", "1"), planWith("vanishes", "2"), planWith("stays", "3")]);
  const caches = openCaches(server.client, events);
  await Promise.all(caches.all.map(({ synced }) => synced));
  expect(over).toEqual([]);

  server.say("MODIFIED", planWith("stays", "11", { message: "still under way" }));
  server.say("MODIFIED", planWith("ends", "12", { phase: "Promoted" }));
  server.say("DELETED", planWith("vanishes", "13"));

  expect(over).toEqual(["uid-ends", "uid-vanishes"]);
  for (const cache of caches.all) cache.stop();
});
