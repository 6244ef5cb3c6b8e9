import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Part } from "./parts.ts";
import { readTar } from "./tarball.ts";
import { type Entry, file } from "./tree.ts";

const run = promisify(execFile);

/**
 * What a program needs of a Debian package at run time, and its copyright: shared libraries, and by which release of Debian scanners judge them. No
 * documentation, no character sets (Node brings ICU), nothing that is run.
 */
const kept = [
  /^lib(64)?\//,
  /^usr\/lib\/[^/]+\/lib[^/]+\.so[^/]*$/,
  /^usr\/lib\/os-release$/,
  /^etc\/(debian_version|os-release)$/,
  /^usr\/share\/doc\/[^/]+(\/copyright)?$/,
];

/**
 * The files that the image takes from a package, and its entry in dpkg's books as images without dpkg have it (`status.d`), by which scanners know it.
 * @param path of the `.deb`
 */
export async function debianEntries(path: string, { name }: Part): Promise<Array<[string, Entry]>> {
  const [content, control] = await Promise.all([unpack(path, "--fsys-tarfile"), unpack(path, "--ctrl-tarfile")]);
  const taken = content.filter(([at, { kind }]) => kind !== "folder" && kept.some((pattern) => pattern.test(at)));
  const paths = new Set(taken.map(([at]) => at));
  const books = join("var/lib/dpkg/status.d", name);
  const sums = textIn(control, "md5sums").split("\n");
  return [
    ...taken,
    [books, file(textIn(control, "control"))],
    [
      `${books}.md5sums`,
      file(
        sums
          .filter((line) => paths.has(line.slice(34)))
          .map((line) => `${line}\n`)
          .join(""),
      ),
    ],
  ];
}

async function unpack(path: string, part: "--fsys-tarfile" | "--ctrl-tarfile") {
  const { stdout } = await run("dpkg-deb", [part, path], { encoding: "buffer", maxBuffer: 1 << 30 });
  return readTar(stdout);
}

function textIn(entries: ReadonlyArray<readonly [string, Entry]>, name: string): string {
  const found = entries.find(([at]) => at === name)?.[1];
  return found?.kind === "file" ? Buffer.from(found.content).toString() : "";
}
