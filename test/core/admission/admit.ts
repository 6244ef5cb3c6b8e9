import { expect } from "vitest";
import type { Admission } from "../../../src/core/admission/admission.ts";
import { admitDeployment } from "../../../src/core/admission/admitDeployment.ts";
import type { DeploymentReview, ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import type { World } from "../../../src/core/admission/world.ts";
import { applied, world } from "./build.ts";

/** Admits, checks the laws that every answer obeys, and gives the answer with what would be stored. */
export function admit(given: DeploymentReview, around: World = world()): { admission: Admission; stored: ReviewedDeployment } {
  const admission = admitDeployment(given, around);
  const stored = applied(given.object, admission);
  for (const warning of admission.warnings) expect(warning.length).toBeLessThanOrEqual(120);
  const again = admitDeployment({ ...given, object: stored, asking: { ...given.asking, requestUid: "asked-again" } }, around);
  if (admission.allowed) expect(again.operations, "admission of its own output").toEqual([]);
  return { admission, stored };
}
