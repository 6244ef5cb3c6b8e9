/** One file, folder or symbolic link of the image; it belongs to root, as everything in it does. */
export type Entry = { readonly mode: number } & (
  | { readonly kind: "file"; readonly content: Uint8Array }
  | { readonly kind: "folder" }
  | { readonly kind: "link"; readonly target: string }
);

/** Entries by path, without a slash at either end: `usr/bin/node`. */
export type Tree = Map<string, Entry>;

export const file = (content: string | Uint8Array, mode = 0o644): Entry => ({ kind: "file", mode, content: Buffer.from(content) });
export const folder = (mode = 0o755): Entry => ({ kind: "folder", mode });
export const link = (target: string): Entry => ({ kind: "link", mode: 0o777, target });

/**
 * The tree of these entries with the folders that they lie in, in the order of their paths' code units: what is made of it depends on nothing else.
 * @throws Error when a path is there twice
 */
export function treeOf(entries: Iterable<readonly [path: string, entry: Entry]>): Tree {
  const found = new Map<string, Entry>();
  for (const [path, entry] of entries) {
    if (found.has(path)) throw new Error(`${path} is there twice`);
    found.set(path, entry);
  }
  for (const path of [...found.keys()]) {
    const names = path.split("/");
    for (let depth = 1; depth < names.length; depth++) {
      const parent = names.slice(0, depth).join("/");
      if (!found.has(parent)) found.set(parent, folder());
    }
  }
  return new Map([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}
