import { exitCodes } from "../cli/userError.ts";

/** How long what is under way may take to end after Ctrl-C, milliseconds: a wish that is taken back, a line that says how it stands. */
const grace = 2_000;

/**
 * How `kubectl serin` ends before its time: by Ctrl-C, and when whoever reads it has gone, as `head` does. Then nothing more is printed, what is
 * watched is left, and what was begun is done. `isUnread`: the exit code is set.
 */
export function leaving(own: NodeJS.Process): { interrupted: AbortSignal; isUnread(): boolean } {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    own.once(signal, () => {
      interrupted.abort();
      setTimeout(() => own.exit(exitCodes.interrupted), grace).unref();
    });
  let isUnread = false;
  own.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    isUnread = true;
    own.exitCode = code === "EPIPE" ? exitCodes.unread : exitCodes.usage;
    interrupted.abort();
  });
  own.stderr.on("error", () => undefined);
  return { interrupted: interrupted.signal, isUnread: () => isUnread };
}
