/** Cuts a stream of text into lines, each handed over once it is complete. */

/** Characters that one line may have. An object is at most 3 MB on the wire, so more is no watch event. */
const longestLine = 32 * 1024 * 1024;

/** @returns the function to call with each chunk; what stands behind the last newline waits for more */
export function lineCutter(onLine: (line: string) => void): (chunk: string) => void {
  let pieces: string[] = [];
  let held = 0;
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end !== -1; end = chunk.indexOf("\n", start)) {
      const line = pieces.join("") + chunk.slice(start, end);
      pieces = [];
      held = 0;
      start = end + 1;
      if (line.trim() !== "") {
        onLine(line);
      }
    }
    if (start < chunk.length) {
      pieces.push(chunk.slice(start));
      held += chunk.length - start;
      if (held > longestLine) {
        throw new Error(`a line of more than ${longestLine} characters is no watch event`);
      }
    }
  };
}
