import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, constantFrom, sample, tuple } from "fast-check";
import { describe, expect, test } from "vitest";
import { type PodTemplate, templateDigest } from "../../src/api/template.ts";
import { unified } from "../../src/cli/diff/unified.ts";
import { labelled } from "../build/change.ts";
import { aDeployment, held, withImage } from "../build/deployment.ts";
import { aPlan, inPhase, type PlanDraft } from "../build/plan.ts";
import { aCanaryReplicaSet, aReplicaSet } from "../build/replicaSet.ts";
import { canaryImage, stableImage } from "../build/story.ts";
import { serin, type World } from "./terminal.ts";

const app = labelled({ app: "nginx" });
const digestOf = ({ spec }: { spec?: object }): string => templateDigest((spec as { template: PodTemplate }).template);
const [stable, canary] = [aReplicaSet(app), aCanaryReplicaSet(app)];
const between = ({ spec }: PlanDraft): void => {
  Object.assign(spec.stable, { digest: digestOf(stable) });
  Object.assign(spec.canary, { digest: digestOf(canary) });
};
const shown = `# nginx: ${stableImage} → ${canaryImage}
--- stable ${stable.metadata.name} (revision 3)
+++ asked for in nginx
@@ -3,7 +3,7 @@
     app: nginx
 spec:
   containers:
-    - image: nginx:1.23.0
+    - image: nginx:1.24.0
       imagePullPolicy: IfNotPresent
       name: nginx
       ports:
`;

describe("kubectl serin diff", () => {
  const underWay: World = [aDeployment(held()), stable, aPlan(between)];

  test.each(["diff deploy/nginx", "diff plan nginx-x7k2m"])("%s: what serves against what was asked for; 1: they differ", async (line) => {
    expect(await serin(line, [underWay])).toEqual({ code: 1, err: "", out: shown });
  });

  test("colours on a terminal, and none with --no-color", async () => {
    const screen = { columns: 80, rows: 24 };
    const { out } = await serin("diff nginx", [underWay], { screen });
    expect(out).toContain("\x1b[31m-    - image: nginx:1.23.0\x1b[39m\n\x1b[32m+    - image: nginx:1.24.0\x1b[39m\n");
    expect((await serin("diff nginx --no-color", [underWay], { screen })).out).toBe(shown);
  });

  test("-o json", async () => {
    const { out, code } = await serin("diff nginx -o json", [underWay]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      kind: "TemplateDiff",
      plan: "nginx-x7k2m",
      images: [{ container: "nginx", before: stableImage, after: canaryImage }],
      lines: shown.trimEnd().split("\n").slice(3),
    });
    expect((await serin("diff nginx -o jsonpath={.images[0].after}", [underWay])).out).toBe(canaryImage);
  });

  test("0: no change is under way, and how to see the last one; which is shown as long as its ReplicaSets are", async () => {
    const over: World = [aDeployment(withImage(stableImage)), stable, canary, aPlan(inPhase("RolledBack"), between)];
    expect(await serin("diff nginx", [over])).toEqual({
      code: 0,
      out: "",
      err: "no change of nginx is under way; what the last plan changed: kubectl serin diff plan nginx-x7k2m -n shop\n",
    });
    const { out, code } = await serin("diff plan nginx-x7k2m", [over]);
    expect({ out, code }).toEqual({ code: 1, out: shown.replace("asked for in nginx", `canary ${canary.metadata.name} (revision 4)`) });
    const gone = await serin("diff plan nginx-x7k2m", [over.filter((object) => object !== canary)]);
    expect(gone).toMatchObject({ code: 2, out: "", err: expect.stringContaining("why: the ReplicaSet of the canary is gone") });
  });

  test("a change that is held by a plan that failed", async () => {
    const { code, out } = await serin("diff nginx", [[aDeployment(held()), stable, aPlan(inPhase("Held"), between)]]);
    expect({ code, out }).toEqual({ code: 1, out: shown });
  });

  test.each([
    ["diff nginx", [] as World, "why: there is no Deployment nginx in namespace shop\n"],
    ["diff nginx -o wide", underWay, "error: can't print -o wide\n"],
    ["diff nginx --nope", underWay, "error: unknown option '--nope'"],
    ["diff sts/nginx", underWay, "sts is not a Deployment"],
  ])("2, since 1 is a difference: %s", async (line, world, says) => {
    expect(await serin(line, [world])).toMatchObject({ code: 2, out: "", err: expect.stringContaining(says) });
  });
});

describe("a unified diff", () => {
  const letters = [..."abcdefghijklmnopqrst"];
  test.each<[string, string[], string[], string[]]>([
    ["of the same is empty", letters, letters, []],
    ["of nothing against something", [], ["a"], ["@@ -0,0 +1 @@", "+a"]],
    ["removed lines stand before added ones", ["a", "b"], ["x", "y"], ["@@ -1,2 +1,2 @@", "-a", "-b", "+x", "+y"]],
    [
      "has three lines around, and far changes are hunks of their own",
      letters,
      letters.map((letter) => (letter === "b" || letter === "r" ? letter.toUpperCase() : letter)),
      ["@@ -1,5 +1,5 @@", " a", "-b", "+B", " c", " d", " e", "@@ -15,6 +15,6 @@", " o", " p", " q", "-r", "+R", " s", " t"],
    ],
    [
      "changes that are near are one hunk, and the places count what was put in before",
      letters.slice(0, 9),
      ["new", ...letters.slice(0, 6), "G", "h", "i"],
      ["@@ -1,9 +1,10 @@", "+new", " a", " b", " c", " d", " e", " f", "-g", "+G", " h", " i"],
    ],
    [
      "and those that are not are two",
      letters.slice(0, 9),
      ["new", ...letters.slice(0, 7), "I"],
      ["@@ -1,3 +1,4 @@", "+new", " a", " b", " c", "@@ -5,5 +6,4 @@", " e", " f", " g", "-h", "-i", "+I"],
    ],
  ])("%s", (_, before, after, lines) => {
    expect(unified(before, after)).toEqual(lines);
  });

  test("patch(1) makes the one of the other by it, whatever they are", () => {
    const folder = mkdtempSync(join(tmpdir(), "serin-diff-"));
    const some = array(constantFrom("a: 1", "b: 2", "- c", "+ d", "@@ -1 +1 @@", "", "--- e", "\\ f"), { maxLength: 40 });
    const pairs = sample(tuple(some, some), 100);
    const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
    const patches = pairs.map(([before, after], index) => {
      writeFileSync(join(folder, `f${index}`), text(before));
      const lines = unified(before, after);
      return lines.length === 0 ? "" : `--- f${index}\n+++ f${index}\n${text(lines)}`;
    });
    execFileSync("patch", ["-p0", "--fuzz=0", "--silent", "--posix"], { cwd: folder, input: patches.join("") });
    expect(pairs.map((_, index) => readFileSync(join(folder, `f${index}`), "utf8"))).toEqual(pairs.map(([, after]) => text(after)));
    rmSync(folder, { recursive: true });
  });
});
