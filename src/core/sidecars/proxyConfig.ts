import { isMap, parseDocument } from "yaml";

/* The annotation proxy.istio.io/config: a piece of Istio's ProxyConfig as YAML, which a team may write too. */

const holdField = "holdApplicationUntilProxyStarts";

/** Characters, as in a policy. Whoever may make pods may write an annotation of 256 KiB, and reading that takes seconds. */
const longestConfig = 4_096;

/** One admission asks for the same several times, and the pods of a Deployment do. The bound only stops a leak: 2 MiB at most. */
const remembered = 200;
const read = new Map<string, string | undefined>();

/** The configuration with the hold in it, the rest as it was written. Undefined: it can't be read, and Istio will say so itself. */
export function withHold(config: string | undefined, hold: boolean, isForced: boolean): string | undefined {
  if (config === undefined || config.trim() === "") return `${holdField}: ${hold}`;
  if (config.length > longestConfig) return undefined;
  const key = `${hold} ${isForced} ${config}`;
  if (read.has(key)) return read.get(key);
  const oldest = read.keys().next().value;
  if (read.size >= remembered && oldest !== undefined) read.delete(oldest);
  const held = holding(config, hold, isForced);
  read.set(key, held);
  return held;
}

function holding(config: string, hold: boolean, isForced: boolean): string | undefined {
  try {
    // Duplicate keys are Istio's to refuse: looking for them takes the square of their number.
    const document = parseDocument(config, { uniqueKeys: false, prettyErrors: false });
    // Never as plain values: aliases may stand for billions of them.
    if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
    const present = document.get(holdField);
    if (present === hold || (present !== undefined && !isForced)) return config;
    document.set(holdField, hold);
    return document.toString({ lineWidth: 0 }).trimEnd();
  } catch {
    // A thousand brackets, or an alias of nothing.
    return undefined;
  }
}
