import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CredentialsSource } from "../../src/prometheus/access.ts";
import { type Credentials, parseCredentials } from "../../src/prometheus/credentials.ts";
import { isFailure } from "../../src/prometheus/failure.ts";
import { anAuthority, key } from "../kube/certificates.ts";
import { aClient, against, says } from "./against.ts";
import { vector } from "./hostileServer.ts";

const made = (content: Record<string, string>, version = "1"): Credentials => {
  const parsed = parseCredentials("s", content, version);
  if (isFailure(parsed)) throw new Error(parsed.message);
  return parsed;
};
const secrets =
  (known: Record<string, Credentials>): CredentialsSource =>
  async (name) =>
    known[name];

describe("what a Secret says", () => {
  test.each([
    [{ username: "serin", password: "p:w ü" }, { authorization: `Basic ${Buffer.from("serin:p:w ü").toString("base64")}` }],
    [{ token: "abc.def\n" }, { authorization: "Bearer abc.def" }],
    [{ "ca.crt": "A" }, { ca: "A" }],
    [
      { "tls.crt": "C", "tls.key": "K", token: "t" },
      { cert: "C", key: "K", authorization: "Bearer t" },
    ],
  ])("%j", (content, expected) => {
    expect(made(content)).toEqual({ version: "1", ...expected });
  });

  test.each([
    [{}, /has none of username and password, token/],
    [{ username: "serin" }, /username and password belong together/],
    [{ token: "t", username: "u", password: "secret" }, /exclude each other/],
    [{ "tls.crt": "secret" }, /tls\.crt and tls\.key belong together/],
    [{ token: "secret\r\nx-evil: 1" }, /characters that a header can't carry/],
    [{ username: "a:b", password: "secret" }, /can't contain a colon/],
  ])("%j is refused, by the names of keys and never a value", (content, message) => {
    const parsed = parseCredentials("s", content, "1");
    expect(isFailure(parsed) && parsed.message).toMatch(message);
    expect(JSON.stringify(parsed)).not.toContain("secret\\r");
    expect(JSON.stringify(parsed)).not.toContain('"secret"');
  });
});

describe("how a server is asked", () => {
  const credentials = secrets({ mine: made({ token: "t0k3n" }), other: made({ username: "u", password: "p" }) });

  test("with the credentials that are named for it, and another server with its own or none", async () => {
    const { client, asked, address } = await against(says(vector("1")), { credentials, defaultCredentials: "mine" });
    await client.query("a");
    await client.query("b", { address });
    await client.query("c", { address, credentials: "other" });
    await client.query("d", { credentials: "other" });
    const basic = `Basic ${Buffer.from("u:p").toString("base64")}`;
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(["Bearer t0k3n", undefined, basic, basic]);
  });

  test("the same query with other credentials is another question", async () => {
    const { client, asked } = await against(says(vector("1")), { credentials });
    await Promise.all([client.query("a", { credentials: "mine" }), client.query("a", { credentials: "other" }), client.query("a")]);
    expect(asked).toHaveLength(3);
  });

  test("a redirect carries them nowhere", async () => {
    const elsewhere = await against(says(vector("1")));
    const { client } = await against(says("", 307, { location: elsewhere.address }), { credentials, defaultCredentials: "mine" });
    expect(await client.query("up")).toMatchObject({ kind: "error", message: expect.stringContaining("redirects aren't followed") });
    expect(elsewhere.asked).toEqual([]);
  });

  test("the default server is asked without, where its Secret does not exist; one that a policy names must exist", async () => {
    const { client, asked } = await against(says(vector("1")), { credentials, defaultCredentials: "absent" });
    expect((await client.query("up")).kind).toBe("values");
    expect(asked[0]?.headers.authorization).toBeUndefined();
    expect(await client.query("up", { credentials: "absent" })).toEqual({
      kind: "error",
      message: "Secret absent does not exist in Serin's namespace: make it, or name another",
    });
  });

  test.each([401, 403])("HTTP %i says whether credentials are missing or refused", async (status) => {
    const { client } = await against(says("no", status), { credentials });
    expect(await client.query("up")).toMatchObject({ message: expect.stringContaining("it wants credentials; name their Secret") });
    expect(await client.query("up", { credentials: "mine" })).toMatchObject({
      message: expect.stringContaining("it refuses the credentials"),
    });
  });

  test("TLS: a CA of one's own is trusted, and the client shows its certificate; without them the server is not asked", async () => {
    const { ca, sign } = anAuthority("prometheus-ca");
    const cert = sign("prometheus");
    const seen: unknown[] = [];
    const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      seen.push(request.headers.authorization);
      request.resume();
      response.end(vector("1"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const client = aClient({
      defaultAddress: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: secrets({
        all: made({ "ca.crt": ca, "tls.crt": cert, "tls.key": key, token: "t" }),
        trusting: made({ "ca.crt": ca }),
      }),
      timeoutMs: 2_000,
    });
    expect(await client.query("up", { credentials: "all" })).toMatchObject({ kind: "values", values: [1] });
    expect(seen).toEqual(["Bearer t"]);
    expect((await client.query("up", { credentials: "trusting" })).kind).toBe("error");
    expect(await client.query("up")).toMatchObject({ kind: "error", message: expect.stringMatching(/can't be asked: .*certificate/) });
    expect(seen).toHaveLength(1);
  });
});
