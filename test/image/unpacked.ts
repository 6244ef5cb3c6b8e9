/** Reads an OCI image layout as an engine does, believing no digest. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { digestOf } from "../../src/image/blob.ts";
import type { imageConfig } from "../../src/image/imageConfig.ts";
import { readTar } from "../../src/image/tarball.ts";
import { type Tree, treeOf } from "../../src/image/tree.ts";

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { architecture: string; os: string };
  annotations?: Record<string, string>;
}
interface Index {
  manifests: Descriptor[];
}
interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
}

export interface UnpackedImage {
  readonly digest: string;
  readonly tag: string | undefined;
  readonly config: ReturnType<typeof imageConfig>;
  /** The lowest first. */
  readonly layers: readonly Tree[];
}

/** @throws Error when a blob is not what its name or its descriptor says */
export async function readLayout(folder: string, architecture: string): Promise<UnpackedImage> {
  const blob = async ({ digest, size }: Descriptor): Promise<Buffer> => {
    const content = await readFile(join(folder, "blobs", ...digest.split(":")));
    if (digestOf(content) !== digest || content.length !== size) throw new Error(`${digest} is another blob`);
    return content;
  };
  const json = async <T>(descriptor: Descriptor | undefined): Promise<T> => {
    if (descriptor === undefined) throw new Error(`no image for ${architecture}`);
    return JSON.parse((await blob(descriptor)).toString()) as T;
  };
  const { imageLayoutVersion } = JSON.parse(await readFile(join(folder, "oci-layout"), "utf8")) as { imageLayoutVersion: string };
  if (imageLayoutVersion !== "1.0.0") throw new Error(`a layout of version ${imageLayoutVersion}`);
  const [tagged] = (JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as Index).manifests;
  const index = await json<Index>(tagged);
  const manifest = await json<Manifest>(index.manifests.find(({ platform }) => platform?.architecture === architecture));
  const config = await json<UnpackedImage["config"]>(manifest.config);
  const archives = await Promise.all(manifest.layers.map(async (layer) => gunzipSync(await blob(layer))));
  archives.forEach((archive, i) => {
    if (digestOf(archive) !== config.rootfs.diff_ids[i]) throw new Error(`layer ${i} is not ${config.rootfs.diff_ids[i]}`);
  });
  const layers = await Promise.all(archives.map(async (archive) => treeOf(await readTar(archive))));
  return { digest: tagged?.digest ?? "", tag: tagged?.annotations?.["org.opencontainers.image.ref.name"], config, layers };
}

/** One tree of all layers; what an upper one has takes the place of the lower one's. We have no whiteouts, since no layer takes anything away. */
export const flattened = ({ layers }: UnpackedImage): Tree => new Map(layers.flatMap((layer) => [...layer]));
