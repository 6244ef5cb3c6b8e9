import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { triggersOf } from "../../src/core/notify/triggers.ts";
import { traceOf } from "../../src/core/trace/spans.ts";
import { textOf } from "../house/sources.ts";
import { type Got, receiver, says } from "../worker/notify/receiver.ts";
import { envoyWeight, whenDrained } from "./envoyWeight.ts";
import { type Story, tell } from "./story.ts";
import { until } from "./until.ts";

/** What the receivers are like: as they should be, or dead in three ways. */
let mode: "alive" | "dead" = "alive";
const anAnswer =
  (dead: Parameters<typeof receiver>[0]): Parameters<typeof receiver>[0] =>
  (response, got, count) =>
    mode === "alive" ? says(200, {}, "ok")(response) : dead(response, got, count);

/** manifests/examples/notifications.yaml, played: a release that is promoted, and two that are taken back, with receivers that answer and with dead ones. */
describe("those whom a policy names", () => {
  const secretPath = "/services/T000/B000/v3rys3cr3t";
  let story: Story;
  let slack: Awaited<ReturnType<typeof receiver>>;
  let alertmanager: Awaited<ReturnType<typeof receiver>>;
  let events: Awaited<ReturnType<typeof receiver>>;
  let collector: Awaited<ReturnType<typeof receiver>>;
  beforeAll(async () => {
    slack = await receiver(anAnswer(() => {}));
    alertmanager = await receiver(anAnswer(says(503)));
    events = await receiver(
      anAnswer((response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(" "), 100);
        response.on("close", () => clearInterval(drip));
      }),
    );
    collector = await receiver(anAnswer(() => {}));
    process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.address;
    story = await tell({ workers: 1, scrape: "1s" });
    delete process.env["OTEL_EXPORTER_OTLP_ENDPOINT"];
    await story.kubectl(
      "create",
      "secret",
      "generic",
      "serin-slack",
      "-n",
      "serin-system",
      `--from-literal=address=${slack.address}${secretPath}`,
    );
    const example = parse(textOf("manifests/examples/notifications.yaml")) as { spec: Record<string, never> };
    await story.lab.apply(stringify({ ...example, spec: quick(example.spec) }));
    await story.shop({ replicas: 2 });
    await story.load(100);
  });
  afterAll(async () => {
    await story?.stop();
    await Promise.all([slack, alertmanager, events, collector].map((each) => each?.close()));
  });

  /** Its waits and addresses are the only things that are not as in the example. */
  function quick(spec: { steps?: Array<{ pause?: { duration?: string } }>; notifications?: Array<Record<string, { address?: string }>> }) {
    for (const { pause } of spec.steps ?? []) if (pause?.duration) pause.duration = "1s";
    for (const each of spec.notifications ?? []) {
      if (each["alertmanager"]) each["alertmanager"].address = alertmanager.address;
      if (each["cloudEvents"]) each["cloudEvents"].address = events.address;
    }
    return { ...spec, revertAfter: "1s", traffic: { settle: "500ms" } };
  }

  const atGate = (image: string) => story.planWhen(image, "at its gate", ({ status }) => status?.reason === "PausedForApproval");
  const read = <T>({ got }: { got: readonly Got[] }, plan: CanaryPlan): T[] =>
    got.filter(({ body }) => body.includes(plan.metadata.name)).map(({ body }) => JSON.parse(body) as T);
  const condition = async () => {
    const { status } = await story.get<{ status?: { conditions?: Array<{ type: string; status: string; message: string }> } }>(
      "cpol",
      "with-notifications",
    );
    return status?.conditions?.find(({ type }) => type === "Notified");
  };

  it("hear of a release in the journal's own words, each in its own way; the trace has its spans", async () => {
    await story.setImage("nginx:1.24.0");
    await atGate("nginx:1.24.0");
    await until("Slack to hear of the gate", async () => slack.got.length > 0, 10);
    await story.kubectl("rollout", "resume", "deploy/nginx");
    const plan = await story.ends("nginx:1.24.0");
    expect(plan.status?.phase).toBe("Promoted");
    const told = await until(
      "the last event",
      async () => {
        const found = read<{ type: string; id: string; data: { reason: string; message: string } }>(events, plan);
        return found.some(({ type }) => type.endsWith("Promoted")) ? found : undefined;
      },
      10,
    );
    const journal = (plan.status?.journal ?? []).flatMap(({ reason, message }, index) =>
      triggersOf(reason, "Promoted").length > 0 ? [{ id: `${plan.metadata.uid}/${index + 1}`, reason, message }] : [],
    );
    expect(told.map(({ id, data }) => ({ id, reason: data.reason, message: data.message }))).toEqual(journal);
    await until("Slack to hear of the promotion", async () => slack.got.length === 2, 10);
    expect(slack.got.map(({ path, body }) => [path, (JSON.parse(body) as { text: string }).text.slice(0, 29)])).toEqual([
      [secretPath, "॥ *Paused* default/nginx: ste"],
      [secretPath, "✔ *Promoted* default/nginx: n"],
    ]);
    const alerts = await until("Alertmanager", async () => read<Alerts>(alertmanager, plan)[0], 10);
    // Nothing had failed: what it might have heard of is over.
    expect(alerts).toMatchObject([{ labels: { alertname: "SerinCanaryFailed", deployment: "nginx", team: "platform" } }]);
    expect(alerts[0]?.endsAt).toBe(alerts[0]?.startsAt);
    const [trace] = await until("the trace", async () => (collector.got.length > 0 ? collector.got : undefined), 10);
    expect(trace?.path).toBe("/v1/traces");
    const sent = JSON.parse(trace?.body ?? "") as { resourceSpans: Array<{ scopeSpans: Array<{ spans: object[] }> }> };
    const spans = traceOf(plan)?.spans.map(({ id, name }) => ({ spanId: id, name, traceId: traceOf(plan)?.id }));
    expect(sent.resourceSpans[0]?.scopeSpans[0]?.spans).toMatchObject(spans ?? []);
    expect(spans?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["canary", "prepare", "setWeight 30", "setWeight 60", "pause", "promote"]),
    );
    await until("the status to say so", async () => (await condition())?.status === "True", 10);
    const marks = () => story.kubectl("get", "cm", "serin-notified", "-n", "serin-system", "-o", "jsonpath={.data.marks}");
    await until(
      "what was told to be stored",
      async () => (await marks()).includes(`${plan.metadata.uid}/releases ${journalLength(plan)} `),
      10,
    );
  });

  it("are sent a test by the worker, when a person asks for it", async () => {
    const { code, stdout } = await story.type("kubectl", "serin", "notify", "test", "with-notifications");
    expect(stdout).toBe(
      "✔ releases (slack): took the test\n✔ on-call (alertmanager): took the test\n✔ events (cloudEvents): took the test\n",
    );
    expect(code).toBe(0);
    expect(slack.got.at(-1)?.body).toContain("a test of notification releases of policy with-notifications");
  });

  it("don't hold a rollback up when they are dead: it is as quick as with living ones, and the status says who does not answer", async () => {
    /** Milliseconds from a person's wish to weight 0 in Envoy. */
    const takenBack = async (image: string): Promise<{ plan: CanaryPlan; ms: number }> => {
      await story.setImage(image);
      const { metadata, spec } = await story.plan(image);
      const drained = whenDrained(spec.canary.hash);
      await until("Envoy to send something to the canary", async () => (await envoyWeight(spec.canary.hash)) > 0);
      const asked = Date.now();
      await story.kubectl("patch", "plan", metadata.name, "--type=merge", "-p", '{"spec":{"control":{"abort":{}}}}');
      const ms = (await drained) - asked;
      return { plan: await story.ends(image), ms };
    };
    const alive = await takenBack("nginx:1.25.0");
    mode = "dead";
    const dead = await takenBack("nginx:1.26.0");
    console.log(`from the abort to weight 0 in Envoy: ${alive.ms} ms with living receivers, ${dead.ms} ms with dead ones`);
    expect([alive.plan.status?.phase, dead.plan.status?.phase]).toEqual(["RolledBack", "RolledBack"]);
    // A busy machine takes seconds; whoever waited for a dead receiver would be 10 s late.
    expect(alive.ms).toBeLessThan(6_000);
    expect(dead.ms).toBeLessThan(6_000);
    const said = await until(
      "the status to say who does not answer",
      async () => {
        const found = await condition();
        return found?.status === "False" && found.message.includes("on-call") ? found : undefined;
      },
      20,
    );
    expect(said.message).toContain("on-call (alertmanager): 127.0.0.1");
    expect(said.message).toContain("HTTP 503");
    // Once they are back, they hear of it: the alert fires.
    mode = "alive";
    const fired = await until("the alert", async () => read<Alerts>(alertmanager, dead.plan).at(-1), 60);
    expect(fired).toMatchObject([{ labels: { alertname: "SerinCanaryFailed", namespace: "default", deployment: "nginx" } }]);
    expect(fired[0]?.annotations["description"]).toBe(dead.plan.status?.message);
  });

  it("stay unknown to log and status, as far as their addresses are secret", async () => {
    const log = await readFile(join(story.lab.dir, "serin-worker-0.log"), "utf8");
    const objects = await story.kubectl("get", "cpol,plan", "-A", "-o", "json");
    expect(log.length).toBeGreaterThan(1_000);
    expect(log + objects).not.toContain("v3rys3cr3t");
  });
});

type Alerts = Array<{ labels: Record<string, string>; annotations: Record<string, string>; startsAt: string; endsAt: string }>;

const journalLength = ({ status }: CanaryPlan): number => status?.journal?.length ?? 0;
