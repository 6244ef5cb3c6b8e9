/**
 * Text that may hold what a user typed (an image, a name, an error of somebody's webhook) as one line of the record: control characters and those that
 * turn the direction of writing are spelled out, halves of characters replaced, and it is at most so long.
 */
export function oneLine(text: string, longest: number): string {
  const line = text.toWellFormed().replace(steering, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (line.length <= longest) return line;
  return `${line
    .slice(0, longest - 1)
    .toWellFormed()
    .replace(/\ufffd$/, "")}…`;
}

const steering = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
