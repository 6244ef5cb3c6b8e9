import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Tree } from "./tree.ts";

/** Writes the files of a tree into a folder; folders that are there already stay as they are. They belong to whoever runs this. */
export async function writeTree(tree: Tree, into: string): Promise<void> {
  for (const [path, entry] of tree) {
    const at = join(into, path);
    if (entry.kind === "folder") await mkdir(at, { recursive: true });
    else if (entry.kind === "file") await writeFile(at, entry.content);
    else await symlink(entry.target, at);
    // Not by the options of mkdir and writeFile: those the umask takes from.
    if (entry.kind !== "link") await chmod(at, entry.mode);
  }
}
