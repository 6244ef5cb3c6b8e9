/** A query that brought no numbers. */
export interface Failure {
  readonly kind: "error";
  /** What went wrong, why, and what to do. Shown to users: no secrets, no raw bodies. */
  readonly message: string;
  /** The answer was beyond a bound: half of the question may have one. */
  readonly tooLarge?: true;
}

export const failure = (message: string): Failure => ({ kind: "error", message });

export const tooLarge = (message: string): Failure => ({ kind: "error", message, tooLarge: true });

export const isFailure = (value: object | string): value is Failure =>
  typeof value === "object" && "kind" in value && value.kind === "error";

/** Longest text of somebody else's that a message quotes. */
const longestExcerpt = 200;

/** A foreign text as it may appear in a message: cut to 200 characters, control characters escaped, so that it can't draw on a terminal. */
export function excerpt(text: string): string {
  const cut = text.length > longestExcerpt ? `${text.slice(0, longestExcerpt - 1)}…` : text;
  return cut.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
