import { describe, expect, it } from "vitest";
import type { Pod } from "./pod.ts";
import { podAddresses } from "./podAddresses.ts";
import { type PodLife, podStatus } from "./podStatus.ts";

const START = "2026-11-23T03:00:00Z";
const LATER = "2026-11-23T03:00:01Z";

function pod(image: string, more: Partial<Pod["spec"]> = {}, status: Pod["status"] = {}): Pod {
  return { metadata: { name: "p", namespace: "shop", uid: "u" }, spec: { containers: [{ name: "c", image }], ...more }, status };
}

function life(change: Partial<PodLife> = {}): PodLife {
  return {
    address: "10.244.1.1",
    hostAddress: "10.244.0.10",
    startedAt: START,
    readyAt: undefined,
    leaving: false,
    restarts: 0,
    pullBackOff: false,
    ...change,
  };
}

const ready = (of: Pod, at: PodLife) => podStatus(of, at, LATER).conditions?.find((c) => c.type === "Ready");
const container = (of: Pod, at: PodLife) => podStatus(of, at, LATER).containerStatuses?.[0];

describe("the status of a pod", () => {
  it("is Running and not ready, then ready, then not ready while it leaves", () => {
    expect(podStatus(pod("a:1"), life(), START).phase).toBe("Running");
    expect(ready(pod("a:1"), life())).toMatchObject({ status: "False", message: "containers with unready status: [c]" });
    expect(ready(pod("a:1"), life({ readyAt: LATER }))).toMatchObject({ status: "True", reason: null, lastTransitionTime: LATER });
    expect(ready(pod("a:1"), life({ readyAt: LATER, leaving: true }))?.status).toBe("False");
  });

  it("keeps the time since when it is ready", () => {
    const already = pod("a:1", {}, { conditions: [{ type: "Ready", status: "True", lastTransitionTime: START }] });
    expect(ready(already, life({ readyAt: START }))?.lastTransitionTime).toBe(START);
  });

  it("shows a crash loop as Running, a missing image as Pending", () => {
    const [crash, missing] = [pod("a:1-crash"), pod("a:1-notfound")];
    expect(container(crash, life())?.state.terminated?.reason).toBe("Error");
    expect(container(crash, life({ restarts: 3 }))).toMatchObject({ restartCount: 3, state: { waiting: { reason: "CrashLoopBackOff" } } });
    expect(podStatus(crash, life({ restarts: 3 }), LATER).phase).toBe("Running");
    expect(container(missing, life())?.state.waiting?.reason).toBe("ErrImagePull");
    expect(container(missing, life({ pullBackOff: true }))?.state.waiting?.reason).toBe("ImagePullBackOff");
    expect(podStatus(missing, life(), LATER).phase).toBe("Pending");
  });

  it("waits for native sidecars, not for ordinary init containers", () => {
    const init = (image: string) =>
      pod("a:1", {
        initContainers: [
          { name: "i", image: "i:1" },
          { name: "s", image, restartPolicy: "Always" },
        ],
      });
    expect(ready(init("s:1"), life({ readyAt: LATER }))?.status).toBe("True");
    expect(ready(init("s:1-unready"), life({ readyAt: LATER }))).toMatchObject({
      status: "False",
      message: "containers with unready status: [s]",
    });
  });

  it("is not ready while a readiness gate is closed", () => {
    const gates = { readinessGates: [{ conditionType: "example.com/ok" }] };
    expect(ready(pod("a:1", gates), life({ readyAt: LATER }))).toMatchObject({ status: "False", reason: "ReadinessGatesNotReady" });
    const open = { conditions: [{ type: "example.com/ok", status: "True" as const }] };
    expect(ready(pod("a:1", gates, open), life({ readyAt: LATER }))?.status).toBe("True");
  });
});

describe("pod addresses", () => {
  it("go in a circle, so that the one just left is given last", () => {
    const addresses = podAddresses();
    const first = addresses.take();
    addresses.release(first);
    expect([first, addresses.take(), addresses.take("10.244.1.3"), addresses.take()]).toEqual([
      "10.244.1.1",
      "10.244.1.2",
      "10.244.1.3",
      "10.244.1.4",
    ]);
  });
});
