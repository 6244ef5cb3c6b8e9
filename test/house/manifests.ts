import { join, normalize } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { PodLike } from "../../src/core/sidecars/pod.ts";
import { textOf } from "./sources.ts";

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec: Record<string, unknown>;
}

export interface ContainerPort {
  name: string;
  containerPort: number;
}

export interface DeploymentManifest extends Manifest {
  spec: { replicas: number; selector: { matchLabels: Record<string, string> }; template: PodLike; [field: string]: unknown };
}

/**
 * Every object that a kustomization names, as it is written: no patch is carried out and no image renamed. That is what `kubectl apply -k` applies of
 * a kustomization that has none; what the others render to, test/lab/install.test.ts asks kubectl.
 */
export function manifestsOf(folder: string): Manifest[] {
  const { resources = [] } = parse(textOf(join(folder, "kustomization.yaml"))) as { resources?: string[] };
  return resources.flatMap((name) =>
    name.endsWith(".yaml") ? objectsIn(normalize(join(folder, name))) : manifestsOf(normalize(join(folder, name))),
  );
}

export const objectsIn = (file: string): Manifest[] => parseAllDocuments(textOf(file)).map((document) => document.toJS() as Manifest);

export const ofKind = <T extends Manifest>(manifests: readonly Manifest[], kind: string): T[] =>
  manifests.filter((manifest) => manifest.kind === kind) as T[];

/** The only one of its kind. @throws when there is none, or another */
export function oneOf(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, ...others] = ofKind(manifests, kind);
  if (found === undefined || others.length > 0) throw new Error(`${others.length + (found ? 1 : 0)} of kind ${kind}, and one is expected`);
  return found;
}

/** Whether a selector with nothing but `matchLabels` takes in these labels. */
export const selects = (wanted: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = {}): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);
