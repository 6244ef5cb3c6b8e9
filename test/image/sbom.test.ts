import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { beforeAll, describe, expect, it, test } from "vitest";
import { type Bundle, bundlePrograms } from "../../src/bundle/programs.ts";
import { dependenciesOf, type LockedPackages, nameOf } from "../../src/image/lockedPackages.ts";
import { readParts } from "../../src/image/make.ts";
import { type Parts, partsFor } from "../../src/image/parts.ts";
import { sbomOf } from "../../src/image/sbom.ts";
import { checkout, textOf } from "../house/sources.ts";

interface Component {
  type: string;
  name: string;
  version: string;
  purl?: string;
  "bom-ref": string;
  hashes?: Array<{ alg: string; content: string }>;
  licenses?: unknown[];
  properties?: Array<{ name: string; value: string }>;
  components?: Component[];
}

describe("the list of what is in the image", () => {
  const { packages } = JSON.parse(textOf("package-lock.json")) as { packages: LockedPackages };
  let bundle: Bundle;
  let parts: Parts;
  let text: string;
  let components: Component[];

  const listed = (bundled: readonly string[], of = parts) =>
    sbomOf({ bundled, packages, parts: of, license: "Apache-2.0", nodeVersions: process.versions });

  beforeAll(async () => {
    bundle = await bundlePrograms(checkout);
    parts = partsFor(await readParts(checkout), "amd64");
    text = listed(bundle.packages);
    components = (JSON.parse(text) as { components: Component[] }).components;
  });

  it("is CycloneDX 1.6, by its strict schema", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
    expect(await validator.validate(text.replace('"type": "library"', '"type": "libary"'))).not.toBeNull();
  });

  it("names each package of which code is in the programs, with the version, checksum and licence of package-lock.json", () => {
    // Each piece of a program that isn't minified stands below the name of its file.
    const pieces = [...bundle.files.values()].flatMap((code) => [
      ...Buffer.from(code)
        .toString()
        .matchAll(/^ *\/\/ (?:[\w-]+:)?(node_modules\/\S+)$/gm),
    ]);
    const inCode = new Set(pieces.map(([, path = ""]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path));
    expect(inCode.size).toBeGreaterThan(50);
    for (const folder of inCode) {
      const locked = packages[folder];
      const found = components.find((component) => component["bom-ref"].endsWith(`#${folder}`));
      expect(found, folder).toMatchObject({
        version: locked?.version,
        purl: `pkg:npm/${nameOf(folder).replace("@", "%40")}@${locked?.version}`,
        hashes: [{ alg: "SHA-512", content: Buffer.from(locked?.integrity?.slice("sha512-".length) ?? "", "base64").toString("hex") }],
        licenses: [expect.anything()],
      });
    }
    for (const wanted of ["pino", "zod", "undici", "yaml", "node-forge"]) expect(inCode).toContain(`node_modules/${wanted}`);
  });

  it("names no package that isn't there", () => {
    const names = new Set(components.map(({ name }) => name));
    for (const absent of ["esbuild", "vitest", "string-width", "commander"]) expect(names).not.toContain(absent);
  });

  it("names Debian's packages as scanners look for them, and Node with the libraries that are part of it", () => {
    const libc = parts.debian.find(({ name }) => name === "libc6");
    const purls = components.map(({ purl }) => purl);
    expect(purls).toContain(`pkg:deb/debian/libc6@${encodeURIComponent(libc?.version ?? "")}?arch=amd64&distro=debian-12&upstream=glibc`);
    expect(components.find(({ name }) => name === "libc6")?.properties).toEqual([{ name: "aquasecurity:trivy:SrcName", value: "glibc" }]);
    // Only with the system in the list are they compared with what is known of its packages.
    expect(components.filter(({ type }) => type === "operating-system")).toMatchObject([{ name: "debian", version: "12" }]);
    expect(purls.filter((purl) => purl?.startsWith("pkg:deb/"))).toHaveLength(parts.debian.length);
    const node = components.find(({ name }) => name === "node");
    expect(node).toMatchObject({ version: process.versions.node });
    expect(node?.components?.find(({ name }) => name === "openssl")).toMatchObject({ version: process.versions["openssl"] });
  });

  it("is the same for the same parts, in whatever order they come", () => {
    const turned = { ...parts, debian: parts.debian.toReversed() };
    expect(listed(bundle.packages.toReversed(), turned)).toBe(text);
  });

  it("can't leave out a package that package-lock.json doesn't know", () => {
    expect(() => listed(["node_modules/unheard-of"])).toThrow("node_modules/unheard-of is not in package-lock.json");
  });
});

test("a dependency is looked up as Node does, from the inside out", () => {
  const plain = { version: "1.0.0" };
  const packages: LockedPackages = {
    "": { ...plain, dependencies: { a: "1" } },
    "node_modules/a": { ...plain, dependencies: { b: "2", "@s/c": "1", absent: "1" } },
    "node_modules/a/node_modules/b": { ...plain, dependencies: { "@s/c": "1" } },
    "node_modules/b": plain,
    "node_modules/@s/c": plain,
  };
  expect(dependenciesOf("", packages)).toEqual(["node_modules/a"]);
  expect(dependenciesOf("node_modules/a", packages)).toEqual(["node_modules/a/node_modules/b", "node_modules/@s/c"]);
  expect(dependenciesOf("node_modules/a/node_modules/b", packages)).toEqual(["node_modules/@s/c"]);
});

test("the Node of the image is the project's own", async () => {
  const project = (JSON.parse(textOf("package-lock.json")) as { packages: LockedPackages }).packages["node_modules/node"]?.version;
  for (const { name, version } of (await readParts(checkout)).node) expect(`${name} ${version}`).toBe(`${name} ${project}`);
});
