import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLive } from "../../src/api/plan.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import { type Story, tell } from "./story.ts";
import { house, settleTown, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

const stable = "nginx:1.23.4";

/** The README's three steps, with one canary under way and one change that is held. */
describe("uninstalling", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell({ without: ["prometheus"] });
    const steps = [{ setWeight: 50 }, { pause: {} }];
    const policies = [townPolicy("plain", { steps }), townPolicy("hold", { steps, onFailure: "Hold" })];
    await settleTown(
      story,
      policies,
      ["live", "held", "other"].flatMap((name) => house(name)),
    );
    await story.setImage("live:2", "live");
    await story.setImage("hold/nginx:2", "held");
    for (const image of ["live:2", "hold/nginx:2"]) await story.planWhen(image, "at its gate", ({ status }) => status?.phase === "Paused");
    const [held] = await story.plansOf("held");
    await story.kubectl("patch", "plan", held?.metadata.name ?? "", "--type=merge", "-p", '{"spec":{"control":{"abort":{}}}}');
    await story.planWhen("hold/nginx:2", "held", ({ status }) => status?.phase === "Held");
  });
  afterAll(() => story?.stop());

  it("policies first: the canary under way is cancelled, what is held stays held", async () => {
    await story.kubectl("delete", "canarypolicies,sidecarpolicies", "--all");
    await until("no plan to be live", async () => !(await story.plans()).some(isLive), 60);
    expect((await story.plansOf("live")).map(({ status }) => status?.phase)).toEqual(["Cancelled"]);
    expect(await state("live")).toEqual([false, stable]);
    expect(await state("held")).toEqual([true, "hold/nginx:2"]);
  });

  it("then the plans: what was held has its stable template back, and no finalizer keeps any of them", async () => {
    await story.kubectl("delete", "canaryplans", "--all", "-A", "--timeout=60s");
    expect(await state("held")).toEqual([false, stable]);
    expect(await story.kubectl("get", "replicasets", "-A", "-o", "jsonpath={.items[*].metadata.finalizers}")).toBe("");
    expect(
      await story.kubectl("get", "destinationrules,virtualservices", "-A", "-l", "app.kubernetes.io/managed-by=serin", "-o", "name"),
    ).toBe("");
  });

  it("then Serin: nothing of it is left, and an image change is a plain rollout", async () => {
    await story.kubectl("delete", "-k", join(CHECKOUT, "manifests"), "--ignore-not-found", "--timeout=90s");
    const kinds =
      "crd,mutatingwebhookconfigurations,mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,clusterroles";
    const left = (await story.kubectl("get", kinds, "-o", "name")).split("\n").filter((name) => name.includes("serin"));
    expect(left).toEqual([]);
    const typed = await story.type("kubectl", "set", "image", "deploy/other", "nginx=other:2");
    expect(typed).toMatchObject({ code: 0, stderr: "" });
    expect((await story.rolloutStatus("other")).code).toBe(0);
  });

  async function state(name: string): Promise<[paused: boolean, image: string]> {
    const { spec } = await story.get<{ spec: { paused?: boolean } }>("deploy", name);
    return [spec.paused ?? false, await story.image(name)];
  }
});
