import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readApiserverLog, type Witnessed } from "../../src/core/audit/apiserverLog.ts";
import { type Story, steps, tell } from "./story.ts";
import { house, settleTown, townPolicy } from "./storyTown.ts";

/** kube-apiserver asks a webhook again within one request when another write came between: the record names the last asking, and verify must find it. */
let story: Story;

beforeAll(async () => {
  story = await tell({ without: ["prometheus"] });
  await settleTown(story, [townPolicy("plain", { steps: steps([50, "1s"]) })], house("busy"));
  await story.kubectl("annotate", "deploy/busy", "serin.dev/canary=off");
});
afterAll(() => story?.stop());

const log = (): string => join(story.lab.dir, "audit.log");

/** Writes about which the webhook was asked more than once, within the time that verify compares: not at either end of the log. */
async function askedAgain(): Promise<Witnessed[]> {
  const { requests, from, to } = readApiserverLog(await readFile(log(), "utf8"));
  return requests.filter(({ asked, at }) => asked.length > 1 && at > from + 10_000 && at < to - 10_000);
}

test("each change that the webhook was asked about twice is on record, and verify with kube-apiserver's log finds nothing", async () => {
  let isOver = false;
  let count = 0;
  const busy = async (label: string): Promise<void> => {
    while (!isOver) await story.kubectl("label", "deploy/busy", `${label}=${++count}`, "--overwrite");
  };
  const others = ["a", "b", "c"].map(busy);
  const end = Date.now() + 90_000;
  for (let tag = 2; Date.now() < end && (await askedAgain()).length < 3; tag += 1) await story.setImage(`plain/nginx:${tag}`, "busy");
  isOver = true;
  await Promise.all(others);
  expect((await askedAgain()).length).toBeGreaterThan(2);
  const verified = await story.type("kubectl", "serin", "audit", "verify", "--apiserver-log", log());
  expect(verified, verified.stdout).toMatchObject({ code: 0 });
});
