import { acting, as, houses } from "./auditStory.ts";
import type { Story } from "./story.ts";

type House = (typeof houses)[number];

/** A policy is for a change from its images as well as to them, so each application keeps to those of one policy. */
const plain = ["promoted", "crashed", "undone", "optedOut"];
const late = ["aborted", "superseded", "takenBack"];
const actsOf: Partial<Record<House, string[]>> = { web: ["approved"], late, more: late, back: late };

/** Each application has its own people, who do one thing after the other at random until the time is over. Every image is new. */
export async function playAtRandom(story: Story, { until, random }: { until: number; random: () => number }): Promise<number> {
  const { serin, setImage, control, pausing } = acting(story);
  let tag = 100;
  const people = ["ann", "ben", "cid", "dot"];
  const person = (): string => people[Math.floor(random() * people.length)] ?? "ann";
  const fresh = (prefix: string, suffix = ""): string => `${prefix}:${++tag}${suffix}`;
  const gate = (image: string) => story.planWhen(image, "at its gate", ({ status }) => status?.reason === "PausedForApproval");
  /** Whatever it was, it is over; and the next change is no part of it. */
  const over = async (image: string) => void (await story.ends(image, 120));

  const acts: Record<string, (name: House) => Promise<void>> = {
    async promoted(name) {
      const image = fresh("nginx");
      await setImage(person(), name, image);
      await over(image);
    },
    async crashed(name) {
      const image = fresh("nginx", "-crash");
      await setImage(person(), name, image);
      await over(image);
      await setImage(person(), name, image); // refused: onRepeat Deny
    },
    async approved(name) {
      const image = fresh("gate/nginx");
      await setImage(person(), name, image);
      await gate(image);
      await story.type("kubectl", "rollout", "resume", `deploy/${name}`, ...as(person()));
      await over(image);
    },
    async aborted(name) {
      const image = fresh("late/nginx");
      await setImage(person(), name, image);
      await pausing(image);
      await story.type("kubectl", "rollout", "resume", `deploy/${name}`, ...as(person())); // refused: no gate
      await control(person(), image, { abort: {} });
      await over(image);
    },
    async superseded(name) {
      const [image, next] = [fresh("late/nginx"), fresh("late/nginx")];
      await setImage(person(), name, image);
      await pausing(image);
      await setImage(person(), name, next);
      await pausing(next);
      await control(person(), next, { promote: { full: true } });
      await over(next);
    },
    async takenBack(name) {
      const before = await story.image(name);
      const image = fresh("late/nginx");
      await setImage(person(), name, image);
      await pausing(image);
      await setImage(person(), name, before);
      await over(image);
    },
    async undone(name) {
      const image = fresh("nginx");
      await setImage(person(), name, image);
      await over(image);
      const before = (await story.plansOf(name)).length;
      await serin(`undo deploy/${name}`);
      for (;;) {
        const plans = await story.plansOf(name);
        if (plans.length > before && plans.every(({ status }) => status?.finishedAt !== undefined)) return;
      }
    },
    async optedOut(name) {
      await story.kubectl("annotate", `deploy/${name}`, "serin.dev/canary=off");
      const image = fresh("nginx");
      await setImage(person(), name, image);
      await over(image);
      await story.kubectl("rollout", "status", `deploy/${name}`, "--timeout=60s");
      await story.kubectl("annotate", `deploy/${name}`, "serin.dev/canary-");
    },
  };
  let played = 0;
  const one = async (name: House): Promise<void> => {
    while (Date.now() < until) {
      const names = actsOf[name] ?? plain;
      await acts[names[Math.floor(random() * names.length)] ?? "promoted"]?.(name);
      played += 1;
    }
  };
  await Promise.all(houses.filter((name) => name !== "out" && name !== "kept").map(one));
  return played;
}
