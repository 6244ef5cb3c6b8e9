import type { Log } from "../api/logLine.ts";

/** What nobody has caught is a bug of ours: it is told, and the process ends with 1. */
export function endOnBug(log: Log): void {
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "our bug");
    process.exit(1);
  });
}

/** Ends the process on the first SIGTERM or SIGINT: with 0 once everything has stopped, with 1 when that fails. */
export function endOnSignal(log: Log, stop: () => Promise<void>): void {
  let isStopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (isStopping) return;
      isStopping = true;
      stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.fatal({ err: error }, "the end was not clean");
          process.exit(1);
        },
      );
    });
  }
}
