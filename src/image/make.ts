import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { appTree } from "./appTree.ts";
import { layerOf } from "./blob.ts";
import type { Fetching } from "./fetch.ts";
import type { Origin } from "./imageConfig.ts";
import { dockerArchive, indexOf, type PlatformImage, platformImage, writeLayout } from "./layout.ts";
import { type Architecture, architectures, type Parts, partsFor } from "./parts.ts";
import { runtimeTree } from "./runtimeTree.ts";
import type { Tree } from "./tree.ts";

/** The files of the image for one architecture, by layer. */
export interface Content {
  readonly runtime: Tree;
  readonly app: Tree;
  /** As in the upper layer. */
  readonly sbom: string;
  /** What the lower layer was made of; not what `parts.json` says when newer ones were allowed and taken. */
  readonly parts: Parts;
}

export const partsFile = (checkout: string): string => join(checkout, "src", "image", "parts.json");
export const readParts = async (checkout: string): Promise<Parts> => JSON.parse(await readFile(partsFile(checkout), "utf8")) as Parts;

/** @throws ImageFault when a part can't be fetched */
export async function contentFor(architecture: Architecture, checkout: string, fetching: Fetching): Promise<Content> {
  const asked = partsFor(await readParts(checkout), architecture);
  const { tree: runtime, parts } = await runtimeTree(asked, fetching);
  const { tree: app, sbom } = await appTree(checkout, parts);
  return { runtime, app, sbom, parts };
}

export async function imageFor(architecture: Architecture, { runtime, app }: Content, origin: Origin): Promise<PlatformImage> {
  return platformImage(architecture, await Promise.all([layerOf(runtime), layerOf(app)]), origin);
}

/**
 * Makes the image for all architectures: `oci/` is a layout of all of them; `serin-<architecture>.tar` is for engines, `serin-<architecture>.cdx.json` what is in it.
 * @param folder is emptied first
 * @param say takes a line for each thing that was made
 * @returns the image's digest
 */
export async function makeImage(
  checkout: string,
  folder: string,
  fetching: Fetching,
  origin: Origin,
  say: (line: string) => void,
): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const images: PlatformImage[] = [];
  for (const architecture of architectures) {
    const content = await contentFor(architecture, checkout, fetching);
    const image = await imageFor(architecture, content, origin);
    const name = join(folder, `serin-${architecture}`);
    await writeFile(`${name}.cdx.json`, content.sbom);
    await writeFile(`${name}.tar`, await dockerArchive(image));
    images.push(image);
    const packed = image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    say(`${relative(checkout, name)}.tar: ${mebibytes(sizeOf(content))} of files, ${mebibytes(packed)} packed`);
  }
  await writeLayout(join(folder, "oci"), images);
  return indexOf(images).descriptor.digest;
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

/** Bytes of all files. */
export const sizeOf = ({ runtime, app }: Content): number =>
  [...runtime.values(), ...app.values()].reduce((sum, entry) => sum + (entry.kind === "file" ? entry.content.length : 0), 0);
