import { pack } from "tar-stream";
import { expect, test } from "vitest";
import { packTree, readTar } from "../../src/image/tarball.ts";
import { type Entry, file, folder, link, treeOf } from "../../src/image/tree.ts";

const deep = `usr/share/${"long-".repeat(30)}/name.txt`;
const entries: Array<[string, Entry]> = [
  ["usr/bin/node", file("#", 0o755)],
  ["lib64/ld.so", link("/lib/ld.so")],
  [deep, file("deep")],
  ["tmp", folder(0o1777)],
];

test("a tree comes back from its archive as it was, with its folders, in order", async () => {
  const read = await readTar(await packTree(treeOf(entries)));
  expect(read.map(([path, { kind, mode }]) => `${kind} ${mode.toString(8)} ${path}`)).toEqual([
    "folder 755 lib64",
    "link 777 lib64/ld.so",
    "folder 1777 tmp",
    "folder 755 usr",
    "folder 755 usr/bin",
    "file 755 usr/bin/node",
    "folder 755 usr/share",
    `folder 755 usr/share/${"long-".repeat(30)}`,
    `file 644 ${deep}`,
  ]);
  expect(new Map(read)).toEqual(treeOf(entries));
});

test("the archive depends on the tree alone, not on the order in which it came about", async () => {
  expect(await packTree(treeOf(entries.toReversed()))).toEqual(await packTree(treeOf(entries)));
  expect(await packTree(treeOf([...entries, ["etc/more", file("")]]))).not.toEqual(await packTree(treeOf(entries)));
});

test("a path can't be there twice", () => {
  expect(() => treeOf([...entries, ["tmp", folder()]])).toThrow("tmp is there twice");
});

test.each([
  ["leads outside", { name: "../etc/passwd" }],
  ["leads outside", { name: "/etc/passwd" }],
  ["is a link", { name: "copy", type: "link", linkname: "usr/bin/node" }],
  ["is a character-device", { name: "dev/null", type: "character-device" }],
] as const)("an archive with an entry that %s is refused: %o", async (what, header) => {
  const archive = pack();
  archive.entry(header, "");
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  await expect(readTar(Buffer.concat(chunks))).rejects.toThrow(what);
});
