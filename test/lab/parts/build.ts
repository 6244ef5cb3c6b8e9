/** Started by ensureParts.ts under its lock. */
import { LabFault } from "../labFault.ts";
import { say } from "../say.ts";
import { buildMissingParts } from "./ensureParts.ts";

try {
  await buildMissingParts();
} catch (error) {
  if (!(error instanceof LabFault)) throw error;
  say(error.message);
  process.exitCode = 1;
}
