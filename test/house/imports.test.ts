import { describe, expect, test } from "vitest";
import { folderOf, type Import, importsOf, sourceFiles, textOf, withoutComments } from "./sources.ts";

/*
 * Design §10: api ← core ← (kube, prometheus, tls) ← (webhook, worker, cli) ← bin. An arrow is what may be imported. The three programs know
 * nothing of each other: what two of them need belongs to core, what is wired belongs to bin. Of the adapters only tls knows another, kube,
 * since its certificates live in Secrets. image, which makes the container image, is a program too.
 */
const adapters = ["kube", "prometheus", "tls"];
const programs = ["webhook", "worker", "cli"];
const allowed: Record<string, readonly string[]> = {
  api: ["api"],
  core: ["api", "core"],
  ...Object.fromEntries(adapters.map((adapter) => [adapter, ["api", "core", adapter]])),
  tls: ["api", "core", "kube", "tls"],
  ...Object.fromEntries(programs.map((program) => [program, ["api", "core", ...adapters, program]])),
  // At the desk, not in the cluster: no program imports these.
  chart: ["api", "chart"],
  bundle: ["bundle"],
  image: ["api", "bundle", "image"],
  bin: ["api", "core", ...adapters, ...programs, "chart", "bundle", "image", "bin"],
};

/** Sentences about what is wrong; an empty list is the aim, and the failed test prints the sentences. */
function wrongImports(wrong: (file: string, one: Import) => boolean): string[] {
  return sourceFiles().flatMap((file) =>
    importsOf(file)
      .filter((one) => wrong(file, one))
      .map(({ specifier }) => `${file} imports ${specifier}`),
  );
}

function wrongCode(folders: (folder: string) => boolean, pattern: RegExp): string[] {
  return sourceFiles()
    .filter((file) => folders(folderOf(file)))
    .flatMap((file) => [...withoutComments(textOf(file)).matchAll(pattern)].map(([found]) => `${file} says ${found}`));
}

describe("imports point inwards", () => {
  test("each folder imports only what its place allows", () => {
    const wrong = wrongImports((file, one) => {
      const inside = allowed[folderOf(file)] ?? [];
      return one.file !== undefined && !(one.file.startsWith("src/") && inside.includes(folderOf(one.file)));
    });
    expect(wrong).toEqual([]);
  });

  test("only src/kube imports @kubernetes/client-node", () => {
    expect(wrongImports((file, { specifier }) => folderOf(file) !== "kube" && specifier.startsWith("@kubernetes/"))).toEqual([]);
  });

  test("only src/tls imports node-forge", () => {
    expect(wrongImports((file, { specifier }) => folderOf(file) !== "tls" && specifier === "node-forge")).toEqual([]);
  });
});

/** Everything that is loaded with a file, packages by their names. */
function loadedWith(entry: string): Set<string> {
  const loaded = new Set([entry]);
  for (const file of loaded)
    if (file.endsWith(".ts")) for (const one of importsOf(file)) if (!one.typeOnly) loaded.add(one.file ?? one.specifier);
  return loaded;
}

test("only the certs process loads node-forge: it is 2 MB on the heap", () => {
  expect(loadedWith("src/bin/certificates.ts")).toContain("node-forge");
  for (const entry of ["src/bin/webhook.ts", "src/bin/worker.ts"]) expect(loadedWith(entry)).not.toContain("node-forge");
});

describe("api and core are pure", () => {
  const inside = (folder: string) => folder === "api" || folder === "core";

  test("no I/O, no logger: of Node only crypto (hashes), buffer and zlib", () => {
    const harmless = [
      "node:crypto",
      "node:zlib",
      "node:buffer",
      "zod",
      "yaml",
      "jsonpatch",
      "@marcbachmann/cel-js",
      "@prometheus-io/lezer-promql",
      "@lezer/common",
    ];
    expect(wrongImports((file, one) => inside(folderOf(file)) && one.file === undefined && !harmless.includes(one.specifier))).toEqual([]);
  });

  test("no clock, no randomness, no timers, no environment", () => {
    const impure =
      /Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|random(?:UUID|Bytes|Int)\(|set(?:Timeout|Interval|Immediate)\(|process\.\w+|console\.\w+|\bfetch\(/g;
    expect(wrongCode(inside, impure)).toEqual([]);
  });
});

test("only src/bin reads the environment", () => {
  expect(wrongCode((folder) => folder !== "bin", /process\.env/g)).toEqual([]);
});

test("the rules see what they should see", () => {
  const text = `import type { A } from "../api/a.ts";\nimport {\n  b,\n  type C,\n} from "./b.ts";\nimport "./side.ts";\nexport * from "./e.ts";\nconst d = await import("./d.ts");`;
  expect(importsOf("src/core/x.ts", text)).toEqual([
    { specifier: "../api/a.ts", file: "src/api/a.ts", typeOnly: true },
    { specifier: "./b.ts", file: "src/core/b.ts", typeOnly: false },
    { specifier: "./side.ts", file: "src/core/side.ts", typeOnly: false },
    { specifier: "./e.ts", file: "src/core/e.ts", typeOnly: false },
    { specifier: "./d.ts", file: "src/core/d.ts", typeOnly: false },
  ]);
  expect(withoutComments('a(); // Date.now()\n/* Date.now() */ b("http://c");')).toBe('a(); \n b("http://c");');
});
