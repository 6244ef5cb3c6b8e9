/** List, watch, and again: which failure leads to a new watch, which to a new list, and how long to stay away. */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, isGone, isKindNotInstalled } from "./apiError.ts";

export interface Source {
  /** Reads everything. */
  list(): Promise<void>;
  /** Reads the news until the server ends the watch, which it does every 5 to 10 minutes. */
  watch(): Promise<void>;
  /** The server does not know the kind. @returns how long to stay away, milliseconds */
  kindMissing(): number;
  /** A failure, and when the next try comes. */
  report(error: unknown, retryInMs: number): void;
}

export interface Backoff {
  /** Milliseconds before the second try; it doubles. */
  first: number;
  longest: number;
}

/** So many answers in a row that got us nowhere, and we list afresh: our resourceVersion may be the trouble. */
const answersBeforeList = 2;

/**
 * Reads until the signal aborts. Nothing else ends it: an informer that stops by itself leaves a controller that looks
 * healthy and is blind (kubernetes-client/javascript #1933, #596).
 * @returns the function to call for each event that arrived: failures count in a row only
 */
export function readForever(source: Source, backoff: Backoff, signal: AbortSignal): () => void {
  let failures = 0;
  let answers = 0;
  let listNeeded = true;

  const fail = async (error: unknown): Promise<void> => {
    answers += isAnswer(error) ? 1 : 0;
    listNeeded ||= isGone(error) || isStale(error) || answers >= answersBeforeList;
    const pause = isKindNotInstalled(error) ? source.kindMissing() : jittered(Math.min(backoff.longest, backoff.first * 2 ** failures));
    failures += 1;
    source.report(error, pause);
    await sleep(pause, undefined, { signal }).catch(() => {});
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        if (listNeeded) {
          await source.list();
          listNeeded = false;
          answers = 0;
        }
        await source.watch();
      } catch (error) {
        if (!signal.aborted) {
          await fail(error);
        }
      }
    }
  };
  void run();

  return () => {
    failures = 0;
    answers = 0;
  };
}

/** Between half and all of it, so that those who failed together don't come back together. */
const jittered = (milliseconds: number): number => milliseconds * (0.5 + Math.random() / 2);

/** Whether the server, or its silence on an open connection, said something about this request; a refused connection does not. */
const isAnswer = (error: unknown): boolean => !(error instanceof ApiError) || error.code !== 0 || error.reason !== "Unreachable";

/** The server told of a time before the one that we have seen. */
export function staleError(doing: string, theirs: bigint, ours: bigint): ApiError {
  return new ApiError({ code: 0, reason: "Stale", doing, message: `the server is at resourceVersion ${theirs}, we have seen ${ours}` });
}
const isStale = (error: unknown): boolean => error instanceof ApiError && error.reason === "Stale";
