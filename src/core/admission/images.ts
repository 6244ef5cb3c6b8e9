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
