/**
 * Something that the user can put right: what went wrong, why, and what to do. Thrown anywhere in the CLI, rendered in `main.ts` alone.
 * Every other error is a bug of ours and says so.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly what: string;
  readonly why: string;
  readonly todo: string;
  readonly code: number;

  constructor(parts: { what: string; why: string; todo: string; code?: number; cause?: unknown }) {
    super(`${parts.what}: ${parts.why}`, { cause: parts.cause });
    this.what = parts.what;
    this.why = parts.why;
    this.todo = parts.todo;
    this.code = parts.code ?? exitCodes.usage;
  }
}

/** What the CLI exits with, so that a pipeline can tell outcomes apart. */
export const exitCodes = {
  promoted: 0,
  /** Wrong usage, no cluster, no permission. */
  usage: 1,
  /** The plan ended on stable: rolled back, held, cancelled or superseded. */
  notPromoted: 2,
  /** Pods lack what a SidecarPolicy asks for. */
  missing: 2,
  /** doctor: nothing is wrong, but not all could be looked at. */
  unchecked: 2,
  /** The time was over, and the plan goes on. */
  stillRunning: 3,
  /** A person must decide: a gate, an inconclusive analysis, a hold. */
  waitingForPerson: 4,
  /** There is no plan to show, or the change went past Serin. */
  noPlan: 5,
  /** A bug of ours. 70 is EX_SOFTWARE of sysexits. */
  bug: 70,
  /** Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
  /** Nobody reads standard output any more: 128 + SIGPIPE, as of any other program in a pipe. */
  unread: 141,
} as const;
