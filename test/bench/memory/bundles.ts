import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundlePrograms } from "../../../src/bundle/programs.ts";
import { CHECKOUT } from "../../lab/labEnvironment.ts";

/** Serin's programs as files without dependencies, as the image has them. @param folder where `serin.mjs`, the image's one entry, and the others go */
export async function bundleSerin(folder: string): Promise<void> {
  const { files } = await bundlePrograms(CHECKOUT);
  await Promise.all([...files].map(([name, content]) => writeFile(join(folder, name), content)));
}
