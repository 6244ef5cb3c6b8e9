import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { serveFigures } from "../../src/tls/serveFigures.ts";

it("lives as soon as it answers, is ready when told so, and shows the figures", async () => {
  let ready = false;
  const server = serveFigures(
    { host: "127.0.0.1", port: 0 },
    () => ready,
    () => "serin_certs_x 1\n",
  );
  await once(server, "listening");
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    return [answer.status, await answer.text()];
  };
  try {
    expect(await ask("/healthz")).toEqual([200, "ok\n"]);
    expect(await ask("/readyz")).toEqual([503, "certificates are still being made\n"]);
    ready = true;
    expect(await ask("/readyz")).toEqual([200, "ok\n"]);
    expect(await ask("/metrics")).toEqual([200, "serin_certs_x 1\n"]);
    expect((await ask("/debug"))[0]).toBe(404);
  } finally {
    server.close().closeAllConnections();
  }
});
