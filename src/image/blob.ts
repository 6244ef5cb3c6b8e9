import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { packTree } from "./tarball.ts";
import type { Tree } from "./tree.ts";

/** A piece of content, and how the pieces that refer to it name it. */
export interface Blob {
  readonly content: Buffer;
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
}

export interface Layer extends Blob {
  /** Digest of the tar archive before it was compressed. */
  readonly diffId: string;
}

export const digestOf = (content: Uint8Array): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

export const blobOf = (mediaType: string, content: Buffer): Blob => ({
  content,
  descriptor: { mediaType, digest: digestOf(content), size: content.length },
});

export const jsonBlob = (mediaType: string, value: object): Blob => blobOf(mediaType, Buffer.from(JSON.stringify(value)));

export async function layerOf(tree: Tree): Promise<Layer> {
  const archive = await packTree(tree);
  return packedLayer(await gzip(archive), digestOf(archive));
}

export const packedLayer = (compressed: Buffer, diffId: string): Layer => ({
  ...blobOf("application/vnd.oci.image.layer.v1.tar+gzip", compressed),
  diffId,
});

/** By the system's gzip: what Node's zlib makes of the same bytes differs between processors. */
async function gzip(content: Buffer): Promise<Buffer> {
  const child = spawn("gzip", ["--no-name", "-6"], { stdio: ["pipe", "pipe", "inherit"] });
  const [compressed, [code]] = await Promise.all([buffer(child.stdout), once(child, "close"), child.stdin.end(content)]);
  if (code !== 0) throw new Error(`gzip ended with ${code}`);
  return compressed;
}
