import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { annotations } from "../../src/api/names.ts";
import type { RecordedEvent } from "./recorder/recordedEvent.ts";
import { routesOf } from "./recorder/routes.ts";
import { type Story, type Typed, tell } from "./story.ts";
import { house, settleTown, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

/** Both workers are gone. What lives stays where it is; what is new rolls out as usual, or is refused, as the policy says. */
describe("no worker is alive", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell({ without: ["prometheus"] });
    const gate = [{ setWeight: 50 }, { pause: {} }];
    const policies = [townPolicy("plain", { steps: gate }), townPolicy("deny", { steps: gate, whenWorkerIsDown: "Deny" })];
    await settleTown(
      story,
      policies,
      ["split", "fresh", "refused"].flatMap((name) => house(name)),
    );
    await story.setImage("split:2", "split");
    await story.planWhen("split:2", "at its gate", ({ status }) => status?.phase === "Paused");
    for (const name of story.lab.processes.names.filter((each) => each.startsWith("serin-worker"))) await story.lab.processes.kill(name);
  });
  afterAll(() => story?.stop());

  it("once its Lease is stale a change rolls out as usual with a warning, or is refused where the policy says Deny", async () => {
    // Asked by dry-runs, so that nothing is held in the meantime for a worker that does not come.
    const dry = await until(
      "the webhook to know",
      async () => {
        const typed = await set("fresh", "fresh:2", "--dry-run=server");
        return typed.stderr.includes("no Serin worker is alive") && typed;
      },
      60,
    );
    expect(dry.code).toBe(0);
    expect(await set("fresh", "fresh:2")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("no canary: no Serin worker is alive; this rolls out as usual, unwatched"),
    });
    expect((await story.rolloutStatus("fresh")).code).toBe(0);
    expect(await pausedOf("fresh")).toBe("");
    // What no worker has put on record yet can't be taken off.
    await story.kubectl("annotate", "deploy/fresh", `${annotations.passage}-`);
    expect(await story.kubectl("get", "deploy", "fresh", "-o", "yaml")).toContain(annotations.passage);
    const refused = await set("refused", "deny/nginx:2");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("says whenWorkerIsDown: Deny") });
    expect(await story.image("refused")).toBe("nginx:1.23.4");
  });

  it("what has a live plan stays at its weight, held, with all its pods, also when somebody changes it", async () => {
    await set("split", "split:3");
    expect(await pausedOf("split")).toBe("true");
    expect(await weights()).toEqual([50, 50]);
    expect((await story.pods("split")).length).toBe(3);
  });

  it("and goes on once a worker is back", async () => {
    await story.lab.processes.restart("serin-worker-0");
    const next = await story.planWhen("split:3", "at its gate", ({ status }) => status?.phase === "Paused");
    expect(next.spec.stable.images).toEqual(["nginx:1.23.4"]);
    expect((await story.ends("split:2")).status?.phase).toBe("Superseded");
  });

  it("what rolled out meanwhile is on record then: who asked, for what, instead of what, under which policy", async () => {
    const [record, ...more] = await until(
      "the record",
      async () => {
        const plans = await story.plansOf("fresh");
        return plans.every(({ status }) => status?.phase === "Bypassed") && plans.length > 0 && plans;
      },
      60,
    );
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      spec: { stable: { images: ["nginx:1.23.4"] }, canary: { images: ["fresh:2"] }, policy: { name: "plain" } },
      status: { reason: "BypassWorkerDown", request: { user: "lab-admin", fieldManager: "kubectl-set" } },
    });
    const shown = await story.type("kubectl", "serin", "audit", "show", record?.metadata.name ?? "");
    expect(shown.stdout).toContain("no Serin worker is alive");
    await until("its note to go", async () => !(await story.kubectl("get", "deploy,rs", "-o", "yaml")).includes(annotations.passage));
  });

  const set = (name: string, image: string, ...more: string[]): Promise<Typed> =>
    story.type("kubectl", "set", "image", `deploy/${name}`, `nginx=${image}`, ...more);
  const pausedOf = (name: string): Promise<string> => story.kubectl("get", "deploy", name, "-o", "jsonpath={.spec.paused}");
  async function weights(): Promise<unknown[]> {
    const object = await story.get<Record<string, unknown>>("virtualservice", "split");
    return (routesOf({ object, ns: "default" } as unknown as RecordedEvent)[0]?.destinations ?? []).map(({ weight }) => weight);
  }
});
