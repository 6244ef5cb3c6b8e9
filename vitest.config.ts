import { defineConfig } from "vitest/config";
import { enterNamespace } from "./test/lab/enterNamespace.ts";

enterNamespace(process.argv.slice(2));

// unit: no lab, seconds. simulation: whole plans in a simulated cluster, at every second and every write of them, and the whole image, a minute. lab: the real control plane, one file at a time (two cores).
const simulated = [
  "test/core/plan/**/*.test.ts",
  "test/core/analysis/plans.test.ts",
  "test/core/analysis/sequential/simulation.test.ts",
  "test/tls/keepCertificates.test.ts",
  "test/image/image.test.ts",
];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/lab/**", ...simulated],
          testTimeout: 10_000,
          pool: "threads",
          isolate: false,
        },
      },
      {
        test: {
          name: "simulation",
          include: simulated,
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "lab",
          include: ["test/lab/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
