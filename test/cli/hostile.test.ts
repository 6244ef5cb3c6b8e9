import { describe, expect, test } from "vitest";
import { age } from "../../src/cli/age.ts";
import type { AuditRow } from "../../src/cli/audit/auditRow.ts";
import { csvLines, markdownLines, tableLines } from "../../src/cli/audit/table.ts";
import { ApiError } from "../../src/kube/apiError.ts";
import { aDeployment, held } from "../build/deployment.ts";
import { aPlan, atStep, because, inPhase, requestedBy, withJournal, withStatus } from "../build/plan.ts";
import { at } from "../build/story.ts";
import { audit } from "./auditedRecord.ts";
import { midway } from "./midway.ts";
import { serin, type TerminalOptions, type World } from "./terminal.ts";

/** A title, a beep, a colour in seven bits and in eight, and text from right to left. */
const evil = "\x1b]0;owned\x07\x1b[31m\x9b31m\u202e\r";
const texts = new Set([
  "message",
  "note",
  "image",
  "user",
  "fieldManager",
  "by",
  "how",
  "value",
  "reason",
  "images",
  "holderIdentity",
  "waiting",
]);

/** The same world, with what people and programs may write into it at will. */
const poisoned = (value: unknown, isText = false): unknown => {
  if (typeof value === "string") return isText ? `${value}${evil}` : value;
  if (Array.isArray(value)) return value.map((each) => poisoned(each, isText));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, poisoned(each, texts.has(key))]));
};
const event = {
  kind: "Event",
  metadata: { name: "e", namespace: "shop" },
  reportingController: "serin.dev/worker",
  regarding: { kind: "Deployment", name: "nginx" },
  note: "x",
  reason: "x",
  type: "Normal",
};
const worker = {
  kind: "Deployment",
  metadata: { name: "serin-worker", namespace: "serin-system" },
  spec: { template: { spec: { containers: [{ image: "serin:1" }] } } },
};

/** What a terminal does not take for text; the line feed aside. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const steering = /[\x00-\x09\x0b-\x1f\x7f-\x9f\p{Bidi_Control}]/u;

describe("escape sequences from the cluster don't reach the terminal", () => {
  const world = poisoned([...midway, event, worker]) as World;
  const verbs = [
    "get nginx",
    "status nginx --no-watch",
    "history nginx",
    "events nginx",
    "list -o wide",
    "explain nginx",
    "diff nginx",
    "version",
  ];
  const acts = ["approve nginx", "hold nginx", "resume nginx", "undo nginx --to-revision 9", "retry nginx", "abort nginx"];
  const options: TerminalOptions = {
    screen: { columns: 400, rows: 100 },
    env: { NO_COLOR: "1" },
    onCreate: (review) => ({ ...review, status: { allowed: true } }),
    onPatch: () => {
      throw new ApiError({ code: 403, reason: "Forbidden", doing: "patch canaryplans", message: `no${evil}` });
    },
  };
  test.each([
    ...verbs,
    ...acts,
    "doctor",
    "audit",
    "audit show nginx-x7k2m",
    "audit verify",
    "audit -o csv",
    "audit -o markdown",
    "sidecars",
  ])("%s", async (line) => {
    const { out, err } = await serin(line, [world], options);
    expect(out + err).not.toMatch(/bug in Serin/);
    expect((out + err).replaceAll("\r\n", "\n")).not.toMatch(steering);
    expect(out + err).not.toBe("");
  });

  test.each(["get nginx", "list", "history nginx", "events nginx", "explain nginx", "audit"])(
    "%s -o json, yaml and jsonpath",
    async (line) => {
      const json = await serin(`${line} -o json`, [world]);
      expect(json.out).not.toMatch(steering);
      expect(JSON.stringify(JSON.parse(json.out))).toContain("\u009b31m\u202e");
      for (const format of ["yaml", "jsonpath={}"])
        expect((await serin(`${line} -o ${format}`, [world], options)).out).not.toMatch(steering);
    },
  );

  test("a question, and a bug of ours, too", async () => {
    let asked = "";
    const answer = (question: string) => {
      asked = question;
      return false;
    };
    await serin("promote nginx --full", [world], { ...options, answer });
    expect(asked).toContain("owned");
    expect(asked).not.toMatch(steering);
    const connect = () => {
      throw Object.assign(new TypeError("x"), { name: "TypeError" });
    };
    const about = async () => Promise.reject(new TypeError(`no${evil}`));
    const client = { get: about, list: about, patch: about, create: about };
    const bug = await serin("get nginx", [[]], { connect: () => ({ namespace: "shop", close: async () => undefined, about, client }) });
    expect(bug).toMatchObject({ code: 70, out: "" });
    expect(bug.err).not.toMatch(steering);
    expect((await serin("get nginx", [[]], { connect })).code).toBe(1);
  });
});

describe("terminals", () => {
  test.each([1, 7, 20, 39])("get in %d columns keeps to them, and list ends", async (columns) => {
    const screen = { columns, rows: 5 };
    for (const line of ["get nginx", "audit"]) {
      const { out } = await serin(line, [midway], { screen, env: { NO_COLOR: "1" } });
      expect(out.split("\n").filter((each) => each.length > columns)).toEqual([]);
    }
    expect(await serin("list", [midway], { screen })).toMatchObject({ code: 0, err: "" });
  });

  test("a dumb one is not drawn over", async () => {
    const screen = { columns: 80, rows: 24 };
    const { out } = await serin("get nginx -w", [midway, midway], { screen, env: { TERM: "dumb" } });
    expect(out).toMatch(/^\S+ CanaryPlan shop\/nginx-x7k2m: /);
    expect(out).not.toMatch(steering);
  });

  test.each<[Record<string, string>, boolean]>([
    [{ LANG: "C" }, true],
    [{ LC_ALL: "POSIX", LANG: "de_DE.UTF-8" }, true],
    [{ LC_ALL: "", LC_CTYPE: "C.UTF-8", LANG: "C" }, false],
    [{}, false],
  ])("of a locale without other characters gets ASCII: %j", async (env, isAscii) => {
    const { out } = await serin("get nginx", [midway], { env });
    expect(/^[\x20-\x7e\n]*$/.test(out)).toBe(isAscii);
  });
});

describe("times", () => {
  test("in the future are now, and what is no time is left out", async () => {
    expect([age(-5_000), age(Number.MAX_SAFE_INTEGER)]).toEqual(["0s", "285616y"]);
    const ahead = [aDeployment(held()), aPlan(atStep(1, 9_000), withStatus({ startedAt: at(9_000) }))];
    for (const line of ["get nginx", "list", "history nginx", "status nginx --no-watch", "audit"]) {
      const { out, err } = await serin(line, [ahead]);
      expect(out + err).not.toMatch(/NaN|Invalid|-\d+s|bug in Serin/);
    }
  });

  test.each(["", "-1s", "1", "1.5s", "10 m", "1e3s", "forever", "9999999h", "1s1m"])("--timeout %j can't be read", async (typed) => {
    const wrong = await serin(`status nginx --timeout=${typed.replace(" ", "")}${typed.includes(" ") ? "x" : ""}`, [midway]);
    expect(wrong).toMatchObject({ code: 1, out: "", err: expect.stringContaining("try: write it like: --timeout 10m\n") });
  });

  test.each([
    ["1ms", 3],
    ["999999h", 130],
    ["0", 130],
    ["0s", 130],
  ])("--timeout %s ends with %d", async (typed, code) => {
    expect((await serin(`status nginx --timeout ${typed}`, [midway, midway])).code).toBe(code);
  });

  test.each([
    "--since yesterday",
    "--since 2026-02-31",
    "--since 2026-13-01",
    "--since 2026-11-24(x)",
    "--until -1h",
    "--until 2026-11-24T25:00:00Z",
    "--since=",
    "--since 1h --until 2h",
    "--phase Promotd",
  ])("audit %s", async (typed) => {
    expect(await audit(typed)).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/^error: can't .*\n {2}why: .*\n {2}try: .*\n$/),
    });
  });

  test.each(["2026-11-23", "2026-11-23T10:03", "2026-11-23T10:03:20Z", "2026-11-23T11:03:20.000+01:00", "2026-11-23t10:03:20z"])(
    "audit --since %s is a time",
    async (typed) => {
      expect(await audit(`--since ${typed} -o json`)).toMatchObject({ code: 0, err: "" });
    },
  );
});

describe("a record for a spreadsheet and for a report", () => {
  const row = (fields: Partial<AuditRow>): AuditRow => ({
    at: at(0),
    namespace: "shop",
    deployment: "web",
    outcome: "Promoted",
    user: "alice",
    tool: "kubectl",
    before: ["a:1"],
    after: ["a:2"],
    policy: "default",
    decisions: [],
    reason: "",
    message: "",
    ...fields,
  });
  const cell = (user: string): string | undefined =>
    csvLines([row({ user })])[1]
      ?.slice(`${at(0)},shop,web,Promoted,`.length)
      .split(",kubectl,")[0];

  test.each([
    ["=1+1", "'=1+1"],
    ["\n=1+1", "' =1+1"],
    ["\t@x", "' @x"],
    ["  +1", "'  +1"],
    ["-2+3", "'-2+3"],
    ["＝1", "'＝1"],
    ["a,b", '"a,b"'],
    ["a;=b", '"a;=b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\r\nlines", "two lines"],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ])("CSV %j", (user, shown) => {
    expect(cell(user)).toBe(shown);
  });

  test("Markdown keeps its columns, and loads nothing", () => {
    const evils = ["a|b", "a\\|b", "`a|b", "![x](http://tracker/x.png)", "<script>", "line\nbreak | x", "&lt;b>", "[a](javascript:x)"];
    for (const user of evils) {
      const line = markdownLines([row({ user })]).at(-1) ?? "";
      // As GitHub cuts a row: what stands behind a backslash is text.
      expect(line.replace(/\\./g, "").split("|"), user).toHaveLength(12);
      expect(line.replace(/\\./g, "")).not.toMatch(/[`<[\]!\n]/);
    }
  });

  test("of many rows is printed, and not too many for a call", () => {
    const rows = Array.from({ length: 150_000 }, () => row({}));
    expect(tableLines(rows, { namespaces: true, width: 120 })).toHaveLength(150_001);
    expect(csvLines(rows)).toHaveLength(150_001);
  }, 20_000);
});

test("a plan of many journal entries and a requester without limits are told whole", async () => {
  const journal = Array.from({ length: 200 }, (_, index) => ({ at: at(index), reason: "StepStarted", message: "m".repeat(1_000) }));
  const plan = aPlan(
    inPhase("RolledBack"),
    because("AnalysisFailed", "x".repeat(2_000)),
    withJournal(...journal),
    requestedBy({ user: "u".repeat(500) }),
  );
  for (const line of ["get nginx", "status nginx", "history nginx", "list -o wide", "audit show nginx-x7k2m"])
    expect((await serin(line, [[aDeployment(), plan]])).err).toBe("");
});

test("version tells its own although no cluster is there", async () => {
  const connect = () => {
    throw new Error("no kubeconfig at /nowhere");
  };
  expect(await serin("version", [[]], { connect })).toEqual({
    code: 1,
    out: "client: 0.1.0 (serin.dev/v1alpha1)\n",
    err: "error: no cluster to ask\n  why: no kubeconfig at /nowhere\n  try: name one with --kubeconfig or --context\n",
  });
});
