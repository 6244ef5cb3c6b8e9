import { describe, expect, test } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import { commands } from "../../src/cli/main.ts";
import { midway, promoted } from "./outputWorlds.ts";
import { serin, type TerminalOptions } from "./terminal.ts";

type Asked = Parameters<Io["connect"]>[0];

/** What a line asks the way to the cluster for, without what it doesn't name. */
async function askedBy(line: string): Promise<Partial<Asked>> {
  let asked: Partial<Asked> = {};
  const options: TerminalOptions = {
    connect: (given) => {
      asked = Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== undefined && name !== "timeoutMs"));
      throw new Error("no cluster in this test");
    },
  };
  expect((await serin(line, [midway], options)).err).toContain("error: no cluster to ask\n");
  return asked;
}

describe("kubectl's own options", () => {
  test.each<[string, Partial<Asked>]>([
    ["--as joe --as-group dev --as-group=ops --as-uid 7", { as: "joe", asGroup: ["dev", "ops"], asUid: "7" }],
    ["--context c --cluster d --user u --kubeconfig k", { context: "c", cluster: "d", user: "u", kubeconfig: "k" }],
    ["-s https://x --token t --tls-server-name n", { server: "https://x", token: "t", tlsServerName: "n" }],
    ["--insecure-skip-tls-verify --certificate-authority f", { insecureSkipTlsVerify: true, certificateAuthority: "f" }],
    ["-n=shop", {}],
    ["--kubeconfig=", {}],
  ])("%s", async (typed, asked) => {
    expect(await askedBy(`get nginx ${typed}`)).toEqual(asked);
  });

  test("every verb that asks a cluster has all of them; audit's --user is who asked or decided", async () => {
    const all = commands({ out: () => undefined } as never, () => undefined).commands.flatMap((verb) => [verb, ...verb.commands]);
    const names = ["--as", "--as-group", "--as-uid", "--cluster", "--user", "--server", "--token", "--context", "--kubeconfig"];
    const reaching = all.filter(({ options }) => options.some(({ long }) => long === "--kubeconfig"));
    const lacking = reaching.map(
      (verb) => `${verb.name()}: ${names.filter((name) => !verb.options.some(({ long }) => long === name)).join()}`,
    );
    expect(lacking.filter((each) => !each.endsWith(": "))).toEqual(["show: --user", "verify: --user", "export: --user"]);
    expect(reaching.length).toBeGreaterThan(20);
    expect(await askedBy("audit --user alice --as joe")).toEqual({ as: "joe" });
    expect(await askedBy("audit verify --as joe")).toEqual({ as: "joe" });
  });

  test("values may follow a short option's =, as kubectl takes them", async () => {
    expect((await serin("get nginx -o=name", [midway])).out).toBe("deployment.apps/nginx\n");
    expect((await serin("list -l=app=nginx -o=name", [promoted])).out).toBe("deployment.apps/nginx\n");
    expect((await serin("get -o=name -- -o=name", [midway])).err).toContain("error: can't show -o=name\n");
  });
});

describe("a namespace", () => {
  test("that is empty, as of an unset variable, is none; one that can't be is told so", async () => {
    expect(await serin("get nginx -o name --namespace=", [midway])).toMatchObject({ code: 0, out: "deployment.apps/nginx\n" });
    expect((await serin("list -o name --namespace=", [midway])).out).toBe("deployment.apps/nginx\n");
    expect((await serin("audit verify --namespace= -o jsonpath={.counts.plans}", [midway])).out).toBe("1");
    for (const line of ["get nginx -n ..", "list -n a/b", "audit -n A", "doctor -n a.b", "sidecars -n -"])
      expect(await serin(line, [midway])).toMatchObject({
        code: 1,
        out: "",
        err: expect.stringContaining("why: no namespace can be called that"),
      });
  });
});

describe("names that can't be", () => {
  test.each([
    "get ..",
    "get deploy/%2e",
    "status deploy/a,b=c",
    "wait Nginx",
    "history -- -x",
    "events a_b",
    "explain deploy/ü",
    "abort deploy/..",
    "diff a\x1b[31m",
    "retry deploy/a?b",
    "undo plan/..",
    "approve plan/A",
    "sidecars repair deploy/..",
    "notify test ..",
    "audit show a/b",
  ])("%j", async (line) => {
    const { code, out, err } = await serin(line, [midway]);
    expect({ code, out }).toEqual({ code: line.startsWith("diff") ? 2 : 1, out: "" });
    expect(err).toMatch(/^error: .*\n {2}why: .+\n {2}try: .+\n$/);
    expect(err.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
});
