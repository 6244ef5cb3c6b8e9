import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ImageFault } from "./fault.ts";
import type { Architecture, Part } from "./parts.ts";

const run = promisify(execFile);

/** A part as it was fetched: `version` and `integrity` are what the file is, which is what was asked for unless the archive has moved on. */
export interface Fetched {
  readonly part: Part;
  /** Where it lies. */
  readonly path: string;
}

export interface Fetching {
  /** Files that were fetched before, by checksum; shared by all checkouts. */
  readonly cache: string;
  /** When the registry no longer has the version: take the one that it has instead. A Debian archive keeps the newest only. */
  readonly orNewest: boolean;
}

type Download = (parts: readonly Part[], folder: string, newest: boolean) => Promise<void>;

/** Debian packages from wherever this machine's apt takes them. */
export const fetchDebian = (parts: readonly Part[], fetching: Fetching): Promise<Fetched[]> =>
  fetchParts(
    parts,
    fetching,
    downloadDebian,
    "this machine's apt has no such version; `make image-parts` takes the archive's newest into src/image/parts.json",
  );

/** npm packages from wherever this machine's npm takes them. Never others than those asked for: npm keeps all versions. */
export const fetchNpm = (parts: readonly Part[], fetching: Fetching): Promise<Fetched[]> =>
  fetchParts(parts, { ...fetching, orNewest: false }, downloadNpm, "see whether npm reaches its registry: npm ping");

/**
 * The files, from the cache or by their client.
 * @throws ImageFault when one is not to be had, or isn't the file that was asked for
 */
async function fetchParts(parts: readonly Part[], { cache, orNewest }: Fetching, download: Download, hint: string): Promise<Fetched[]> {
  await mkdir(cache, { recursive: true });
  const missing: Part[] = [];
  for (const part of parts) if (!(await isCached(cache, part))) missing.push(part);
  const fetched = missing.length === 0 ? [] : await fetchMissing(missing, { cache, orNewest }, download, hint);
  return parts.map((asked) => {
    const part = fetched.find(({ name, architecture }) => name === asked.name && architecture === asked.architecture) ?? asked;
    return { part, path: cacheFile(cache, part) };
  });
}

/** Fetches into the cache. The answer is the parts as they were fetched. */
async function fetchMissing(missing: readonly Part[], { cache, orNewest }: Fetching, download: Download, hint: string): Promise<Part[]> {
  const folder = await mkdtemp(join(cache, ".fetching-"));
  try {
    let moved = missing.every(({ version }) => version === "");
    await download(missing, folder, moved).catch(async (error: { code?: unknown; path?: string; stderr?: string }) => {
      if (error.code === "ENOENT") throw new ImageFault(`there is no ${error.path} here`, "on Debian, or with an engine: docker build .");
      const names = missing.map(({ name, version }) => `${name} ${version}`).join(", ");
      if (!orNewest) throw new ImageFault(`can't fetch ${names}: ${lastLine(error.stderr ?? String(error))}`, hint);
      moved = true;
      await download(missing, folder, true);
    });
    const files = await readdir(folder);
    const found: Part[] = [];
    for (const asked of missing) {
      const name = files.find((one) => one.startsWith(`${asked.name}_`) || one.startsWith(`${asked.name}-`));
      if (name === undefined) throw new ImageFault(`${asked.name} was not fetched`, hint);
      const content = await readFile(join(folder, name));
      const integrity = integrityOf(content, asked.integrity);
      const part = moved ? { ...asked, version: versionIn(name, asked), integrity } : { ...asked, integrity };
      if (!moved && !isOpen(asked) && integrity !== asked.integrity) {
        throw new ImageFault(`${name} is not the file with the checksum ${asked.integrity}`, hint);
      }
      await rename(join(folder, name), cacheFile(cache, part));
      found.push(part);
    }
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Asked for without a checksum: the algorithm alone. */
const isOpen = ({ integrity }: Part): boolean => integrity.endsWith("-");

/** `libc6_2.36-9+deb12u14_amd64.deb`; apt writes the colon of an epoch as %3a. */
const versionIn = (name: string, { version }: Part): string => decodeURIComponent(/_([^_]+)_[^_]+\.deb$/.exec(name)?.[1] ?? version);

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

const cacheFile = (cache: string, { integrity }: Part): string => join(cache, Buffer.from(integrity).toString("base64url"));

async function isCached(cache: string, part: Part): Promise<boolean> {
  const content = await readFile(cacheFile(cache, part)).catch(() => undefined);
  return content !== undefined && integrityOf(content, part.integrity) === part.integrity;
}

/** The checksum of a file, by the algorithm of another one. */
export function integrityOf(content: Uint8Array, like: string): string {
  const algorithm = like.startsWith("sha512-") ? "sha512" : "sha256";
  return `${algorithm}-${createHash(algorithm).update(content).digest("base64")}`;
}

async function downloadNpm(parts: readonly Part[], folder: string): Promise<void> {
  await run("npm", ["pack", "--silent", "--pack-destination", folder, ...parts.map(({ name, version }) => `${name}@${version}`)], {
    cwd: folder,
  });
}

/** With lists of its own: the system's apt is left as it is, and needs to know nothing of the other architecture. */
async function downloadDebian(parts: readonly Part[], folder: string, newest: boolean): Promise<void> {
  for (const architecture of new Set(parts.map((part) => part.architecture))) {
    const state = await mkdtemp(join(folder, "apt-"));
    const apt = ["-q", "-c", await aptConfig(state, architecture)];
    const names = parts
      .filter((part) => part.architecture === architecture)
      .map(({ name, version }) => (newest ? name : `${name}=${version}`));
    await run("apt-get", [...apt, "update"]);
    await run("apt-get", [...apt, "download", ...names], { cwd: folder });
    await rm(state, { recursive: true });
  }
}

async function aptConfig(state: string, architecture: Architecture): Promise<string> {
  for (const part of ["lists/partial", "archives/partial"]) await mkdir(join(state, part), { recursive: true });
  await writeFile(join(state, "status"), "");
  const lines = [
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { "${architecture}"; };`,
    'APT::Sandbox::User "";',
    `Dir::State "${state}";`,
    `Dir::State::status "${join(state, "status")}";`,
    `Dir::Cache "${state}";`,
    'Acquire::Languages "none";',
    "#clear APT::Update::Post-Invoke;",
    "#clear APT::Update::Post-Invoke-Success;",
    "#clear Acquire::IndexTargets::deb::DEP-11;",
  ];
  await writeFile(join(state, "apt.conf"), `${lines.join("\n")}\n`);
  return join(state, "apt.conf");
}
