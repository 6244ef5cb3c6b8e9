/** What package-lock.json says of a package. */
export interface LockedPackage {
  readonly version: string;
  /** `sha512-…` in Base64, of the archive that npm fetched. */
  readonly integrity?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Packages by folder: `node_modules/pino`; the project itself is "". */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

/** `node_modules/a/node_modules/@b/c` → `@b/c`. */
export const nameOf = (folder: string): string => folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);

/** Folders of the packages that one asks for by name, looked up as Node does: in its own node_modules, then in those further out. */
export function dependenciesOf(folder: string, packages: LockedPackages): string[] {
  return Object.keys(packages[folder]?.dependencies ?? {}).flatMap((name) => {
    for (let at = folder; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
      const found = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
      if (packages[found] !== undefined) return [found];
      if (at === "") return [];
    }
  });
}
