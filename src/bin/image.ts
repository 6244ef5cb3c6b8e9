import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ImageFault } from "../image/fault.ts";
import { contentFor, makeImage, partsFile } from "../image/make.ts";
import { newestParts } from "../image/newest.ts";
import { originOf } from "../image/origin.ts";
import { type Architecture, architectures } from "../image/parts.ts";
import { writeTree } from "../image/writeTree.ts";

/** `make image`: dist/image. With `--files <folder>` only the files of one architecture, by layer; with `--parts` only src/image/parts.json. */
const checkout = join(import.meta.dirname, "..", "..");
const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "serin-image");
const fetching = { cache, orNewest: false };
const say = (line: string) => void process.stdout.write(`${line}\n`);

async function writeFiles(into: string, architecture: string): Promise<void> {
  if (!architectures.some((known) => known === architecture))
    throw new ImageFault(`no architecture ${architecture}`, architectures.join(" or "));
  const { runtime, app } = await contentFor(architecture as Architecture, checkout, fetching);
  for (const [name, tree] of Object.entries({ runtime, app })) {
    await mkdir(join(into, name), { recursive: true });
    await writeTree(tree, join(into, name));
  }
}

async function writeParts(): Promise<void> {
  const parts = await newestParts("bookworm", process.versions.node, cache);
  await writeFile(partsFile(checkout), `${JSON.stringify(parts, null, 2)}\n`);
}

const { values } = parseArgs({
  options: { files: { type: "string" }, arch: { type: "string", default: "amd64" }, parts: { type: "boolean", default: false } },
});
try {
  if (values.parts) await writeParts();
  else if (values.files !== undefined) await writeFiles(values.files, values.arch);
  else {
    const origin = originOf(checkout, process.env["SOURCE_DATE_EPOCH"]);
    say(`serin@${await makeImage(checkout, join(checkout, "dist", "image"), fetching, origin, say)}`);
  }
} catch (error) {
  if (!(error instanceof ImageFault)) throw error;
  process.stderr.write(`error: ${error.message}\n  try: ${error.hint}\n`);
  process.exitCode = 1;
}
