import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runConfig } from "../../src/image/imageConfig.ts";
import { type DeploymentManifest, manifestsOf, ofKind } from "../house/manifests.ts";
import { checkout, textOf } from "../house/sources.ts";
import { pairsIn, saying, stagesOf } from "./dockerfile.ts";

const stages = stagesOf();
const [files = [], image = []] = stages;
const config = runConfig({ revision: "$REVISION", created: 0 });

test("the Dockerfile's image is started as the one of `make image`", () => {
  expect(stages).toHaveLength(2);
  expect(saying(image, "FROM")).toEqual(["scratch"]);
  expect(saying(image, "USER")).toEqual([config.User]);
  expect(saying(image, "ENTRYPOINT").map((text) => JSON.parse(text))).toEqual([config.Entrypoint]);
  expect(saying(image, "ENV").map(pairsIn)).toEqual([Object.fromEntries(config.Env.map((pair) => pair.split("=")))]);
  expect(saying(image, "LABEL").map(pairsIn)).toEqual([config.Labels]);
  expect(saying(image, "EXPOSE").flatMap((text) => text.split(" "))).toEqual(Object.keys(config.ExposedPorts));
  expect(saying(image, "WORKDIR")).toEqual([config.WorkingDir]);
  expect(image.map(({ word }) => word)).not.toContain("CMD");
  expect(image.map(({ word }) => word)).not.toContain("RUN");
});

test("what the Dockerfile copies is there, and .dockerignore lets it through", () => {
  const copied = saying(files, "COPY").flatMap((text) => text.split(" ").slice(0, -1));
  for (const name of copied) expect(existsSync(join(checkout, name)), name).toBe(true);
  const [first, ...let_] = textOf(".dockerignore").trim().split("\n");
  expect(first).toBe("*");
  expect(let_.sort()).toEqual(copied.map((name) => `!${name}`).sort());
});

test("the manifests start the programs that the image has, as the user that it has", () => {
  const deployments = ofKind<DeploymentManifest>(manifestsOf("manifests"), "Deployment");
  const started = deployments.flatMap(({ spec }) => spec.template.spec.containers.map(({ args, command }) => ({ args, command })));
  expect(started.map(({ args }) => args).sort()).toEqual([["certificates"], ["webhook"], ["worker"]]);
  expect(started.map(({ command }) => command)).toEqual([undefined, undefined, undefined]);
  for (const { spec } of deployments) {
    const { runAsUser, runAsGroup } = spec.template.spec.securityContext ?? {};
    expect(`${runAsUser}:${runAsGroup}`).toBe(config.User);
  }
});
