import stringWidth from "string-width";

/** ASCII, and what our own screens are drawn with, each one column wide: box drawing, blocks, and the icons of `icons.ts`. */
const plain = /^[\x20-\x7e\u2500-\u257f█░▁-▇⟳⧉□Σ›α⇄✔✖⚠◌◷॥•…≥≤→—·]*$/;

/**
 * Columns that a text takes. Most of it is plain, and asking string-width about the first character that isn't costs 30 ms of CPU: it compiles a regular
 * expression of all emoji.
 */
export const columnsOf = (text: string): number => (plain.test(text) ? text.length : stringWidth(text));
