/**
 * What the Service in front of several webhook replicas is in a cluster: takes TCP connections on the first address and
 * hands each to the next of the others in turn, passing over those that refuse. Arguments: listen target target …
 */
import { connect, createServer, type Socket } from "node:net";

const [listen = "", ...targets] = process.argv.slice(2);
let turn = 0;

function hostPort(address: string): { host: string; port: number } {
  const [host = "", port = ""] = address.split(":");
  return { host, port: Number(port) };
}

/** Each caller asks every target once, whatever other callers do meanwhile. */
function handOver(caller: Socket, first: number, tries = 0): void {
  const target = targets[(first + tries) % targets.length];
  if (target === undefined || tries === targets.length) {
    caller.destroy();
    return;
  }
  const replica = connect(hostPort(target));
  const next = () => handOver(caller, first, tries + 1);
  replica.once("error", next);
  replica.once("connect", () => {
    replica.off("error", next);
    caller.pipe(replica).pipe(caller);
    for (const [one, other] of [
      [caller, replica],
      [replica, caller],
    ] as const) {
      one.on("error", () => other.destroy());
      // In good order: what was said last must still be heard, and not be lost in a reset.
      one.on("close", (hadError) => (hadError ? other.destroy() : other.end()));
    }
    caller.resume();
  });
}

const server = createServer({ pauseOnConnect: true }, (caller) => {
  caller.on("error", () => undefined);
  handOver(caller, turn++);
});
server.listen(hostPort(listen));
