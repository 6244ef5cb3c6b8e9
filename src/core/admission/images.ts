import { parseImageReference, repositoryNames } from "../../api/imageReference.ts";
import type { PodTemplate } from "../../api/template.ts";

/** Image of each container, init containers too, by the container's name. A Map: names are the user's, and `__proto__` is one. */
export type ImagesByContainer = ReadonlyMap<string, string>;

export interface ImageChange {
  container: string;
  /** Absent: the container is new. */
  from?: string;
  /** Absent: the container is gone. */
  to?: string;
}

export function imagesByContainer(template: PodTemplate): ImagesByContainer {
  const images = new Map<string, string>();
  for (const { name, image } of template.spec.containers) images.set(name, image ?? "");
  for (const { name, image } of template.spec.initContainers ?? []) images.set(name, image ?? "");
  return images;
}

export function imageChanges(before: ImagesByContainer, after: ImagesByContainer): ImageChange[] {
  const changes: ImageChange[] = [];
  for (const [container, from] of before) {
    const to = after.get(container);
    if (to === undefined) changes.push({ container, from });
    else if (to !== from) changes.push({ container, from, to });
  }
  for (const [container, to] of after) if (!before.has(container)) changes.push({ container, to });
  return changes;
}

/**
 * `nginx=nginx:1.23.0`, as `kubectl set image` takes it, for every container of the template whose image is not the one in `images` (in the order of
 * `imagesOf`). Undefined when none differs, or when the two can't be paired: a plan records images without names, and may have another number of them.
 */
export function imagesToSet(template: PodTemplate, images: readonly string[]): string | undefined {
  const containers = [...imagesByContainer(template)];
  if (images.length !== containers.length) return undefined;
  const changed = containers.flatMap(([name, image], i) => (images[i] === image ? [] : [`${name}=${images[i]}`]));
  return changed.length > 0 ? changed.join(" ") : undefined;
}

/**
 * Whether one of the globs of `match.images` is for an image: it is when it matches the reference as written, or any spelling of the same image. A
 * spelling is the repository alone, so that a glob without a tag is for all of them, or with tag, digest or both; `latest` is the tag where none is
 * written. `spellings` gives what `spellingsOf` does.
 */
export function matchesImage(
  globs: readonly string[],
  image: string,
  spellings: (image: string) => readonly string[] = spellingsOf,
): boolean {
  const all = spellings(image);
  return globs.some((glob) => {
    const parts = glob.split("*");
    return all.some((spelling) => matchesParts(parts, spelling));
  });
}

/** As written first, and some may be there twice. A text that is no reference has that one spelling. At most 17, each at most some 600 characters but for the first. */
export function spellingsOf(image: string): string[] {
  const reference = parseImageReference(image);
  if (!reference) return [image];
  const { digest, tag = digest === undefined ? "latest" : undefined } = reference;
  const spellings = [image];
  for (const name of repositoryNames(reference)) {
    spellings.push(name);
    if (tag !== undefined) spellings.push(`${name}:${tag}`);
    if (digest !== undefined) spellings.push(`${name}@${digest}`);
    if (tag !== undefined && digest !== undefined) spellings.push(`${name}:${tag}@${digest}`);
  }
  return spellings;
}

/** `*` stands for any characters. */
export const matchesGlob = (glob: string, text: string): boolean => matchesParts(glob.split("*"), text);

/** The literal parts of a glob, in order. Linear in time: a pattern of many stars can't hold up admission as a regular expression could. */
function matchesParts(parts: readonly string[], text: string): boolean {
  const first = parts[0] ?? "";
  const final = parts.length - 1;
  if (final <= 0) return first === text;
  const last = parts[final] ?? "";
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (let i = 1; i < final; i++) {
    const part = parts[i] ?? "";
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
