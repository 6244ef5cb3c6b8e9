import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type RecordedEvent, stamp } from "./recorder/recordedEvent.ts";
import { type Story, steps, successRate, tell } from "./story.ts";

/** The team's own rule for the Service: policy and subsets of its own, which nobody may touch. */
const teamRule = {
  apiVersion: "networking.istio.io/v1",
  kind: "DestinationRule",
  metadata: { name: "nginx" },
  spec: {
    host: "nginx",
    trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 100 } } },
    subsets: [{ name: "all", labels: { app: "nginx" } }],
  },
};

describe("a good release under 100 requests a second", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    await story.shop({ replicas: 4, more: [teamRule] });
    await story.policy({ steps: steps([30, "6s"], [60, "6s"], [100, "3s"]), analysis: { metrics: [successRate()] } });
  });
  afterAll(() => story?.stop());

  it("is promoted without a lost request, by the pods that were analysed, and leaves everything as the team wrote it", async () => {
    const before = {
      route: await spec("virtualservice"),
      deployment: await spec("deploy"),
      rule: await story.get<Versioned>("destinationrule", "nginx"),
    };
    await story.record();
    const load = await story.load(100);

    await story.setImage("nginx:1.24.0");
    const status = story.rolloutStatus();
    await story.atWeight("nginx:1.24.0", 100);
    const analysed = await story.pods();
    const plan = await story.ends("nginx:1.24.0");
    load.mark("ended");

    expect(plan.status?.phase).toBe("Promoted");
    expect((await status).code).toBe(0);
    const report = await story.stopLoad();
    expect(report.failures).toEqual([]);
    expect(report.non200).toBe(0);
    const canaryHash = plan.spec.canary.hash;
    expect((await story.pods()).filter((pod) => pod.includes(canaryHash)).sort()).toEqual(
      analysed.filter((pod) => pod.includes(canaryHash)).sort(),
    );
    expect((await story.pods()).every((pod) => pod.includes(canaryHash))).toBe(true);
    expect(await spec("virtualservice")).toEqual(before.route);
    expect(await spec("deploy")).toEqual({ ...before.deployment, template: expect.anything() });
    expect(await story.image()).toBe("nginx:1.24.0");
    const rule = await story.get<Versioned>("destinationrule", "nginx");
    expect(rule.metadata.resourceVersion).toBe(before.rule.metadata.resourceVersion);
    expect(await story.kubectl("get", "destinationrules,virtualservices", "-o", "name")).toBe(
      "destinationrule.networking.istio.io/nginx\nvirtualservice.networking.istio.io/nginx\n",
    );

    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
    expect(specsOwnedByUs(events)).toEqual([]);
    const weights = weightsSeen(
      events
        .filter(({ kind, name }) => kind === "VirtualService" && name === "nginx")
        .map(({ object }) => object as unknown as Record<string, unknown>),
    );
    expect(weights).toEqual([0, 30, 60, 100]);
  });

  interface Versioned {
    metadata: { resourceVersion: string };
  }

  async function spec(kind: string): Promise<Record<string, unknown>> {
    return (await story.get<{ spec: Record<string, unknown> }>(kind, "nginx")).spec;
  }
});

/** The canary's weights in the order in which they were stored, each once in a row. */
function weightsSeen(routes: ReadonlyArray<Record<string, unknown>>): number[] {
  const all = routes.flatMap((route) => {
    const http = (route["spec"] as { http: Array<{ route: Array<{ weight?: number; destination: { subset?: string } }> }> }).http;
    const split = http[0]?.route ?? [];
    return split.length === 2 ? [split[1]?.weight ?? 0] : [];
  });
  return all.filter((weight, index) => index === 0 || weight !== all[index - 1]);
}

/** Revisions of the team's objects in which a field of the spec was ours: there the team's server-side apply would meet a conflict. */
function specsOwnedByUs(events: readonly RecordedEvent[]): string[] {
  return events
    .filter(({ kind, name }) => (kind === "VirtualService" || kind === "Deployment") && name === "nginx")
    .filter(({ object }) =>
      ((object.metadata["managedFields"] ?? []) as Array<{ manager: string; fieldsV1?: object }>).some(
        ({ manager, fieldsV1 }) => manager === "serin" && fieldsV1 !== undefined && "f:spec" in fieldsV1,
      ),
    )
    .map((event) => stamp(event));
}
