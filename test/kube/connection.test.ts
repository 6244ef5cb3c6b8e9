import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { inClusterAccess, isInCluster } from "../../src/kube/access.ts";
import type { ApiError } from "../../src/kube/apiError.ts";
import { createClient } from "../../src/kube/client.ts";
import { type Connection, connect, connectWith } from "../../src/kube/connection.ts";
import { tokenFileCredentials } from "../../src/kube/credentials.ts";
import { kubeconfigAccess } from "../../src/kube/kubeconfig.ts";
import { resources } from "../../src/kube/resources.ts";
import { accessTo } from "./accessTo.ts";
import { ApiServerDouble, status } from "./apiServerDouble.ts";
import { anAuthority, key } from "./certificates.ts";

const { namespaces } = resources;
const userAgent = "serin-test/1";
const authority = anAuthority("test authority");
const stranger = anAuthority("another authority");
const serverCertificate = authority.sign("kube.test");
const folder = mkdtempSync(join(tmpdir(), "serin-kube-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const base64 = (text: string): string => Buffer.from(text).toString("base64");

let server: ApiServerDouble;
let connection: Connection | undefined;
/** The common name of the client certificate of each request. */
let clients: unknown[];

beforeEach(async () => {
  clients = [];
  server = await new ApiServerDouble().start({
    cert: serverCertificate,
    key,
    ca: authority.ca,
    requestCert: true,
    rejectUnauthorized: false,
  });
});
afterEach(async () => {
  await connection?.close();
  await server.stop();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function ask(through: Connection): Promise<unknown> {
  connection = through;
  return createClient(through, { timeoutMs: 2_000 }).get(namespaces, "shop");
}
const authorizations = (): (string | undefined)[] => server.seen.map(({ headers }) => headers.authorization);

describe("TLS", () => {
  test("one connection serves many requests", async () => {
    const through = connectWith(accessTo(server.url, { trust: { ca: async () => authority.ca } }), { userAgent });
    for (let i = 0; i < 20; i++) {
      await ask(through);
    }
    // undici counts a connection as busy for a moment after its answer is read, so a second one may be opened.
    expect(server.connections).toBeLessThanOrEqual(2);
    expect(server.seen).toHaveLength(20);
  });

  test("a server of another authority is refused, unless the kubeconfig says insecure", async () => {
    const wrong = accessTo(server.url, { trust: { ca: async () => stranger.ca } });
    const error = await ask(connectWith(wrong, { userAgent })).catch((error: unknown) => error as ApiError);
    expect((error as ApiError).reason).toBe("Untrusted");
    expect(server.seen).toEqual([]);
    await connection?.close();
    await ask(connectWith({ ...wrong, trust: { ...wrong.trust, insecure: true } }, { userAgent }));
    expect(server.seen).toHaveLength(1);
  });

  test("a rotated authority is found at the next connection", async () => {
    let ca = stranger.ca;
    const through = connectWith(accessTo(server.url, { trust: { ca: async () => ca } }), { userAgent });
    await expect(ask(through)).rejects.toThrow("Untrusted");
    ca = authority.ca;
    await ask(through);
    expect(server.seen).toHaveLength(1);
  });
});

describe("the name that the server is asked by (SNI)", () => {
  const names: unknown[] = [];
  const asked = async (url: string, trust: object = {}) => {
    names.length = 0;
    server.onSocket = (socket) => names.push((socket as TLSSocket & { servername?: unknown }).servername);
    await ask(connectWith(accessTo(url, { trust: { ca: async () => authority.ca, insecure: true, ...trust } }), { userAgent }));
    return names;
  };

  test("is that of its address, which may be one of many behind one address", async () => {
    expect(await asked(server.url.replace("127.0.0.1", "localhost"))).toEqual(["localhost"]);
  });

  test("is the kubeconfig's where it says another, and none for an IP address", async () => {
    expect(await asked(server.url.replace("127.0.0.1", "localhost"), { serverName: "kube.test" })).toEqual(["kube.test"]);
    await connection?.close();
    expect(await asked(server.url)).toEqual([false]);
  });
});

describe("kubeconfig", () => {
  const cluster = (more: object = {}): object => ({
    name: "c",
    cluster: { server: server.url, "certificate-authority-data": base64(authority.ca), ...more },
  });
  const config = (user: object, more: object = {}, context: object = { namespace: "shop" }): string =>
    file(
      "config",
      JSON.stringify({
        clusters: [cluster(more)],
        users: [{ name: "u", user }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u", ...context } }],
        "current-context": "x",
      }),
    );

  test("client certificate, inline or as files beside the kubeconfig", async () => {
    server.fault = () => undefined;
    file("cert.pem", authority.sign("somebody"));
    file("key.pem", key);
    file("ca.pem", authority.ca);
    const byFiles = config(
      { "client-certificate": "cert.pem", "client-key": "key.pem" },
      { "certificate-authority-data": undefined, "certificate-authority": "ca.pem" },
    );
    server.onSocket = (socket) => clients.push((socket as TLSSocket).getPeerCertificate().subject?.CN);
    await ask(connect({ kubeconfig: byFiles, userAgent }));
    await connection?.close();
    await ask(
      connect({
        kubeconfig: config({ "client-certificate-data": base64(authority.sign("else")), "client-key-data": base64(key) }),
        userAgent,
      }),
    );
    expect(clients).toEqual(["somebody", "else"]);
    expect(connection?.namespace).toBe("shop");
    expect(authorizations()).toEqual([undefined, undefined]);
  });

  test.each<[string, () => object, string]>([
    ["token", () => ({ token: "t1" }), "Bearer t1"],
    ["tokenFile", () => ({ tokenFile: "token", token: file("token", "t2\n") && "ignored" }), "Bearer t2"],
    ["password", () => ({ username: "u", password: "p" }), `Basic ${base64("u:p")}`],
  ])("%s", async (_, user, header) => {
    await ask(connect({ kubeconfig: config(user()), userAgent }));
    expect(authorizations()).toEqual([header]);
  });

  test("exec plugin: one call for many requests, another after a 401", async () => {
    const plugin = file(
      "plugin",
      `#!/bin/sh\necho called >> ${folder}/calls\necho "$KUBERNETES_EXEC_INFO" > ${folder}/info\nn=$(wc -l < ${folder}/calls)\necho '{"status":{"token":"t'$n'"}}'\n`,
    );
    chmodSync(plugin, 0o755);
    const through = connect({
      kubeconfig: config({ exec: { apiVersion: "client.authentication.k8s.io/v1", command: plugin, args: [] } }),
      userAgent,
    });
    await Promise.all([ask(through), ask(through), ask(through)]);
    expect(new Set(authorizations())).toEqual(new Set(["Bearer t1"]));
    server.seen.length = 0;
    server.fault = (seen) => (seen.headers.authorization === "Bearer t1" ? status(401, "Unauthorized", "expired") : undefined);
    await ask(through);
    expect(authorizations()).toEqual(["Bearer t1", "Bearer t2"]);
  });

  test("tls-server-name, a path prefix and impersonation", async () => {
    const kubeconfig = config({ as: "jane" }, { server: `${server.url}/k8s/clusters/c-1/`, "tls-server-name": "kube.test" });
    await ask(connect({ kubeconfig, userAgent }));
    expect(server.seen[0]).toMatchObject({ path: "/k8s/clusters/c-1/api/v1/namespaces/shop", headers: { "impersonate-user": "jane" } });
    await connection?.close();
    const other = config({}, { "tls-server-name": "other.test" });
    await expect(ask(connect({ kubeconfig: other, userAgent }))).rejects.toThrow("other.test");
  });

  const impersonated = () => server.seen.map(({ headers }) => Object.entries(headers).filter(([name]) => name.startsWith("impersonate-")));

  test("impersonation: the kubeconfig's whole, and what is typed in its place", async () => {
    const kubeconfig = config({ as: "jane", "as-groups": ["dev", "ops"], "as-uid": "7", "as-user-extra": { Scopes: ["a"] } });
    for (const more of [{}, { as: "joe", asGroup: ["qa"], asUid: "8" }]) {
      await ask(connect({ kubeconfig, ...more, userAgent }));
      await connection?.close();
    }
    const extra = ["impersonate-extra-scopes", "a"];
    expect(impersonated().map((each) => each.sort())).toEqual([
      [extra, ["impersonate-group", "dev, ops"], ["impersonate-uid", "7"], ["impersonate-user", "jane"]],
      [extra, ["impersonate-group", "qa"], ["impersonate-uid", "8"], ["impersonate-user", "joe"]],
    ]);
    expect(() => connect({ kubeconfig: config({}), asGroup: ["dev"], userAgent })).toThrow("name one with --as");
  });

  test("impersonation reaches the server in UTF-8", async () => {
    const through = connect({ kubeconfig: config({}), as: "jürgen☃", userAgent });
    await ask(through);
    // With a body, too, in which Node would have another encoding.
    await createClient(through).create(namespaces, { metadata: { name: "ü" } });
    const read = server.seen.map(({ headers }) => Buffer.from(String(headers["impersonate-user"]), "latin1").toString());
    expect(read).toEqual(["jürgen☃", "jürgen☃"]);
  });

  test("--server, --certificate-authority, --tls-server-name and --token need no kubeconfig", async () => {
    const options = { kubeconfig: "/nowhere", server: `${server.url}/`, userAgent };
    await ask(connect({ ...options, certificateAuthority: file("own.pem", authority.ca), tlsServerName: "kube.test", token: "typed" }));
    await connection?.close();
    await ask(connect({ ...options, insecureSkipTlsVerify: true }));
    await connection?.close();
    expect(authorizations()).toEqual(["Bearer typed", undefined]);
    await expect(ask(connect(options))).rejects.toThrow("Untrusted");
    expect(() => connect({ ...options, insecureSkipTlsVerify: true, certificateAuthority: "x" })).toThrow("contradict each other");
    expect(() => connect({ ...options, server: "nonsense" })).toThrow("nonsense is no address of a server");
  });

  test("--cluster, --user, --server and --token take the place of the context's", async () => {
    const users = [
      { name: "u", user: { token: "t1" } },
      { name: "v", user: { exec: { command: "/nowhere/plugin" } } },
    ];
    const clusters = [{ name: "d", cluster: { server: "https://127.0.0.1:1", "tls-server-name": "other.test" } }, cluster()];
    const contexts = [{ name: "x", context: { cluster: "d", user: "v" } }];
    const kubeconfig = file("many", JSON.stringify({ clusters, users, contexts, "current-context": "x" }));
    await ask(connect({ kubeconfig, cluster: "c", user: "u", userAgent }));
    await connection?.close();
    await ask(connect({ kubeconfig, server: server.url, insecureSkipTlsVerify: true, token: "t2", userAgent }));
    expect(authorizations()).toEqual(["Bearer t1", "Bearer t2"]);
    expect(() => connect({ kubeconfig, cluster: "e", userAgent })).toThrow("cluster e is not in");
  });

  test("several files are merged, the first mention wins; another context can be chosen", () => {
    const first = file("first", "current-context: a\ncontexts:\n- {name: a, context: {cluster: c, user: u}}\n");
    const second = file(
      "second",
      "current-context: b\ncontexts:\n- {name: b, context: {cluster: c, user: u, namespace: two}}\n" +
        "clusters:\n- {name: c, cluster: {server: 'https://one:6443'}}\nusers:\n- {name: u, user: {token: t}}\n",
    );
    const paths = [first, join(folder, "absent"), second].join(delimiter);
    expect(kubeconfigAccess(paths)).toMatchObject({ server: "https://one:6443", namespace: "default" });
    expect(kubeconfigAccess(paths, { context: "b" })).toMatchObject({ namespace: "two" });
  });

  test.each<[string, () => void, string]>([
    ["no file", () => connect({ kubeconfig: "/nowhere", userAgent }), "no kubeconfig at /nowhere"],
    ["no such context", () => connect({ kubeconfig: config({}), context: "y", userAgent }), "context y is not in"],
    ["no such cluster", () => connect({ kubeconfig: config({}, {}, { cluster: "z" }), userAgent }), "it has: c"],
    ["no such user", () => connect({ kubeconfig: config({}, {}, { user: "z" }), userAgent }), "user z is not in"],
    [
      "text",
      () => connect({ kubeconfig: file("text", "just text"), userAgent }),
      "is no kubeconfig: its clusters are no list of {name, cluster}",
    ],
    ["other shapes", () => connect({ kubeconfig: file("shapes", "users: [null]"), userAgent }), "its users are no list of {name, user}"],
    [
      "broken YAML",
      () => connect({ kubeconfig: file("broken", "a: [b"), userAgent }),
      `can't read ${join(folder, "broken")}: Flow sequence`,
    ],
    ["a folder", () => connect({ kubeconfig: folder, userAgent }), `can't read ${folder}: EISDIR`],
    [
      "no HTTP",
      () => connect({ kubeconfig: config({}, { server: "ftp://x" }), userAgent }),
      "ftp://x is no address of a server (cluster c in",
    ],
    [
      "a name that would be a header",
      () => connect({ kubeconfig: config({}), as: "a\r\nb: c", userAgent }),
      'nobody can be called "a\\r\\nb: c"',
    ],
    ["no context at all", () => connect({ kubeconfig: file("empty", ""), userAgent }), "has no current-context"],
    ["a proxy", () => connect({ kubeconfig: config({}, { "proxy-url": "http://p" }), userAgent }), "proxy-url, which is not supported"],
    ["gcp", () => connect({ kubeconfig: config({ "auth-provider": { name: "gcp" } }), userAgent }), "use its exec plugin"],
  ])("refuses: %s", (_, attempt, message) => {
    expect(attempt).toThrow(message);
  });
});

describe("in the cluster", () => {
  test("the ServiceAccount's files", async () => {
    file("namespace", "serin-system");
    file("ca.crt", authority.ca);
    file("token", "t1");
    const through = connectWith(inClusterAccess(server.url, folder), { userAgent });
    await ask(through);
    expect([through.namespace, authorizations(), isInCluster(folder), isInCluster("/nowhere")]).toEqual([
      "serin-system",
      ["Bearer t1"],
      true,
      false,
    ]);
  });

  test("the token is read again after a minute, after a 401, and survives a moment without a file", async () => {
    let now = 0;
    const path = file("rotated", "one\n");
    const credentials = tokenFileCredentials(path, () => now);
    const read = (): Promise<string | undefined> => credentials.authorization();
    expect(await read()).toBe("Bearer one");
    file("rotated", "two");
    now = 59_999;
    expect(await read()).toBe("Bearer one");
    now = 60_000;
    expect(await read()).toBe("Bearer two");
    rmSync(path);
    now = 120_000;
    expect(await read()).toBe("Bearer two");
    file("rotated", "three");
    credentials.forget();
    expect(await read()).toBe("Bearer three");
    await expect(tokenFileCredentials("/nowhere").authorization()).rejects.toThrow("cannot read the ServiceAccount token in /nowhere");
  });
});
