import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { debianEntries } from "./debianTree.ts";
import { type Fetched, type Fetching, fetchDebian, fetchNpm } from "./fetch.ts";
import type { Parts } from "./parts.ts";
import { readTar } from "./tarball.ts";
import { type Entry, file, folder, type Tree, treeOf } from "./tree.ts";

/** The user and group that Serin runs as, in numbers: `runAsNonRoot` of a pod can't look names up. As in manifests/base. */
export const user = "65532:65532";

/** Name look-ups as everywhere: without this file glibc asks DNS first, and the pod's hostAliases last. */
const nameService = "passwd: files\ngroup: files\nhosts: files dns\n";
const accounts = {
  "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\nserin:x:65532:65532:serin:/:/sbin/nologin\n",
  "etc/group": "root:x:0:\nserin:x:65532:\n",
  "etc/nsswitch.conf": nameService,
};

/** Where a container's runtime mounts what no image has. */
const mountPoints = ["dev", "proc", "run", "sys"];

/**
 * The lower layer: Node, and what it needs of Debian. The same as long as `parts.json` is.
 * @param parts of one architecture
 * @returns the tree, and the parts that it was made of
 */
export async function runtimeTree(parts: Parts, fetching: Fetching): Promise<{ tree: Tree; parts: Parts }> {
  const [debian, nodes] = await Promise.all([fetchDebian(parts.debian, fetching), fetchNpm(parts.node, fetching)]);
  const libraries = await Promise.all(debian.map(({ path, part }) => debianEntries(path, part)));
  const node = await Promise.all(nodes.map(({ path }) => nodeEntries(path)));
  const entries: Array<[string, Entry]> = [
    ...Object.entries(accounts).map(([path, text]): [string, Entry] => [path, file(text)]),
    ...mountPoints.map((path): [string, Entry] => [path, folder()]),
    ["tmp", folder(0o1777)],
    ...libraries.flat(),
    ...node.flat(),
  ];
  const partsIn = (fetched: readonly Fetched[]) => fetched.map(({ part }) => part);
  return { tree: treeOf(entries), parts: { suite: parts.suite, node: partsIn(nodes), debian: partsIn(debian) } };
}

const ofNode: Record<string, readonly [path: string, mode: number]> = {
  "package/bin/node": ["usr/bin/node", 0o755],
  "package/LICENSE": ["usr/share/doc/node/LICENSE", 0o644],
};

async function nodeEntries(archive: string): Promise<Array<[string, Entry]>> {
  const entries = await readTar(gunzipSync(await readFile(archive)));
  return entries.flatMap(([path, entry]): Array<[string, Entry]> => {
    const [at, mode] = ofNode[path] ?? [];
    return at === undefined || entry.kind !== "file" ? [] : [[at, file(entry.content, mode)]];
  });
}
