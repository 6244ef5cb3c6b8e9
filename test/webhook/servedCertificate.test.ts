import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { issueLeaf, makeAuthority } from "../../src/tls/authority.ts";
import type { KeyPair } from "../../src/tls/keyPair.ts";
import { readCertificates } from "../../src/tls/readCertificates.ts";
import type { ServingCertificate } from "../../src/tls/servingSecret.ts";
import { webhookNames } from "../../src/tls/webhookNames.ts";
import { servedCertificate } from "../../src/webhook/servedCertificate.ts";
import { httpsServer, listen, serve } from "../../src/webhook/servers.ts";
import { anEcCertificate } from "../tls/ecCertificate.ts";

const hour = 3_600_000;
const start = Date.now();
const names = webhookNames("serin-system");
const validity = (hours: number) => ({ now: new Date(start), notAfter: new Date(start + hours * hour) });
const [one, two] = await Promise.all([makeAuthority(validity(48)), makeAuthority(validity(48))]);
const leaf = async (authority: KeyPair, hours = 24): Promise<ServingCertificate> => ({
  ...(await issueLeaf(authority, names, validity(hours))),
  ca: authority.cert,
});
const [first, second, brief] = await Promise.all([leaf(one), leaf(two), leaf(one, 1)]);

/** By name, so that a failed test prints no keys. */
const nameOf = (one: ServingCertificate): string =>
  one === first ? "first" : one === second ? "second" : one === brief ? "brief" : "another";

function holder() {
  const served: string[] = [];
  const told: string[] = [];
  const clock = { now: start };
  const log = { info: (_: object, text: string) => void told.push(text), error: ({ why }: { why: string }) => void told.push(why) };
  const certificate = servedCertificate({
    now: () => clock.now,
    serve: (one) => void served.push(nameOf(one)),
    log: log as never,
    heardMs: 20,
  });
  return { certificate, served, told, clock };
}

describe("the certificate served", () => {
  it("is the last good one: what can't be used changes nothing", () => {
    const { certificate, served, told } = holder();
    expect([certificate.isValid(), certificate.render()]).toEqual([false, ""]);
    certificate.offer({ ...first, key: second.key });
    expect(certificate.isValid()).toBe(false);
    certificate.offer(first);
    certificate.offer({ ...second, cert: "garbage" });
    expect(served).toEqual(["first"]);
    expect(certificate.isValid()).toBe(true);
    expect(told).toEqual(["tls.key is not the key of tls.crt", "serving a new certificate", expect.stringMatching(/^not readable: /)]);
  });

  it("expired is as good as none, until there is another", () => {
    const { certificate, clock } = holder();
    certificate.offer(brief);
    clock.now += 59 * 60_000;
    expect(certificate.isValid()).toBe(true);
    clock.now += 2 * 60_000;
    expect(certificate.isValid()).toBe(false);
    certificate.offer(first);
    expect(certificate.isValid()).toBe(true);
  });

  it("tells its end as a figure", () => {
    const { certificate } = holder();
    certificate.offer(first);
    const end = Math.floor((start + 24 * hour) / 1_000);
    expect(certificate.render()).toMatch(
      new RegExp(`^# HELP .*\\n# TYPE .* gauge\\nserin_webhook_certificate_expiry_timestamp_seconds ${end}\\n$`),
    );
  });

  it("is served by a replica whose clock is 59 minutes behind", () => {
    const { certificate, served, clock } = holder();
    clock.now -= 59 * 60_000;
    certificate.offer(first);
    expect([served, certificate.isValid()]).toEqual([["first"], true]);
  });

  it("unripe, it is tried again when its time has come", async () => {
    const { certificate, served, clock } = holder();
    clock.now = start - hour - 1_500;
    certificate.offer(first);
    expect(served).toEqual([]);
    clock.now = start;
    for (const end = performance.now() + 5_000; served.length === 0 && performance.now() < end; )
      await new Promise((resolve) => setTimeout(resolve, 20));
    certificate.stop();
    expect(served).toEqual(["first"]);
  });
});

const [caOne, caTwo] = [one, two].map(({ cert }) => readCertificates(cert).found);

describe("a certificate of another CA", () => {
  it("waits until its CA is trusted, and a moment longer", async () => {
    const { certificate, served, clock } = holder();
    certificate.trusts(caOne);
    certificate.offer(first);
    clock.now += 25;
    certificate.offer(second);
    expect(served).toEqual(["first"]);
    certificate.trusts([...(caOne ?? []), ...(caTwo ?? [])]);
    expect(served).toEqual(["first"]);
    clock.now += 25;
    await expect.poll(() => served).toEqual(["first", "second"]);
    certificate.stop();
  });

  it("whose CA has been trusted for long is served at once, as each of the same CA is", () => {
    const { certificate, served, clock } = holder();
    certificate.trusts([...(caOne ?? []), ...(caTwo ?? [])]);
    certificate.offer(brief);
    clock.now += 25;
    certificate.offer(first);
    certificate.offer(second);
    expect(served).toEqual(["brief", "first", "second"]);
  });

  it("is served at once when nothing is, when the last one is not trusted either, and when there is no configuration", () => {
    const { certificate, served } = holder();
    certificate.trusts(caTwo);
    certificate.offer(first);
    certificate.offer(brief);
    certificate.trusts(undefined);
    certificate.offer(second);
    expect(served).toEqual(["first", "brief", "second"]);
  });

  it("that nobody ever trusts is served in time before the last one ends", async () => {
    const { certificate, served, clock } = holder();
    certificate.trusts(caOne);
    certificate.offer(brief);
    clock.now = Math.floor((start + hour) / 1_000) * 1_000 - 100;
    certificate.offer(second);
    expect(served).toEqual(["brief"]);
    clock.now += 60;
    await expect.poll(() => served).toEqual(["brief", "second"]);
    certificate.stop();
  });

  it("gives way to one that is offered after it", () => {
    const { certificate, served } = holder();
    certificate.trusts(caOne);
    certificate.offer(first);
    certificate.offer(second);
    certificate.offer(brief);
    certificate.trusts([...(caOne ?? []), ...(caTwo ?? [])]);
    expect(served).toEqual(["first", "brief"]);
  });
});

const servers: Array<ReturnType<typeof httpsServer>> = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function replica(certificate: ServingCertificate) {
  const server = httpsServer((_request, response) => response.end("done"));
  servers.push(server);
  await listen(server, { host: "127.0.0.1", port: 0 });
  serve(server, certificate);
  return { server, port: (server.address() as AddressInfo).port };
}

/** As kube-apiserver does it: the name of the Service, the bundle and nothing else trusted. */
function ask(port: number, bundle: string, agent = new Agent()): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ agent, port, host: "127.0.0.1", servername: "serin-webhook.serin-system.svc", ca: bundle }, (response) => {
    response.setEncoding("utf8").on("data", resolve);
  })
    .on("error", reject)
    .end();
  return promise.finally(() => agent.options.keepAlive || agent.destroy());
}

describe("a rotation, shaken by hand", () => {
  it("with two replicas, one of which is late: each step is trusted by whoever has heard of this step or of the one before", async () => {
    const [prompt, late] = await Promise.all([replica(first), replica(first)]);
    const [old, both, next] = [one.cert, `${two.cert}${one.cert}`, two.cert];
    const trustedBy = async (...bundles: string[]) => {
      for (const bundle of bundles) for (const { port } of [prompt, late]) expect(await ask(port, bundle)).toBe("done");
    };
    await trustedBy(old, both);
    serve(prompt.server, second);
    await trustedBy(both);
    await expect(ask(prompt.port, old)).rejects.toThrow();
    serve(late.server, second);
    await trustedBy(both, next);
  });

  it("open connections keep what they shook hands on", async () => {
    const { server, port } = await replica(first);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let connections = 0;
    server.on("secureConnection", () => {
      connections += 1;
    });
    expect(await ask(port, one.cert, agent)).toBe("done");
    serve(server, second);
    expect(await ask(port, one.cert, agent)).toBe("done");
    expect(connections).toBe(1);
    agent.destroy();
  });

  it("EC certificates, as cert-manager makes them, are served too", async () => {
    const provided = anEcCertificate(names.filter((name) => name !== "127.0.0.1"));
    const { certificate, served, clock } = holder();
    clock.now = Date.now() + 1_000; // openssl back-dates nothing
    certificate.offer(provided);
    expect([served[0], certificate.isValid()]).toEqual(["another", true]);
    const { port } = await replica(provided);
    expect(await ask(port, provided.ca)).toBe("done");
    await expect(ask(port, one.cert)).rejects.toThrow();
  });
});
