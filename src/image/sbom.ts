/** What is in an image, for those who look for known flaws: CycloneDX 1.6 in JSON. The same text for the same parts, so without a time of its own. */
import { Enums, Models, Serialize, SPDX, Spec } from "@cyclonedx/cyclonedx-library";
import { release } from "../api/names.ts";
import { dependenciesOf, type LockedPackages, nameOf } from "./lockedPackages.ts";
import { debianSources, type Part, type Parts } from "./parts.ts";

const { Component } = Models;
const { ComponentType } = Enums;

export interface Contents {
  /** The npm packages of which code is in the programs: folders as in package-lock.json. */
  readonly bundled: readonly string[];
  readonly packages: LockedPackages;
  readonly parts: Parts;
  /** Of Serin. */
  readonly license: string;
  /** What Node itself is made of, as `process.versions` has it. */
  readonly nodeVersions: NodeJS.ProcessVersions;
}

/** @throws Error when a bundled package isn't in package-lock.json */
export function sbomOf({ bundled, packages, parts, license, nodeVersions }: Contents): string {
  const serin = new Component(ComponentType.Container, "serin", { version: release, bomRef: "serin" });
  serin.licenses.add(licenceOf(license));
  const bom = new Models.Bom({ metadata: new Models.Metadata({ component: serin }) });

  const components = new Map(bundled.map((folder) => [folder, npmComponent(folder, packages)]));
  for (const [folder, component] of components) {
    for (const dependency of dependenciesOf(folder, packages)) addDependency(component, components.get(dependency));
    bom.components.add(component);
  }
  for (const dependency of dependenciesOf("", packages)) addDependency(serin, components.get(dependency));

  const system = systemComponent(parts);
  const debian = parts.debian.map((part) => debianComponent(part, system));
  for (const component of debian) addDependency(system, component);
  for (const component of [system, ...debian, ...parts.node.map((part) => nodeComponent(part, nodeVersions))]) {
    addDependency(serin, component);
    bom.components.add(component);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function addDependency(component: Models.Component, dependency: Models.Component | undefined): void {
  if (dependency !== undefined) component.dependencies.add(dependency.bomRef);
}

function npmComponent(folder: string, packages: LockedPackages): Models.Component {
  const found = packages[folder];
  if (found === undefined) throw new Error(`${folder} is not in package-lock.json`);
  const name = nameOf(folder);
  const [group, ownName = ""] = name.startsWith("@") ? name.split("/") : [undefined, name];
  const purl = `pkg:npm/${name.replace("@", "%40")}@${found.version}`;
  const component = new Component(ComponentType.Library, ownName, { group, version: found.version, purl, bomRef: `${purl}#${folder}` });
  if (found.license !== undefined) component.licenses.add(licenceOf(found.license));
  addHash(component, found.integrity);
  return component;
}

/** The library has no SPDX grammar of its own, and there is only this one kind of expression. */
function licenceOf(text: string): Models.License {
  const id = SPDX.fixupSpdxId(text);
  if (id !== undefined) return new Models.SpdxLicense(id);
  return / (OR|AND|WITH) /.test(text) ? new Models.LicenseExpression(text) : new Models.NamedLicense(text);
}

function addHash(component: Models.Component, integrity: string | undefined): void {
  const [algorithm, digest] = integrity?.split("-") ?? [];
  if (digest === undefined) return;
  component.hashes.set(
    algorithm === "sha512" ? Enums.HashAlgorithm["SHA-512"] : Enums.HashAlgorithm["SHA-256"],
    Buffer.from(digest, "base64").toString("hex"),
  );
}

/** Without it scanners don't look at the packages: nothing says which Debian's they are. base-files has the release in its version. */
function systemComponent({ debian }: Parts): Models.Component {
  const release = debian.find(({ name }) => name === "base-files")?.version.match(/^\d+/)?.[0];
  return new Component(ComponentType.OperatingSystem, "debian", { version: release, bomRef: `debian-${release}` });
}

/** As scanners look for it: by the release's number, and by the source package, which two of them read from two places. */
function debianComponent(part: Part, system: Models.Component): Models.Component {
  const { name, version, architecture } = part;
  const source = debianSources[name] ?? name;
  const of = `arch=${architecture}&distro=debian-${system.version}${source === name ? "" : `&upstream=${source}`}`;
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${of}`;
  const component = new Component(ComponentType.Library, name, { version, purl, bomRef: purl });
  component.properties.add(new Models.Property("aquasecurity:trivy:SrcName", source));
  addHash(component, part.integrity);
  return component;
}

/** `process.versions` also names interfaces and tables; these are the programs that have flaws and fixes of their own. */
const insideNode = [
  "ada",
  "amaro",
  "ares",
  "brotli",
  "llhttp",
  "nbytes",
  "ncrypto",
  "nghttp2",
  "openssl",
  "simdjson",
  "simdutf",
  "sqlite",
  "undici",
  "uv",
  "v8",
  "zlib",
  "zstd",
];

function nodeComponent(part: Part, versions: NodeJS.ProcessVersions): Models.Component {
  const purl = `pkg:generic/node@${part.version}?arch=${part.architecture}`;
  const node = new Component(ComponentType.Platform, "node", {
    version: part.version,
    purl,
    bomRef: purl,
    cpe: `cpe:2.3:a:nodejs:node.js:${part.version}:*:*:*:*:*:*:*`,
  });
  node.licenses.add(licenceOf("MIT"));
  addHash(node, part.integrity);
  for (const name of insideNode) {
    const version = versions[name];
    if (version !== undefined)
      node.components.add(new Component(ComponentType.Library, name, { version, bomRef: `node/${name}@${version}` }));
  }
  return node;
}
