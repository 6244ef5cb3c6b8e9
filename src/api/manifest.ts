import { stringify } from "yaml";
import { crd, kinds } from "./crd.ts";
import { group } from "./names.ts";

/** The files of `manifests/crd`: name and text. */
export function manifestFiles(): Array<[name: string, text: string]> {
  return kinds.map((kind) => [`${group}_${kind.plural}.yaml`, yamlOf(crd(kind))]);
}

const yamlOf = (object: unknown): string =>
  `# Written by \`make generate\` from src/api. Change it there.\n${stringify(object, { lineWidth: 140, aliasDuplicateObjects: false })}`;
