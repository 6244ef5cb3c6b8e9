/**
 * V8 keeps a program's whole text as long as it runs: one byte for each character when all are Latin-1, else two for each. esbuild escapes what is beyond
 * ASCII in strings, but not in comments and regular expressions, where one arrow or µ costs 2 MB. An escape means the same there.
 */
export const asciiOnly = (code: string): string =>
  code.replaceAll(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
