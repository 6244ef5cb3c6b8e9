import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shells } from "../../src/cli/completion/scripts.ts";
import { main } from "../../src/cli/main.ts";
import { serin } from "./terminal.ts";

let folder: string;
let plugin: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "serin-complete-"));
  plugin = join(folder, "kubectl_complete-serin");
  writeFileSync(plugin, (await serin("completion kubectl", [])).out);
  chmodSync(plugin, 0o755);
  // What kubectl would be asked, printed instead of asked.
  writeFileSync(join(folder, "kubectl"), `#!/bin/sh\necho "kubectl $*"\n`);
  chmodSync(join(folder, "kubectl"), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const fromPlugin = (...words: string[]): string =>
  execFileSync(plugin, words, { encoding: "utf8", env: { PATH: `${folder}${delimiter}${process.env["PATH"]}` } });

test("a verb with its description, and no files", async () => {
  expect((await serin("__complete st", [])).out).toMatch(/^status\tFollow the canary .*\n:4\n$/);
});

describe("the script that kubectl runs says what __complete says", () => {
  const lines: string[][] = [
    [""],
    ["st"],
    ["get", "-"],
    ["get", "--w"],
    ["list", "-o", ""],
    ["list", "-o", "j"],
    ["wait", "deploy/x", "--timeout", ""],
    ["import", ""],
    ["import", "argo", "--f"],
    ["import", "argo", "-f", ""],
    ["sidecars", "repair", "--d"],
    ["nothing", ""],
  ];
  test.each(lines.map((words) => [words.join(" "), words] as const))("%s", async (_, words) => {
    const { out } = await completedBy(words);
    expect(fromPlugin(...words)).toBe(out);
    expect(out).toMatch(/:\d\n$/);
  });

  test("names come from kubectl itself, of the namespace that was named", () => {
    expect(fromPlugin("get", "-n", "shop", "we")).toBe("kubectl __complete get deployments -n shop we\n");
    expect(fromPlugin("abort", "")).toBe("kubectl __complete get deployments \n");
    expect(fromPlugin("get", "-n", "sh")).toBe("kubectl __complete get namespaces sh\n");
    expect(fromPlugin("get", "--context", "")).toBe("kubectl __complete config use-context \n");
  });
});

/** Words may be empty, which a line can't say. */
async function completedBy(words: string[]) {
  let out = "";
  const take = (text: string) => {
    out += text;
  };
  const io = { out: take, err: take } as unknown as Parameters<typeof main>[1];
  await main(["__complete", ...words], io);
  return { out };
}

test.each(shells)("the script for %s asks for the words", async (shell) => {
  const { out, code } = await serin(`completion ${shell}`, []);
  expect(out).toContain("kubectl-serin __complete");
  expect(code).toBe(0);
  if (shell === "bash") execFileSync("bash", ["-n"], { input: out });
});

test("bash completes a verb", async () => {
  const { out } = await serin("completion bash", []);
  const script = `${out}\nCOMP_WORDS=(kubectl-serin ab)\nCOMP_CWORD=1\n_kubectl_serin\necho "\${COMPREPLY[@]}"\n`;
  const printed = execFileSync("bash", { input: script, encoding: "utf8", env: { PATH: `${folder}${delimiter}${process.env["PATH"]}` } });
  expect(printed).toBe("abort\n");
});

test("a shell that is none is a mistake", async () => {
  expect((await serin("completion ksh", [])).code).toBe(1);
});

describe("version", () => {
  test("of the plugin alone, and of the cluster", async () => {
    expect((await serin("version --client", [])).out).toBe("client: 0.1.0 (serin.dev/v1alpha1)\n");
    const worker = {
      kind: "Deployment",
      metadata: { name: "serin-worker", namespace: "serin-system" },
      spec: { template: { spec: { containers: [{ name: "worker", image: "serin:0.1.0" }] } } },
    };
    expect((await serin("version", [[worker]])).out).toBe("client: 0.1.0 (serin.dev/v1alpha1)\nkubernetes: v1.36.3\nserver: serin:0.1.0\n");
    expect(JSON.parse((await serin("version -o json", [[]], { forbidden: { deployments: "anywhere" } })).out)).toMatchObject({
      kubernetes: "v1.36.3",
    });
  });
});
