import { afterAll, beforeAll, expect, test } from "vitest";
import { Scene } from "./examples/scene.ts";
import { sidecarStories } from "./examples/sidecarStories.ts";
import { stories } from "./examples/stories.ts";
import { type Story, tell } from "./story.ts";
import { applyAll, townGateway } from "./storyTown.ts";

/**
 * Each file of manifests/examples, applied and played: as it is but for durations of seconds, and for the namespace that its policies hold in, so that all
 * can be played at once. An example that another test plays by itself is not here (test/house/examples.test.ts).
 */
const all = { ...stories, ...sidecarStories };
const played = new Map<string, Promise<void>>();
let town: Story;

beforeAll(async () => {
  town = await tell({ workers: 1 });
  await applyAll(town, [townGateway]);
  for (const file of Object.keys(all)) {
    const playing = play(file);
    // It is the file's own test that tells of it.
    playing.catch(() => undefined);
    played.set(file, playing);
  }
});
afterAll(() => town?.stop());

async function play(file: string): Promise<void> {
  const story = all[file];
  if (!story) throw new Error(`no story is told of ${file}`);
  const scene = await Scene.of(town, file, story);
  try {
    await story.play(scene);
  } finally {
    await scene.stop();
  }
}

test.each(Object.entries(all).map(([file, { promises }]) => [file, promises]))("%s: %s", async (file) => {
  await expect(played.get(file)).resolves.toBeUndefined();
});
