/** One line for whoever started the lab. Always on stderr: stdout belongs to the command that runs inside. */
export function say(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}
