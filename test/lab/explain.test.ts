import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultRegistry } from "../../src/api/imageReference.ts";
import { asPerson } from "./asPerson.ts";
import { type Story, type Typed, tell } from "./story.ts";
import { applyAll, house, settleTown, townPolicy } from "./storyTown.ts";

/** A person's own words: what `kubectl serin explain` foretells happens, what failed is asked again, and the way back is quick. */
let story: Story;

const stable = "nginx:1.23.4";
const slow = { steps: [{ setWeight: 30 }, { pause: { duration: "4s" } }], canary: { progressDeadline: "4s" } };
const long = { steps: [{ setWeight: 10 }, { pause: { duration: "1h" } }] };

beforeAll(async () => {
  story = await tell();
  const policies = [
    townPolicy("plain", { ...slow, match: { images: ["nginx"] } }),
    townPolicy("long", { ...long, match: { images: ["long/*"] } }),
    townPolicy("strict", { ...long, optOut: "Forbid", match: { images: ["strict:*"] } }),
  ];
  await settleTown(
    story,
    policies,
    ["web", "back", "out", "late"].flatMap((name) => house(name)),
  );
  await story.kubectl("annotate", "deploy/out", "serin.dev/canary=off");
});
afterAll(() => story?.stop());

const serin = (line: string, ...more: string[]): Promise<Typed> => story.type("kubectl", "serin", ...line.split(" "), ...more);

test("explain foretells what admission then does, for one image in all its spellings", async () => {
  const fully = `${defaultRegistry}/library/nginx:1.24.0`;
  for (const image of ["nginx:1.24.0", fully]) {
    const told = await serin(`explain deploy/web --image nginx=${image}`);
    expect(told).toMatchObject({ code: 0, stderr: "" });
    expect(told.stdout).toContain("Policy:      plain (priority 0)\n");
    expect(told.stdout).toContain("Ways in:     by weight  gateway default/town: VirtualService default/web, http[0]\n");
  }
  const none = await serin("explain deploy/late --image nginx=caddy:2 -o json");
  // The old image counts, too: nginx → caddy is a change of an nginx.
  expect(none.code).toBe(0);
  expect(JSON.parse(none.stdout).changes[0]).toMatchObject({ policy: { name: "plain" }, decision: "Held" });
  const out = await serin("explain out");
  expect(out).toMatchObject({ code: 2, stdout: expect.stringContaining('BypassOptOut: no canary: annotation serin.dev/canary is "off"') });
  const strict = await story.type("kubectl", "set", "image", "deploy/out", "nginx=strict:2");
  expect(strict.stderr).toContain('policy strict says optOut: Forbid: annotation serin.dev/canary: "off" is ignored');
  expect((await story.plan("strict:2")).spec.policy?.name).toBe("strict");

  await story.setImage(fully, "web");
  const plan = await story.ends(fully, 40);
  expect(plan).toMatchObject({ spec: { policy: { name: "plain" } }, status: { phase: "Promoted" } });
});

test("the way back to what just served takes no steps; what was fled from takes them", async () => {
  await story.setImage("back/nginx:2", "back");
  const back = await story.plan("back/nginx:2").catch(() => undefined);
  expect(back?.spec.policy?.name).toBe("plain");
  expect((await story.ends("back/nginx:2", 40)).status?.phase).toBe("Promoted");
  await applyAll(story, [townPolicy("plain", { ...long, match: { images: ["*"] } })]);
  const told = await serin(`explain back --image nginx=${stable}`);
  expect(told.stdout).toContain("Answer:      WithinRollbackWindow: ");
  const began = Date.now();
  const asked = await story.type("kubectl", "set", "image", "deploy/back", `nginx=${stable}`);
  expect(asked.stderr).toContain("this template served just before the present one: straight to 100%");
  const returned = await story.ends(stable, 30);
  expect((Date.now() - began) / 1_000).toBeLessThan(20);
  expect(returned.status?.phase).toBe("Promoted");
  expect(returned.status?.journal?.map(({ reason }) => reason)).toContain("WithinRollbackWindow");
  expect(returned.status?.journal?.map(({ reason }) => reason)).not.toContain("StepCompleted");
  const forward = await serin("explain back --image nginx=back/nginx:2");
  expect(forward.stdout).toContain("Answer:      ImageChanged: ");
});

test("retry: rolled back says what to type, held asks again, and who may is kube's to say", async () => {
  const bad = "late/nginx:2-crash";
  await applyAll(story, [townPolicy("late", slow)]);
  await story.setImage(bad, "late");
  const first = await story.ends(bad, 40);
  expect(first.status?.phase).toBe("RolledBack");
  const early = await serin("retry deploy/late");
  expect(early).toMatchObject({ code: 1, stdout: "" });
  const command = /try: (kubectl set image .*?); it is then held/.exec(early.stderr)?.[1] ?? "";
  const again = await story.type("sh", "-c", command);
  expect(again.stderr).toContain("try it again: kubectl serin retry deploy/late -n default");
  await story.planWhen(bad, "held", ({ status }) => status?.phase === "Held");

  const view = await asPerson(story, "bob", "view");
  const refused = await serin("retry deploy/late", view);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /why: 403 Forbidden: .*User "bob" cannot patch resource "canaryplans" in API group "serin.dev" in the namespace "default"/,
  );
  expect(refused.stderr).toContain("the ClusterRole serin-edit has it");

  const edit = await asPerson(story, "carol", "edit");
  const asked = await serin("retry deploy/late", edit);
  expect(asked).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining(`asked: ${bad}, which failed in plan`) });
  const retried = await story.planWhen(bad, "a canary of carol's", ({ spec }) => spec.request?.user === "carol");
  expect(retried.spec.request).toMatchObject({ fieldManager: "control.retry" });
  expect((await story.ends(bad, 40)).status?.phase).toBe("RolledBack");
  expect(await story.image("late")).toBe(stable);
});

test("kubectl explain is the manual of the fields", async () => {
  for (const [field, says] of [
    ["match.images", "fully qualified spelling"],
    ["rollbackWindow", "quick way back"],
    ["optOut", "Forbid"],
  ] as const)
    expect((await story.kubectl("explain", `cpol.spec.${field}`)).replaceAll(/\s+/g, " ")).toContain(says);
});
