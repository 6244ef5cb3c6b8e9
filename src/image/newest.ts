import { type Fetching, fetchDebian, fetchNpm } from "./fetch.ts";
import { architectures, debianPackages, nodePackage, type Part, type Parts } from "./parts.ts";

const unknown = { version: "", integrity: "sha256-" };

/**
 * The parts that there are now: Debian's newest of the suite, and Node of the version that this project runs with.
 * @param node such as `24.21.0`
 */
export async function newestParts(suite: string, node: string, cache: string): Promise<Parts> {
  const asked = { cache, orNewest: true };
  const debian = await all(
    architectures.map((architecture) => debianPackages.map((name) => ({ ...unknown, name, architecture }))),
    fetchDebian,
    asked,
  );
  const nodes = architectures.map((architecture) => ({
    name: nodePackage[architecture],
    version: node,
    architecture,
    integrity: "sha512-",
  }));
  return { suite, node: await all([nodes], fetchNpm, asked), debian };
}

async function all(groups: readonly Part[][], fetchThem: typeof fetchNpm, asked: Fetching): Promise<Part[]> {
  const found: Part[] = [];
  for (const parts of groups) for (const { part } of await fetchThem(parts, asked)) found.push(part);
  return found;
}
