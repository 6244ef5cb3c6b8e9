import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, readlink } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { release } from "../../src/api/names.ts";
import { digestOf } from "../../src/image/blob.ts";
import { dockerArchive, indexOf, type PlatformImage, writeLayout } from "../../src/image/layout.ts";
import { type Content, contentFor, imageFor, sizeOf } from "../../src/image/make.ts";
import { debianSources } from "../../src/image/parts.ts";
import { packTree, readTar } from "../../src/image/tarball.ts";
import { type Entry, file, folder, link, type Tree, treeOf } from "../../src/image/tree.ts";
import { checkout, textOf } from "../house/sources.ts";
import { saying, stagesOf } from "./dockerfile.ts";
import { hasSuite } from "./suite.ts";
import { flattened, readLayout, type UnpackedImage } from "./unpacked.ts";

const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "serin-image");
const origin = { revision: "0123abc", created: 1_767_225_600 };

describe.runIf(hasSuite)("the image", () => {
  const scratch = mkdtempSync(join(tmpdir(), "serin-image-"));
  let content: Content;
  let image: PlatformImage;
  let unpacked: UnpackedImage;
  let files: Array<[path: string, content: Buffer, mode: number]>;

  beforeAll(async () => {
    // The newest where the archive no longer has those of parts.json: then this fails nowhere, and `make image` says what to do.
    content = await contentFor("amd64", checkout, { cache, orNewest: true });
    image = await imageFor("amd64", content, origin);
    await writeLayout(join(scratch, "oci"), [image]);
    unpacked = await readLayout(join(scratch, "oci"), "amd64");
    files = [...flattened(unpacked)].flatMap(([path, entry]) =>
      entry.kind === "file" ? [[path, entry.content as Buffer, entry.mode] as [string, Buffer, number]] : [],
    );
  }, 300_000);
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it("is a layout whose every digest is true, tagged with the release", () => {
    expect(unpacked).toMatchObject({ tag: release, digest: indexOf([image]).descriptor.digest });
    expect(unpacked.config).toMatchObject({
      architecture: "amd64",
      os: "linux",
      created: "2026-01-01T00:00:00Z",
      config: {
        User: "65532:65532",
        Labels: { "org.opencontainers.image.revision": "0123abc", "org.opencontainers.image.version": release },
      },
    });
    expect(unpacked.layers.map(listing)).toEqual([listing(content.runtime), listing(content.app)]);
  });

  it("for engines holds the same configuration and layers under the name of the manifests", async () => {
    const archive = new Map(await readTar(await dockerArchive(image)));
    const [named] = JSON.parse(textIn(archive, "manifest.json")) as [{ Config: string; RepoTags: string[]; Layers: string[] }];
    expect(named.RepoTags).toEqual([`serin:${release}`]);
    const { images } = parse(textOf("manifests/base/kustomization.yaml")) as { images: object[] };
    expect(images).toEqual([{ name: "serin", newTag: release }]);
    expect(JSON.parse(textIn(archive, named.Config))).toEqual(unpacked.config);
    const digests = named.Layers.map((name) => digestOf(contentOf(archive, name)));
    expect(digests).toEqual(image.layers.map(({ descriptor }) => descriptor.digest));
  });

  it("has no shell and no script, and of programs only Node", () => {
    const run = files.filter(([, , mode]) => mode & 0o111).map(([path]) => path);
    expect(run).toEqual(["lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6", "usr/bin/node"]);
    expect(files.filter(([, text]) => text.subarray(0, 2).toString() === "#!").map(([path]) => path)).toEqual([]);
  });

  it("lets nobody become another or write anywhere but in /tmp", () => {
    const modes = [...flattened(unpacked)].filter(([, { kind }]) => kind !== "link");
    expect(modes.filter(([, { mode }]) => mode & 0o6000).map(([path]) => path)).toEqual([]);
    expect(modes.filter(([, { mode }]) => mode & 0o022).map(([path]) => path)).toEqual(["tmp"]);
  });

  it("holds no key, nothing of certs/ and no path of the machine that made it", () => {
    const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}/;
    expect(files.filter(([, text]) => key.test(text.toString("latin1"))).map(([path]) => path)).toEqual([]);
    expect(
      files.map(([path]) => path).filter((path) => /\.(?:key|pem|crt|p12)$|(?:^|\/)(?:certs|\.git|\.npmrc|\.env)(?:\/|$)/.test(path)),
    ).toEqual([]);
    expect(
      [...content.app].filter(([, entry]) => entry.kind === "file" && Buffer.from(entry.content).includes(checkout)).map(([path]) => path),
    ).toEqual([]);
  });

  it("names its user, its Debian and its packages where tools look for them", () => {
    const all = flattened(unpacked);
    expect(textIn(all, "etc/passwd")).toContain("serin:x:65532:65532:");
    expect(textIn(all, "usr/lib/os-release")).toMatch(/^VERSION_CODENAME=bookworm$/m);
    for (const { name, version } of content.parts.debian) {
      const books = textIn(all, `var/lib/dpkg/status.d/${name}`);
      expect(books).toContain(`\nVersion: ${version}\n`);
      expect(/^Source: (\S+)/m.exec(books)?.[1] ?? name).toBe(debianSources[name]);
      expect([...all.keys()].filter((path) => path === `usr/share/doc/${name}` || path === `usr/share/doc/${name}/copyright`)).not.toEqual(
        [],
      );
    }
    expect(textIn(all, "usr/share/sbom/serin.cdx.json")).toBe(content.sbom);
    expect(textIn(all, "usr/share/doc/serin/third-party-notices.txt")).toContain("pino");
    expect(textIn(all, "usr/share/doc/node/LICENSE")).toContain("Node.js is licensed");
  });

  it("is 140 MiB of files at most, 50 MiB packed", () => {
    expect(sizeOf(content)).toBeLessThan(140 * 2 ** 20);
    expect(image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0)).toBeLessThan(50 * 2 ** 20);
  });

  it("comes out the same, to the digest of each layer, by the Dockerfile's commands in another folder", async () => {
    const [stage = [], last = []] = stagesOf();
    const elsewhere = join(scratch, "another", "checkout");
    await mkdir(elsewhere, { recursive: true });
    for (const name of saying(stage, "COPY").flatMap((text) => text.split(" ").slice(0, -1))) {
      cpSync(join(checkout, name), join(elsewhere, name), { recursive: true });
    }
    writeFileSync(join(elsewhere, "src", "image", "parts.json"), JSON.stringify(content.parts));
    // In place of `npm ci`, the first of the commands.
    symlinkSync(join(checkout, "node_modules"), join(elsewhere, "node_modules"));
    const [install, ...commands] = saying(stage, "RUN");
    expect(install).toMatch(/^npm ci /);
    for (const command of commands) {
      const env = { ...process.env, TARGETARCH: "amd64", XDG_CACHE_HOME: dirname(cache) };
      execFileSync("bash", ["-c", `umask 077; ${command.replaceAll("/files", join(scratch, "files"))}`], { cwd: elsewhere, env });
    }
    const copied = saying(last, "COPY").map((text) =>
      /^--from=files (\S+)\/ \/$/.exec(text)?.[1]?.replace("/files", join(scratch, "files")),
    );
    const trees = await Promise.all(copied.map((from) => treeIn(from ?? "")));
    expect(trees.map(listing)).toEqual(unpacked.layers.map(listing));
    expect(await Promise.all(trees.map(async (tree) => digestOf(await packTree(tree))))).toEqual(unpacked.config.rootfs.diff_ids);
  });
});

function contentOf(tree: Tree, path: string): Buffer {
  const entry = tree.get(path);
  if (entry?.kind !== "file") throw new Error(`no file ${path}`);
  return Buffer.from(entry.content);
}

const textIn = (tree: Tree, path: string): string => contentOf(tree, path).toString();

/** A line for each entry: a tree in itself is too much to be compared by vitest. */
const listing = (tree: Tree): string[] =>
  [...tree].map(([path, entry]) => {
    const what = { file: () => digestOf(contentOf(tree, path)), folder: () => "", link: () => entry.kind === "link" && entry.target };
    return `${entry.kind} ${entry.mode.toString(8)} ${path} ${what[entry.kind]()}`;
  });

/** A folder of this machine as a tree. */
async function treeIn(root: string): Promise<Tree> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  return treeOf(
    await Promise.all(
      found.map(async (one): Promise<[string, Entry]> => {
        const at = join(one.parentPath, one.name);
        const path = relative(root, at);
        if (one.isSymbolicLink()) return [path, link(await readlink(at))];
        const mode = statSync(at).mode & 0o7777;
        return [path, one.isDirectory() ? folder(mode) : file(await readFile(at), mode)];
      }),
    ),
  );
}
