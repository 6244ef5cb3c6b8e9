import type { IncomingMessage } from "node:http";

/**
 * An update carries the old and the new object, each up to etcd's limit of 1.5 MiB, which JSON can nearly double: two of 3 MiB and 1 MiB for the
 * rest. The arithmetic is controller-runtime's.
 */
export const longestReview = 7 * 1024 * 1024;

/** What all bodies that are being read may hold together: two of the longest and 2 MiB, so that the process stays below its 256 MiB. */
const mostBytes = 16 * 1024 * 1024;

/**
 * From this announced length on a body's room is kept for it before a byte is read, and without room it is refused at once: what a flood sends until
 * it is refused is garbage of the process all the same (330 MiB were seen of 50 long bodies).
 */
const longBody = 1024 * 1024;

/** Why a body was not read, as an HTTP status: too long (413), or too many bytes are being read already (503). */
export type Unread = 413 | 503;

export interface Bodies {
  /** Reads one body. `done` is called at most once, and never when the client hangs up before the end. */
  read(request: IncomingMessage, done: (body: Buffer | Unread) => void): void;
}

interface Reading {
  bytes: number;
  refuse(): void;
}

/**
 * Reads the bodies of one server. When they come to too much together, the one that has brought the most pays: a flood of long bodies thins
 * itself out, a review of ordinary size is never the longest of them, and half-read ones can't wait for each other.
 */
export function bodies({ longest = longestReview, most = mostBytes, long = longBody } = {}): Bodies {
  const open = new Set<Reading>();
  let held = 0;
  let kept = 0;

  function makeRoom(): void {
    while (held > most) [...open].reduce((a, b) => (b.bytes > a.bytes ? b : a)).refuse();
  }

  return {
    read(request, done) {
      // The length is known before the first byte is read.
      const announced = Number(request.headers["content-length"] ?? 0);
      if (announced > longest) return done(413);
      const room = announced >= long ? announced : 0;
      if (room > 0 && kept + room > most) return done(503);
      kept += room;
      const chunks: Buffer[] = [];
      const reading: Reading = { bytes: 0, refuse: () => give(503) };
      open.add(reading);

      function leave(): boolean {
        if (!open.delete(reading)) return false;
        held -= reading.bytes;
        kept -= room;
        return true;
      }
      function give(result: Buffer | Unread): void {
        if (!leave()) return;
        if (typeof result === "number") request.off("data", take);
        done(result);
      }
      function take(chunk: Buffer): void {
        chunks.push(chunk);
        reading.bytes += chunk.length;
        held += chunk.length;
        if (reading.bytes > longest) give(413);
        else makeRoom();
      }
      function finish(): void {
        const [first] = chunks;
        give(chunks.length === 1 && first ? first : Buffer.concat(chunks, reading.bytes));
      }
      request.on("data", take).on("end", finish).on("close", leave);
    },
  };
}
