/*
 * Image references as registries read them (the grammar of the distribution project), since one image has many spellings:
 *
 *   nginx · library/nginx · <default registry>/library/nginx · nginx:latest        one and the same
 *   localhost:5000/team/app:1.2@sha256:…                                           domain, path, tag, digest
 */

/** The registry of every reference that names none. In halves, so that this file names no host, either. */
export const defaultRegistry = ["docker", ".io"].join("");
/** The older name of the same. */
const olderName = `index.${defaultRegistry}`;
/** Where the default registry keeps images whose path has one component. */
const officialFolder = "library/";

export interface ImageReference {
  /** Never absent: the default registry where none is written. */
  domain: string;
  /** In full: `library/nginx`. */
  path: string;
  tag?: string;
  /** `sha256:…` */
  digest?: string;
}

/** The grammar's own limit for domain and path together. */
const longestName = 255;
const domainPattern = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Undefined: this is no reference, whatever a kubelet will say of it. Time grows with the length alone. */
export function parseImageReference(text: string): ImageReference | undefined {
  const at = text.indexOf("@");
  const named = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  // A colon before the last slash belongs to the registry's port.
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (name.length > longestName || (tag !== undefined && !tagPattern.test(tag)) || (digest !== undefined && !digestPattern.test(digest)))
    return undefined;
  const { domain, path } = located(name);
  if (!domainPattern.test(domain) || !path.split("/").every((component) => componentPattern.test(component))) return undefined;
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** What stands before the first slash is a registry when it looks like a host: with a dot or a port, `localhost`, or a capital letter. */
function located(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = /[.:A-Z]/.test(first) || first === "localhost";
  const domain = isHost && first !== olderName ? first : defaultRegistry;
  const path = isHost ? name.slice(slash + 1) : name;
  return { domain, path: domain === defaultRegistry && !path.includes("/") ? officialFolder + path : path };
}

/** Every spelling of the image's repository, the fullest one first: `<registry>/library/nginx`, `library/nginx`, `<registry>/nginx`, `nginx`. */
export function repositoryNames({ domain, path }: ImageReference): string[] {
  const full = `${domain}/${path}`;
  if (domain !== defaultRegistry) return [full];
  const short = path.startsWith(officialFolder) ? path.slice(officialFolder.length) : undefined;
  const paths = short === undefined || short.includes("/") ? [path] : [path, short];
  return paths.flatMap((each) => [`${domain}/${each}`, each]);
}
