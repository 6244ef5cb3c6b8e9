/** Deeper than any Kubernetes object of ours nests (managedFields reach about 20), and far from what recursion could choke on. */
export const deepest = 128;

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [...'"\\{}[]'].map((character) => character.charCodeAt(0));

/** Whether the JSON text nests deeper than allowed. One pass over the bytes, before anything is parsed: at 7 MiB about 10 ms. */
export function nestsTooDeep(json: Uint8Array, limit = deepest): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inText) {
      if (byte === backslash) at++;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > limit) return true;
    } else if (byte === closeBrace || byte === closeBracket) depth--;
  }
  return false;
}
