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
  const containers = [...template.spec.containers, ...(template.spec.initContainers ?? [])];
  return new Map(containers.map((container) => [container.name, container.image ?? ""]));
}

export function imageChanges(before: ImagesByContainer, after: ImagesByContainer): ImageChange[] {
  const containers = new Set([...before.keys(), ...after.keys()]);
  return [...containers].flatMap((container) => {
    const [from, to] = [before.get(container), after.get(container)];
    return from === to ? [] : [{ container, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
  });
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
 * Whether a glob of `match.images` is for this image: it is when it matches the reference as written, or any spelling of the same image. A spelling is
 * the repository alone, so that a glob without a tag is for all of them, or with tag, digest or both; `latest` is the tag where none is written.
 */
export const matchesImage = (glob: string, image: string): boolean => spellingsOf(image).some((spelling) => matchesGlob(glob, spelling));

/** As written first. A text that is no reference has that one spelling. At most 17, each at most some 600 characters but for the first. */
export function spellingsOf(image: string): string[] {
  const reference = parseImageReference(image);
  if (!reference) return [image];
  const { digest, tag = digest === undefined ? "latest" : undefined } = reference;
  const ends = ["", ...(tag === undefined ? [] : [`:${tag}`]), ...(digest === undefined ? [] : [`@${digest}`])];
  if (tag !== undefined && digest !== undefined) ends.push(`:${tag}@${digest}`);
  return [...new Set([image, ...repositoryNames(reference).flatMap((name) => ends.map((end) => name + end))])];
}

/** `*` stands for any characters. Linear in time: a pattern of many stars can't hold up admission as a regular expression could. */
export function matchesGlob(glob: string, text: string): boolean {
  const [first = "", ...rest] = glob.split("*");
  if (rest.length === 0) return glob === text;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
