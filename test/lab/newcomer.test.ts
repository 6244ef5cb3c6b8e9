import { mkdtemp, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectlWith } from "./kubectl.ts";
import { connectCluster } from "./kubelet/clusterClient.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import { DEFAULT_OPTIONS } from "./options.ts";
import { runInstalled } from "./serin.ts";
import { type Story, tell } from "./story.ts";

/**
 * From a cluster that knows nothing of Serin to the first canary's first weight, with what the README says to type and nothing else. The lab's kubelet
 * runs no image: in place of the pods' containers the same programs run from the checkout, from when the pods are there.
 */
let story: Story;
beforeAll(async () => {
  story = await tell({ without: ["serin"] });
  await story.shop({ replicas: 2 });
});
afterAll(() => story?.stop());

it("a newcomer's path, by the README's commands", async () => {
  const readme = await readFile(join(CHECKOUT, "README.md"), "utf8");
  const path = readme.slice(readme.indexOf("\n## Install\n"), readme.indexOf("\n## Follow, approve, abort\n"));
  const blocks = (language: string) =>
    [...path.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, text = ""]) => text);
  const lines = blocks("sh").flatMap((text) => text.trim().split("\n"));
  const [policy = ""] = blocks("yaml");
  const image = /nginx=(\S+)/.exec(lines.join("\n"))?.[1] ?? "";
  expect(lines.length).toBeGreaterThan(4);

  const folder = await mkdtemp(join(story.lab.dir, "newcomer-"));
  await symlink(join(CHECKOUT, "manifests"), join(folder, "manifests"));
  await writeFile(join(folder, "policy.yaml"), policy);

  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1_000).toFixed(1);
  const told: string[] = [];
  let installed: Promise<void> | undefined;
  for (const line of lines) {
    const typed = await story.type("sh", "-c", `cd '${folder}' && ${line}`);
    told.push(`${seconds().padStart(6)} s  ${line}`);
    expect(typed, line).toMatchObject({ code: 0 });
    installed ??= kubelets();
    // The stand-ins of the pods are ready sooner than what runs in their place, which is what a pod's readiness says in a cluster.
    if (line.startsWith("kubectl wait")) await installed;
    if (line.includes("set image")) expect(typed.stderr).toContain("serin: canary plan ");
    if (line.includes("serin get")) expect(typed.stdout).toMatch(/CanaryPlan .*policy:everything/);
  }
  await story.atWeight(image, 30);
  told.push(`${seconds().padStart(6)} s  the first canary has its first weight`);
  console.log(told.join("\n"));
  expect(Number(seconds())).toBeLessThan(90);
});

async function kubelets(): Promise<void> {
  const { dir, env, processes } = story.lab;
  const client = connectCluster(env["KUBECONFIG"] ?? "", "kubelets");
  try {
    const access = { processes, client, env, kubectl: await kubectlWith(env), ca: await readFile(join(dir, "ca.crt"), "utf8") };
    await runInstalled(dir, access, DEFAULT_OPTIONS);
  } finally {
    await client.close();
  }
}
