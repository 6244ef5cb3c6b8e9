/** Deeper than any Kubernetes object of ours nests (managedFields reach about 20), and far from what recursion could choke on. */
export const deepest = 128;

/** Objects and lists of one review. A Deployment of 1.5 MiB has some ten thousand; of `{}` alone 7 MiB would become 100 MiB of memory. */
export const mostNodes = 250_000;

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [...'"\\{}[]'].map((character) => character.charCodeAt(0));

/**
 * Below this length nothing is counted, which spares an ordinary review a tenth of its cost: JSON.parse does not recurse, what comes of 512 KiB fits
 * anywhere, and our own walks over it end with a RangeError that is told to the client.
 */
export const short = 512 * 1024;

/** Whether the JSON text nests deeper, or has more objects and lists, than allowed. One pass over the bytes, before anything is parsed. */
export function isTooComplex(json: Uint8Array, { depth: limit, nodes: most } = { depth: deepest, nodes: mostNodes }): boolean {
  let depth = 0;
  let nodes = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === quote) {
      while (++at < json.length && json[at] !== quote) if (json[at] === backslash) at++;
    } else if (byte === openBrace || byte === openBracket) {
      if (++depth > limit || ++nodes > most) return true;
    } else if (byte === closeBrace || byte === closeBracket) depth--;
  }
  return false;
}
