import type { Story, Typed } from "./story.ts";
import { house, settleTown, townPolicy } from "./storyTown.ts";

/** The people of the mixed hour, each with an application of his own: all kinds of what happens to an image change, at the same time. */
const quick = { steps: [{ setWeight: 50 }, { pause: { duration: "1s" } }], canary: { progressDeadline: "5s" } };
const policies = [
  townPolicy("plain", { ...quick, onRepeat: "Deny" }),
  townPolicy("gate", { steps: [{ setWeight: 50 }, { pause: {} }] }),
  townPolicy("late", { steps: [{ setWeight: 30 }, { pause: { duration: "1h" } }] }),
  townPolicy("kept", { ...quick, onFailure: "Hold" }),
];
export const houses = ["web", "bad", "out", "late", "kept", "twice", "more", "back"] as const;
type House = (typeof houses)[number];

export async function settle(story: Story): Promise<void> {
  await settleTown(
    story,
    policies,
    houses.flatMap((name) => house(name)),
  );
  await story.kubectl("annotate", "deploy/out", "serin.dev/canary=off");
}

export const as = (user: string): string[] => [`--as=${user}`, "--as-group=system:masters"];

/** What people type, and what they wait for. */
export function acting(story: Story) {
  const serin = (line: string, ...more: string[]): Promise<Typed> => story.type("kubectl", "serin", ...line.split(" "), ...more);
  const setImage = (user: string, name: House, image: string): Promise<Typed> =>
    story.type("kubectl", "set", "image", `deploy/${name}`, `nginx=${image}`, ...as(user));
  const control = async (user: string, image: string, wish: object): Promise<void> => {
    const { metadata } = await story.plan(image);
    const patch = JSON.stringify({ spec: { control: wish } });
    await story.kubectl("patch", "plan", metadata.name, "--type=merge", "-p", patch, ...as(user));
  };
  const pausing = (image: string) =>
    story.planWhen(image, "in its pause", ({ status }) => status?.reason === "StepStarted" && status.step?.index === 1);
  return { serin, setImage, control, pausing };
}

/** One act for each kind; they don't wait for each other. */
export async function playAll(story: Story): Promise<void> {
  const { setImage, control, pausing } = acting(story);
  const resume = (user: string, name: House) => story.type("kubectl", "rollout", "resume", `deploy/${name}`, ...as(user));
  const acts: Array<() => Promise<unknown>> = [
    async () => {
      await setImage("alice", "web", "gate/nginx:2");
      await story.planWhen("gate/nginx:2", "at its gate", ({ status }) => status?.reason === "PausedForApproval");
      await resume("bob", "web");
    },
    async () => {
      await setImage("carol", "bad", "nginx:3-crash");
      await story.ends("nginx:3-crash", 90);
      // onRepeat: Deny.
      await setImage("rita", "bad", "nginx:3-crash");
    },
    () => setImage("dave", "out", "nginx:4"),
    async () => {
      await setImage("frank", "late", "late/nginx:5");
      await pausing("late/nginx:5");
      await resume("eve", "late");
      await control("oscar", "late/nginx:5", { hold: {} });
      await control("grace", "late/nginx:5", { abort: {} });
    },
    async () => {
      await setImage("heidi", "kept", "kept/nginx:6-crash");
      await story.ends("kept/nginx:6-crash", 90);
      await setImage("ivan", "kept", "nginx:1.23.4");
    },
    async () => {
      await setImage("judy", "twice", "nginx:7");
      await story.ends("nginx:7", 90);
      await setImage("ken", "twice", "nginx:8");
    },
    async () => {
      await setImage("lea", "more", "late/nginx:9");
      await pausing("late/nginx:9");
      await setImage("mike", "more", "late/nginx:10");
      await pausing("late/nginx:10");
      await control("nina", "late/nginx:10", { promote: { full: true } });
    },
    async () => {
      await setImage("peggy", "back", "late/nginx:11");
      await pausing("late/nginx:11");
      await setImage("quinn", "back", "nginx:1.23.4");
    },
  ];
  await Promise.all(acts.map((act) => act()));
  const images = [
    "gate/nginx:2",
    "nginx:3-crash",
    "nginx:4",
    "late/nginx:5",
    "kept/nginx:6-crash",
    "nginx:8",
    "late/nginx:9",
    "late/nginx:10",
  ];
  await Promise.all([...images, "late/nginx:11"].map((image) => story.ends(image, 90)));
}

/** `deployment outcome user decisions`, as `audit` is to tell it. */
export const expected: string[] = [
  "back Cancelled peggy ",
  "bad Denied rita ",
  "bad RolledBack carol ",
  "kept Held heidi ",
  "late Denied eve ",
  "late RolledBack frank held by oscar,aborted by grace",
  "more Promoted mike promoted in full by nina",
  "more Superseded lea ",
  "out Bypassed dave ",
  "twice Promoted judy ",
  "twice Promoted ken ",
  "web Promoted alice step 2 approved by bob (kubectl rollout resume)",
];
