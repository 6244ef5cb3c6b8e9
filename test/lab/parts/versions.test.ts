import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { GO_MODULE, KUBERNETES } from "./versions.ts";

it("stamps the Kubernetes version that go.mod builds, staging modules included", () => {
  // Given
  const goMod = readFileSync(join(GO_MODULE, "go.mod"), "utf8");

  // When
  const built = /k8s\.io\/kubernetes v(\S+)/.exec(goMod)?.[1];
  const staging = new Set([...goMod.matchAll(/=> k8s\.io\/\S+ v0\.(\S+)/g)].map(([, version]) => `1.${version}`));

  // Then
  expect(built).toBe(KUBERNETES);
  expect([...staging]).toEqual([KUBERNETES]);
});
