/** The image's lower layer: the parts of it come from registries, which a lab in its own network can't reach. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { layerOf } from "../../../src/image/blob.ts";
import { partsFile, readParts } from "../../../src/image/make.ts";
import { type Architecture, partsFor } from "../../../src/image/parts.ts";
import { runtimeTree } from "../../../src/image/runtimeTree.ts";
import type { Part } from "./part.ts";

const CHECKOUT = join(import.meta.dirname, "..", "..", "..");

/** This machine's, in the words of images. */
export const ARCHITECTURE: Architecture = process.arch === "arm64" ? "arm64" : "amd64";

const key = createHash("sha256")
  .update(readFileSync(partsFile(CHECKOUT)))
  .digest("hex")
  .slice(0, 8);

/** Debian's newest where the archive no longer has the versions of parts.json: they are for those who make an image, not for the lab. */
export const imageRuntime: Part = {
  name: `image-runtime-${ARCHITECTURE}-${key}.tar.gz`,
  doing: "fetching Node and Debian's libraries for the image",
  needs: [{ command: "dpkg-deb", debian: "dpkg" }],
  async make(target) {
    const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "serin-image");
    const { tree } = await runtimeTree(partsFor(await readParts(CHECKOUT), ARCHITECTURE), { cache, orNewest: true });
    await writeFile(target, (await layerOf(tree)).content);
  },
};
