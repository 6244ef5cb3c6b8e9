import { readFileSync } from "node:fs";
import { join } from "node:path";
import { partsFile } from "../../src/image/make.ts";
import type { Parts } from "../../src/image/parts.ts";

const { suite } = JSON.parse(readFileSync(partsFile(join(import.meta.dirname, "..", "..")), "utf8")) as Parts;

/** Whether this machine's apt has the packages of the image: only Debian's has, and of the one suite. Elsewhere no image is made, so none is tested. */
export const hasSuite = ((): boolean => {
  try {
    return readFileSync("/etc/os-release", "utf8").split("\n").includes(`VERSION_CODENAME=${suite}`);
  } catch {
    return false;
  }
})();
