import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kstatus } from "./kstatus.ts";
import { type Story, steps, successRate, tell } from "./story.ts";
import { shop } from "./storyShop.ts";
import { until } from "./until.ts";

const current = "Current: Deployment is available. Replicas: 3";

/**
 * A team's own chart, with nothing of ours in it. Helm takes a paused Deployment for ready whatever `--wait` says (helm:pkg/kube/statuswait.go, and
 * ready.go for `legacy`), so `helm upgrade` returns when the change is held; `kubectl rollout status` waits and knows how it ended.
 */
describe("a team that releases with Helm", () => {
  let story: Story;
  let chart: string;
  beforeAll(async () => {
    story = await tell();
    chart = join(story.lab.dir, "web");
    await mkdir(join(chart, "templates"), { recursive: true });
    await writeFile(join(chart, "Chart.yaml"), "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    await writeFile(join(chart, "values.yaml"), "image: nginx:1.23.4\nreplicas: 2\n");
    const text = shop({ replicas: 99, image: "IMAGE" });
    const template = text.replace("IMAGE", "{{ .Values.image }}").replace("replicas: 99", "replicas: {{ .Values.replicas }}");
    await writeFile(join(chart, "templates", "web.yaml"), template);
    expect(await story.type("helm", "install", "web", chart, "--wait")).toMatchObject({ code: 0 });
    const judged = { analysis: { metrics: [successRate({ interval: "2s" })] }, traffic: { settle: "500ms" } };
    await story.policy({ steps: steps([50, "4s"]), ...judged, revertAfter: "4s" });
    await story.load(100);
  });
  afterAll(() => story?.stop());

  const upgrade = (image: string, ...flags: string[]) =>
    story.type("helm", "upgrade", "web", chart, "--reuse-values", "--set", `image=${image}`, ...flags);
  const status = async () => kstatus(await story.get("deploy", "nginx"));

  it("a good release: helm says that it is held, kubectl waits until it is promoted, and kstatus knows both", async () => {
    const upgraded = await upgrade("nginx:1.24.0", "--wait");
    expect(upgraded).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/Warning: serin: canary plan nginx-\w+: 50%; the stable pods go on/),
    });
    expect(await status()).toBe("InProgress: Updated: 0/2");
    await story.atWeight("nginx:1.24.0", 50);
    // Another value in the middle of it: the split stays, and nothing that Serin wrote is in Helm's way.
    expect(await story.type("helm", "upgrade", "web", chart, "--reuse-values", "--set", "replicas=3")).toMatchObject({ code: 0 });
    expect((await story.plan("nginx:1.24.0")).status?.phase).toBe("Progressing");
    expect((await story.rolloutStatus()).code).toBe(0);
    expect((await story.ends("nginx:1.24.0")).status?.phase).toBe("Promoted");
    expect(await status()).toBe(current);
  });

  it("a bad one: kubectl's wait fails, kstatus says Failed while it stands, then stable is back", async () => {
    const image = "nginx:1.25.0-errors50";
    expect(await upgrade(image, "--rollback-on-failure")).toMatchObject({ code: 0, stderr: expect.stringContaining("serin: canary plan") });
    expect(await story.rolloutStatus()).toMatchObject({ code: 1, stderr: expect.stringContaining("exceeded its progress deadline") });
    expect(await status()).toBe("Failed: Progress deadline exceeded");
    expect((await story.ends(image)).status?.phase).toBe("RolledBack");
    expect([await story.image(), await status()]).toEqual(["nginx:1.24.0", current]);
  });

  it("the same values again are held on stable, and helm's way back to the last good release frees them", async () => {
    const again = await upgrade("nginx:1.25.0-errors50", "--wait=legacy");
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("held on the stable pods, no new canary") });
    expect((await story.rolloutStatus()).code).toBe(1);
    expect(await status()).toBe("Failed: Progress deadline exceeded");
    // 1 the installation, 2 the good image, 3 three replicas, 4 and 5 the bad image.
    expect(await story.type("helm", "rollback", "web", "3")).toMatchObject({ code: 0 });
    await until("stable to be what is asked for", async () => (await status()) === current, 30);
    expect(await story.image()).toBe("nginx:1.24.0");
    expect((await story.rolloutStatus()).code).toBe(0);
  });

  it("only the bad canary failed any request", async () => {
    const { byVersion, failures } = await story.stopLoad();
    expect(failures.every(({ version }) => version === "nginx/1.25.0-errors50")).toBe(true);
    expect(Object.keys(byVersion).sort()).toEqual(["nginx/1.23.4", "nginx/1.24.0", "nginx/1.25.0-errors50"]);
  });
});
