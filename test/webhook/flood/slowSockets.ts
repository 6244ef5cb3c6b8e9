/**
 * Keeps so many slow sockets open against a port, in a process of its own. Forked with port and number; sends a message when all are open for the
 * first time, and how often one had to be opened again at each message that it gets.
 */
import { connect } from "node:net";
import { connect as tlsConnect } from "node:tls";

const [port, many] = process.argv.slice(2).map(Number);
let opened = 0;

/** Says hello and nothing more; says hello and half a record; and, over TLS, header by header; byte by byte of the body; nothing at all. */
const kinds = [
  (end: () => void) => connect(port ?? 0, "127.0.0.1", opening).on("close", end),
  (end: () => void) => {
    const socket = connect(port ?? 0, "127.0.0.1", () => socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])) && opening());
    return socket.on("close", end);
  },
  (end: () => void) => dripping("POST /mutate HTTP/1.1\r\nHost: x\r\n", () => `X-Drip: ${Math.random()}\r\n`, end),
  (end: () => void) =>
    dripping("POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{", () => " ", end),
  (end: () => void) => dripping("", () => "", end),
];

const opening = (): void => {
  opened += 1;
  if (opened === many) process.send?.("open");
};

function dripping(first: string, drop: () => string, end: () => void) {
  const socket = tlsConnect({ port: port ?? 0, host: "127.0.0.1", rejectUnauthorized: false }, () => {
    opening();
    socket.write(first);
  });
  const drip = setInterval(() => socket.writable && socket.write(drop()), 500);
  return socket.on("close", () => {
    clearInterval(drip);
    end();
  });
}

function keepOpen(index: number): void {
  const end = () => setTimeout(() => keepOpen(index), 50);
  kinds[index % kinds.length]?.(end)
    .on("error", () => undefined)
    .resume();
}

// Not all at once: the listen queue has 511 places.
for (let i = 0; i < (many ?? 0); i++) setTimeout(() => keepOpen(i), i * 2);
process.on("message", () => process.send?.(opened));
process.on("disconnect", () => process.exit(0));
