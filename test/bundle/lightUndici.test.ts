import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, expect, test, vi } from "vitest";
import { Pool } from "../../src/bundle/lightUndici.ts";

/** What the bundle of `kubectl serin` has in undici's place answers to all that is asked of undici itself. */
vi.mock("undici", () => import("../../src/bundle/lightUndici.ts"));

// Test files of one worker share their modules: these are to be loaded anew, and not to be left to others.
vi.resetModules();
afterAll(() => void vi.resetModules());
await import("../kube/client.test.ts");
await import("../kube/connection.test.ts");

test("an idle connection is closed by us, one that waits for an answer isn't", async () => {
  const sockets: Socket[] = [];
  const server = createServer((asked, answer) => setTimeout(() => answer.end("late"), asked.url === "/slow" ? 300 : 0));
  // Never by the server.
  server.keepAliveTimeout = 0;
  server.on("connection", (socket) => sockets.push(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const pool = new Pool(origin, { connect: () => {}, connections: 1, keepAliveTimeout: 100 });
  const ask = async (path: string) => {
    const { body } = (await pool.request({ path, method: "GET", headers: {} })) as { body: { text(): Promise<string> } };
    return body.text();
  };
  expect([await ask("/slow"), sockets.length]).toEqual(["late", 1]);
  const [socket] = sockets;
  if (socket && !socket.closed) await once(socket, "close");
  expect([await ask("/"), sockets.length]).toEqual(["late", 2]);
  await pool.destroy();
  server.close();
});
