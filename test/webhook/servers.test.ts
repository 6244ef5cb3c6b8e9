import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { makeServingCertificate } from "../../src/tls/servingSecret.ts";
import { webhookNames } from "../../src/tls/webhookNames.ts";
import { drain, httpsServer, listen, parseAddress, serve } from "../../src/webhook/servers.ts";

const certificate = await makeServingCertificate(webhookNames("serin-system"), new Date());
const servers: Array<ReturnType<typeof httpsServer>> = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function started(answer: (end: () => void) => void = (end) => end()) {
  const server = httpsServer((_request, response) => answer(() => response.end("done")));
  servers.push(server);
  await listen(server, { host: "127.0.0.1", port: 0 });
  return { server, port: (server.address() as AddressInfo).port };
}
const get = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    httpsRequest(
      { agent: false, port, host: "127.0.0.1", ca: certificate.ca, servername: "serin-webhook.serin-system.svc" },
      (response) => {
        response.setEncoding("utf8").on("data", resolve);
      },
    )
      .on("error", reject)
      .end();
  });

describe("the server", () => {
  it("shakes no hands before it has a certificate, and serves each new one from the next handshake on", async () => {
    const { server, port } = await started();
    await expect(get(port)).rejects.toThrow();
    serve(server, certificate);
    expect(await get(port)).toBe("done");
    const next = await makeServingCertificate(webhookNames("serin-system"), new Date());
    serve(server, next);
    await expect(get(port)).rejects.toThrow(/certificate/);
  });

  it("does not speak TLS 1.1", async () => {
    const { server, port } = await started();
    serve(server, certificate);
    const socket = tlsConnect({ port, host: "127.0.0.1", maxVersion: "TLSv1.1", minVersion: "TLSv1", rejectUnauthorized: false });
    await expect(new Promise((resolve, reject) => socket.on("secureConnect", resolve).on("error", reject))).rejects.toThrow();
  });

  it("hangs up on a client that connects and says nothing", async () => {
    const { server, port } = await started();
    serve(server, certificate);
    const socket = connect(port, "127.0.0.1");
    const began = performance.now();
    await new Promise((resolve) =>
      socket
        .on("close", resolve)
        .on("error", () => undefined)
        .resume(),
    );
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it("finishes what is under way when it drains, then is gone", async () => {
    const pending = Promise.withResolvers<() => void>();
    const { server, port } = await started((end) => pending.resolve(end));
    serve(server, certificate);
    const answer = get(port);
    const end = await pending.promise;
    const drained = drain(server, { lingerMs: 10, finishMs: 5_000 });
    setTimeout(end, 100);
    expect(await answer).toBe("done");
    await drained;
    await expect(get(port)).rejects.toThrow(/ECONNREFUSED/);
  });

  it("does not wait for ever for a request that never ends", async () => {
    const pending = Promise.withResolvers<void>();
    const { server, port } = await started(() => pending.resolve());
    serve(server, certificate);
    const answer = get(port);
    answer.catch(() => undefined);
    await pending.promise;
    await drain(server, { lingerMs: 0, finishMs: 50 });
    await expect(answer).rejects.toThrow();
  });
});

describe("an address", () => {
  it("is host and port", () => {
    expect(parseAddress("127.0.0.1:9443")).toEqual({ host: "127.0.0.1", port: 9443 });
    expect(parseAddress("[::1]:80")).toEqual({ host: "::1", port: 80 });
    expect(parseAddress(":8443")).toEqual({ port: 8443 });
    for (const text of ["8443", "host:", "::1:80", "a:70000"]) expect(() => parseAddress(text)).toThrow(`"${text}" is no address`);
  });
});
