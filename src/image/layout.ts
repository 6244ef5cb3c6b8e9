/** The image as folders and archives that other tools read: an OCI image layout, and what `docker save` writes. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { release } from "../api/names.ts";
import { type Blob, jsonBlob, type Layer } from "./blob.ts";
import { imageConfig, type Origin } from "./imageConfig.ts";
import type { Architecture } from "./parts.ts";
import { packTree } from "./tarball.ts";
import { type Entry, file, treeOf } from "./tree.ts";

/** The image for one architecture. */
export interface PlatformImage {
  readonly architecture: Architecture;
  readonly config: Blob;
  readonly manifest: Blob;
  readonly layers: readonly Layer[];
}

export function platformImage(architecture: Architecture, layers: readonly Layer[], origin: Origin): PlatformImage {
  const config = jsonBlob(
    "application/vnd.oci.image.config.v1+json",
    imageConfig(
      architecture,
      origin,
      layers.map(({ diffId }) => diffId),
    ),
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = { schemaVersion: 2, mediaType, config: config.descriptor, layers: layers.map(({ descriptor }) => descriptor) };
  return { architecture, config, manifest: jsonBlob(mediaType, manifest), layers };
}

const indexType = "application/vnd.oci.image.index.v1+json";

/** What a registry serves under the tag: the images of all architectures. Its digest is the image's. */
export function indexOf(images: readonly PlatformImage[]): Blob {
  const manifests = images.map(({ manifest, architecture }) => ({ ...manifest.descriptor, platform: { architecture, os: "linux" } }));
  return jsonBlob(indexType, { schemaVersion: 2, mediaType: indexType, manifests });
}

/** Writes an OCI image layout with the one tag. @param folder an empty one */
export async function writeLayout(folder: string, images: readonly PlatformImage[]): Promise<void> {
  const index = indexOf(images);
  const blobs = [index, ...images.flatMap(({ config, manifest, layers }) => [config, manifest, ...layers])];
  await mkdir(join(folder, "blobs", "sha256"), { recursive: true });
  for (const { content, descriptor } of blobs) await writeFile(join(folder, "blobs", ...descriptor.digest.split(":")), content);
  const tagged = { ...index.descriptor, annotations: { "org.opencontainers.image.ref.name": release } };
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [tagged] }));
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

/** One architecture as `docker load`, `podman load`, `ctr images import`, kind and minikube take it, named `serin:<release>`. */
export function dockerArchive({ config, layers }: PlatformImage): Promise<Buffer> {
  const hex = ({ descriptor }: Blob) => descriptor.digest.slice("sha256:".length);
  const named = [{ Config: `${hex(config)}.json`, RepoTags: [`serin:${release}`], Layers: layers.map((layer) => `${hex(layer)}.tar.gz`) }];
  const entries: Array<[string, Entry]> = [
    ["manifest.json", file(JSON.stringify(named))],
    [`${hex(config)}.json`, file(config.content)],
    ...layers.map((layer): [string, Entry] => [`${hex(layer)}.tar.gz`, file(layer.content)]),
  ];
  return packTree(treeOf(entries));
}
