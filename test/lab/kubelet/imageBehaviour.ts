/** How a pod behaves, read from its image reference: the lab pulls nothing, so the reference is all there is. */
export interface ImageBehaviour {
  /** `<name>/<tag>`, what the pod's Server header says. */
  readonly version: string;
  /** Share of answers that are 503, in percent. */
  readonly errorPercent: number;
  readonly delayMs: number;
  readonly crash: boolean;
  readonly unready: boolean;
  readonly notFound: boolean;
  /** Errors that begin only some seconds after the pod became ready. */
  readonly lateErrors?: { readonly afterSeconds: number; readonly percent: number };
}

const SUFFIX =
  /-(?:errors(?<errors>\d+(?:\.\d+)?)|delay(?<delay>\d+)|(?<flag>crash|unready|notfound)|lateerrors(?<after>\d+(?:\.\d+)?)-(?<late>\d+(?:\.\d+)?))$/;

/** `registry:5000/team/nginx:1.2-errors50-delay20` → half of the answers 503, each 20 ms late. Suffixes combine in any order. */
export function imageBehaviour(image: string): ImageBehaviour {
  const { name, tag } = nameAndTag(image);
  let errorPercent = 0;
  let delayMs = 0;
  let lateErrors: ImageBehaviour["lateErrors"];
  const flags = new Set<string>();
  let rest = tag;
  for (let found = SUFFIX.exec(rest); found?.groups; found = SUFFIX.exec(rest)) {
    const { errors, delay, flag, after, late } = found.groups;
    if (errors !== undefined) errorPercent = Number(errors);
    if (delay !== undefined) delayMs = Number(delay);
    if (flag !== undefined) flags.add(flag);
    if (after !== undefined && late !== undefined) lateErrors = { afterSeconds: Number(after), percent: Number(late) };
    rest = rest.slice(0, found.index);
  }
  return {
    version: `${name}/${tag}`,
    errorPercent,
    delayMs,
    crash: flags.has("crash"),
    unready: flags.has("unready"),
    notFound: flags.has("notfound"),
    ...(lateErrors === undefined ? {} : { lateErrors }),
  };
}

/** A colon only separates a tag after the last slash; before it, it is the registry's port. A digest alone stands for the tag. */
function nameAndTag(image: string): { name: string; tag: string } {
  const [reference = image, digest] = image.split("@");
  const last = reference.slice(reference.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  if (colon >= 0) return { name: last.slice(0, colon), tag: last.slice(colon + 1) };
  return { name: last, tag: digest === undefined ? "latest" : digest.replace(":", "-").slice(0, 19) };
}
