import type { IncomingMessage, ServerResponse } from "node:http";

/** So long a client that is still sending has to read its answer. Nothing more is read from it: what a flood sends would only become garbage. */
const patienceMs = 1_000;

/**
 * Answers a request that is none of ours, with a sentence and never a stack trace, and lets nobody keep the connection: only who brings reviews
 * may stay for two minutes.
 */
export function refuse(request: IncomingMessage, response: ServerResponse, status: number, why: string): void {
  const { socket } = request;
  if (request.complete) response.setHeader("Connection", "close");
  else {
    // With that header Node would close at once, and what the client still sends would reset the connection before it has read why.
    const cut = setTimeout(() => socket.destroy(), patienceMs).unref();
    socket.once("close", () => clearTimeout(cut));
    // After Node's own listener, which would read on to the end.
    response.once("finish", () => request.pause());
  }
  const text = Buffer.from(`${why}\n`);
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": text.length }).end(text);
}
