import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { makeServingCertificate } from "../../src/tls/makeServingCertificate.ts";
import { webhookNames } from "../../src/tls/webhookNames.ts";
import { limitCrowd } from "../../src/webhook/crowd.ts";
import { drain, httpsServer, listen, parseAddress, serve, type TimeLimits, timeLimits } from "../../src/webhook/servers.ts";
import { reviewer } from "./flood/reviewer.ts";
import { lateCaller } from "./lateCaller.ts";

const certificate = await makeServingCertificate(webhookNames("serin-system"), new Date());
const servers: Array<ReturnType<typeof httpsServer>> = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function started(answer: (end: () => void) => void = (end) => end(), limits?: TimeLimits) {
  const server = httpsServer((_request, response) => answer(() => response.end("done")), limits);
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

  it("hangs up on whoever is slow: in the handshake, in the headers, in the body, and before the next request", async () => {
    const limits = { handshake: 200, headers: 200, body: 300, idle: 200, every: 50 };
    const { server, port } = await started(undefined, limits);
    serve(server, certificate);
    const silent = connect(port, "127.0.0.1");
    const halfHello = connect(port, "127.0.0.1", () => halfHello.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])));
    const dripping = (first: string, drop: string) => {
      const socket = tlsConnect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => socket.write(first));
      const drip = setInterval(() => socket.write(drop), 20);
      return socket.on("close", () => clearInterval(drip));
    };
    const ends = [
      silent,
      halfHello,
      dripping("", ""),
      dripping("POST / HTTP/1.1\r\nHost: x\r\n", "X-Drip: x\r\n"),
      dripping("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "x"),
      dripping("GET / HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    ].map(
      (socket) =>
        new Promise((resolve) =>
          socket
            .on("close", resolve)
            .on("error", () => undefined)
            .resume(),
        ),
    );
    const began = performance.now();
    await Promise.all(ends);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it("is patient with kube-apiserver, whose idle connections live for 90 s, and with nobody else", () => {
    expect(timeLimits.idle).toBeGreaterThan(90_000);
    expect(timeLimits).toMatchObject({ handshake: 3_000, headers: 3_000, body: 5_000, every: 1_000 });
  });

  it("leaves a connection alone that was dialled ahead of its first request: no 408 that would be taken for the answer", async () => {
    const { server, port } = await started(undefined, { handshake: 200, headers: 50, body: 50, idle: 60_000, every: 10 });
    serve(server, certificate);
    const socket = tlsConnect({ host: "127.0.0.1", port, ca: certificate.ca, servername: "localhost" });
    await once(socket, "secureConnect");
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    const ask = async (close: string) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(text).toBe("");
      socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${close}\r\n`);
      await expect.poll(() => text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*done/);
      text = "";
    };
    await ask("");
    await ask("Connection: close\r\n");
  });

  it("finishes what is under way when it drains, then is gone", async () => {
    const pending = Promise.withResolvers<() => void>();
    const { server, port } = await started((end) => pending.resolve(end));
    serve(server, certificate);
    const answer = get(port);
    const end = await pending.promise;
    const drained = drain(server, { lingerMs: 10, quietMs: 100, finishMs: 5_000 });
    setTimeout(end, 100);
    expect(await answer).toBe("done");
    await drained;
    await expect(get(port)).rejects.toThrow(/ECONNREFUSED/);
  });

  it("answers the first request of a connection that was opened just before it left", async () => {
    const { server, port } = await started((end) => end());
    serve(server, certificate);
    const socket = tlsConnect({ host: "127.0.0.1", port, ca: certificate.ca, servername: "localhost" });
    await once(socket, "secureConnect");
    const drained = drain(server, { lingerMs: 0, quietMs: 1_000, finishMs: 5_000 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const part of socket) text += String(part);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
    await drained;
  });

  it("takes what the kernel has accepted for it before it closes its door, however busy it was meanwhile", async () => {
    const { server, port } = await started((end) => end());
    serve(server, certificate);
    const callers = await Promise.all([1, 2, 3, 4, 5].map(() => lateCaller(port)));
    const drained = drain(server, { lingerMs: 20, quietMs: 5_000, finishMs: 10_000 });
    for (const caller of callers) caller.dialsWhileBusy(20);
    for (const caller of callers) caller.asks();
    for (const caller of callers) expect(await caller.answer()).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*done/);
    await Promise.all([drained, ...callers.map((caller) => caller.stop())]);
  });

  it("hangs up on nobody whose request has come, however busy it was meanwhile", async () => {
    const { server, port } = await started((end) => end());
    serve(server, certificate);
    const caller = await lateCaller(port);
    await caller.dials();
    const drained = drain(server, { lingerMs: 0, quietMs: 300, finishMs: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Of the event loop's phases the one after which timers come first.
    await new Promise((resolve) => setImmediate(resolve));
    caller.asksWhileBusy(500);
    expect(await caller.answer()).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*done/);
    await Promise.all([drained, caller.stop()]);
  });

  it("does not wait for ever for a request that never ends", async () => {
    const pending = Promise.withResolvers<void>();
    const { server, port } = await started(() => pending.resolve());
    serve(server, certificate);
    const answer = get(port);
    answer.catch(() => undefined);
    await pending.promise;
    await drain(server, { lingerMs: 0, quietMs: 10, finishMs: 50 });
    await expect(answer).rejects.toThrow();
  });

  it("leaves under load without a failed review: readiness first, then whoever still comes is answered and sent away", async () => {
    const replicas = await Promise.all(
      [0, 1].map(async () => {
        let draining = false;
        const server = httpsServer((request, response) => {
          if (draining) response.setHeader("Connection", "close");
          request.resume().on("end", () => setTimeout(() => response.end("done"), 3));
        });
        servers.push(server);
        serve(server, certificate);
        await listen(server, { host: "127.0.0.1", port: 0 });
        const { port } = server.address() as AddressInfo;
        const client = reviewer({ port, ca: certificate.ca });
        const leave = () => {
          draining = true;
          return drain(server, { lingerMs: 300, quietMs: 1_000, finishMs: 5_000 });
        };
        return { client, leave };
      }),
    );
    const [first, second] = replicas;
    let [clients, stopped, answered] = [replicas.map(({ client }) => client), false, 0];
    const callers = Array.from({ length: 10 }, async (_, caller) => {
      for (let turn = caller; !stopped; turn++) {
        expect(await clients[turn % clients.length]?.post("x")).toMatchObject({ status: 200, text: "done" });
        answered += 1;
      }
    });
    const left = first?.leave();
    // The endpoint goes a moment after the readiness, and connections that are open stay in use.
    setTimeout(() => {
      clients = clients.slice(1);
    }, 100);
    await left;
    await expect(first?.client.post("x")).rejects.toThrow(/ECONNREFUSED/);
    stopped = true;
    await Promise.all(callers);
    expect(answered).toBeGreaterThan(20);
    second?.client.close();
  });
});

describe("too many connections", () => {
  async function crowded(most: number) {
    const { server, port } = await started();
    serve(server, certificate);
    let dropped = 0;
    const crowd = limitCrowd(
      server,
      () => {
        dropped += 1;
      },
      most,
    );
    const open = async () => {
      const socket = connect(port, "127.0.0.1");
      const gone = new Promise((resolve) =>
        socket
          .on("close", resolve)
          .on("error", () => undefined)
          .resume(),
      );
      await new Promise((resolve) => socket.once("connect", resolve));
      return { socket, gone };
    };
    return { port, crowd, open, dropped: () => dropped };
  }

  it("cost the newcomer that waits longest its place, never one that brings reviews", async () => {
    const { port, crowd, open, dropped } = await crowded(3);
    const client = reviewer({ port, ca: certificate.ca }, 1);
    const post = () => client.post("x");
    expect((await post()).status).toBe(200);
    const waiting = [await open(), await open()];
    expect(crowd.size()).toBe(3);
    const another = await open();
    await waiting[0]?.gone;
    expect(dropped()).toBe(1);
    for (let i = 0; i < 5; i++) {
      await open();
      expect((await post()).status).toBe(200);
    }
    await Promise.all([waiting[1]?.gone, another.gone]);
    expect(crowd.size()).toBeLessThanOrEqual(3);
    client.close();
  });

  it("leave the place of whoever hangs up", async () => {
    const { crowd, open, dropped } = await crowded(2);
    for (let i = 0; i < 4; i++) {
      const { socket, gone } = await open();
      socket.destroy();
      await gone;
      await vi.waitFor(() => expect(crowd.size()).toBe(0));
    }
    expect(dropped()).toBe(0);
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
