import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundlePrograms } from "../bundle/programs.ts";
import { ImageFault } from "./fault.ts";
import type { LockedPackages } from "./lockedPackages.ts";
import { noticesOf } from "./notices.ts";
import type { Parts } from "./parts.ts";
import { sbomOf } from "./sbom.ts";
import { type Entry, file, type Tree, treeOf } from "./tree.ts";

/** Where the programs lie in the image. */
export const programs = "serin";
const sbomPath = "usr/share/sbom/serin.cdx.json";
const documents = "usr/share/doc/serin";

/**
 * The upper layer: Serin's programs, its licence and those of what is bundled, and the list of all that is in the image.
 * @param parts what the lower layer is made of
 */
export async function appTree(checkout: string, parts: Parts): Promise<{ tree: Tree; sbom: string }> {
  const [bundle, lock, license, manifest] = await Promise.all([
    bundlePrograms(checkout),
    readFile(join(checkout, "package-lock.json"), "utf8"),
    readFile(join(checkout, "LICENSE")),
    readFile(join(checkout, "package.json"), "utf8"),
  ]);
  const { packages } = JSON.parse(lock) as { packages: LockedPackages };
  for (const { version } of parts.node) {
    if (version !== process.versions.node) {
      throw new ImageFault(
        `this is Node ${process.versions.node}, the image gets ${version}, and its list of parts is this Node's`,
        "make image-parts",
      );
    }
  }
  const sbom = sbomOf({
    bundled: bundle.packages,
    packages,
    parts,
    license: (JSON.parse(manifest) as { license: string }).license,
    nodeVersions: process.versions,
  });
  const entries: Array<[string, Entry]> = [
    ...[...bundle.files].map(([name, content]): [string, Entry] => [`${programs}/${name}`, file(content)]),
    [`${documents}/LICENSE`, file(license)],
    [`${documents}/third-party-notices.txt`, file(await noticesOf(checkout, bundle.packages, packages))],
    [sbomPath, file(sbom)],
  ];
  return { tree: treeOf(entries), sbom };
}
