import { extract, pack } from "tar-stream";
import { type Entry, file, folder, link, type Tree } from "./tree.ts";

/** All files of the image are of this time: a layer whose content is the same is the same layer, whenever it was made. */
const epoch = new Date(0);

/** The tree as a tar archive, the same bytes for the same tree. */
export async function packTree(tree: Tree): Promise<Buffer> {
  const archive = pack();
  const packed = bytesOf(archive);
  for (const [path, entry] of tree) {
    const header = { mode: entry.mode, mtime: epoch, uid: 0, gid: 0, uname: "", gname: "" };
    if (entry.kind === "file") archive.entry({ ...header, name: path, type: "file" }, Buffer.from(entry.content));
    else if (entry.kind === "folder") archive.entry({ ...header, name: `${path}/`, type: "directory" });
    else archive.entry({ ...header, name: path, type: "symlink", linkname: entry.target });
  }
  archive.finalize();
  return packed;
}

/**
 * What is in a tar archive, in its order.
 * @throws Error at an entry that is none of ours: a device, a hard link, a path that leads outside
 */
export async function readTar(archive: Uint8Array): Promise<Array<[path: string, entry: Entry]>> {
  const reader = extract();
  const found: Array<[string, Entry]> = [];
  reader.end(archive);
  for await (const entry of reader) {
    const { name, type, mode = 0, linkname } = entry.header;
    const path = name.replace(/^\.\//, "").replace(/\/$/, "");
    if (path.split("/").includes("..") || path.startsWith("/")) throw new Error(`${name} leads outside`);
    if (type === "file") found.push([path, file(await bytesOf(entry), mode)]);
    else if (type === "directory") found.push([path, folder(mode)]);
    else if (type === "symlink") found.push([path, link(linkname ?? "")]);
    else throw new Error(`${name} is a ${type}`);
    entry.resume();
  }
  return found.filter(([path]) => path !== "" && path !== ".");
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
