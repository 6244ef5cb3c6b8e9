import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { annotations } from "../../src/api/names.ts";
import { type Story, tell } from "./story.ts";
import { applyAll, house, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

/** Opt-in: in a namespace that enforces, an image change that the webhook has not seen is refused; nothing else ever is. */
describe("a namespace that enforces", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell({ without: ["prometheus", "istio"] });
    const policy = townPolicy("ours", { steps: [{ setWeight: 50 }, { pause: {} }], traffic: { withoutRoute: "Replicas" } });
    await applyAll(story, [policy, ...["web", "other", "out", "free"].flatMap((name) => house(name, { service: false }))]);
    await story.kubectl("annotate", "deploy", "out", `${annotations.canary}=off`);
    await story.kubectl("wait", "--for=condition=Available", "deploy", "--all", "--timeout=60s");
    await story.kubectl("label", "namespace", "default", "serin.dev/enforce=true");
    // The webhook knows labels by a watch: it has seen this one once it marks what it lets through.
    await until("the webhook to know the label", async () => {
      const tried = await story
        .kubectl("set", "image", "deploy/other", "nginx=other:probe", "--dry-run=server", "-o", "yaml")
        .catch(() => "");
      return tried.includes(annotations.admitted);
    });
  });
  afterAll(() => story?.stop());

  it("with the webhook up: a canary is held, and what no policy is for, or opts out, rolls out as usual", async () => {
    await story.setImage("ours/nginx:2", "web");
    await story.planWhen("ours/nginx:2", "at its gate", ({ status }) => status?.phase === "Paused");
    await story.setImage("other:2", "other");
    expect((await story.rolloutStatus("other")).code).toBe(0);
    const out = await story.type("kubectl", "set", "image", "deploy/out", "nginx=ours/nginx:2");
    expect(out).toMatchObject({ code: 0, stderr: expect.stringContaining('annotation serin.dev/canary is "off"') });
    expect(await story.plansOf("other")).toEqual([]);
  });

  it("without the webhook: an image change is refused with what to do, everything else is admitted, and so is a change of what is held", async () => {
    await story.lab.processes.kill("serin-webhook-0");
    for (const name of ["other", "free"]) {
      const refused = await story.type("kubectl", "set", "image", `deploy/${name}`, `nginx=${name}:3`);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        "serin: namespace default enforces canaries (label serin.dev/enforce), and Serin's webhook was not asked about this image change",
      );
      expect(refused.stderr).toContain("kubectl label namespace default serin.dev/enforce-");
    }
    const again = await story.type("kubectl", "annotate", "deploy", "free", `${annotations.admitted}=1`);
    expect(again.code).toBe(0);
    expect((await story.type("kubectl", "set", "image", "deploy/free", "nginx=free:3")).code).toBe(1);
    await story.kubectl("scale", "deploy", "free", "--replicas=3");
    await story.kubectl("set", "env", "deploy/free", "FLAG=on");
    await story.kubectl("create", "deployment", "fresh", "--image=fresh:1");
    // The hold-policy keeps it paused, so nothing rolls out that nobody has seen.
    await story.setImage("ours/nginx:3", "web");
    expect(await story.kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.paused}")).toBe("true");
  });

  it("and once the label is gone the change is admitted, and recorded as a bypass where a policy is for it", async () => {
    await story.kubectl("label", "namespace", "default", "serin.dev/enforce-");
    await until(
      "the change to be admitted",
      async () => (await story.type("kubectl", "set", "image", "deploy/free", "nginx=ours/free:3")).code === 0,
      30,
    );
    const plan = await story.planWhen("ours/free:3", "recorded", ({ status }) => status?.phase === "Bypassed", 10);
    expect(plan.status?.message).toContain("the webhook was not asked");
    const events = await story.kubectl(
      "get",
      "events",
      "--field-selector",
      "involvedObject.name=free",
      "-o",
      "jsonpath={.items[*].reason}",
    );
    expect(events).toContain("Bypassed");
  });
});
