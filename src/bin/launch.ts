import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { folderOf, keepCode, keptCode } from "../bundle/keptCode.ts";

/*
 * The head of dist/kubectl-serin.mjs: the bundle stands below it in a comment, so that V8 need not read it before the version of Node was looked at, and not
 * at all when what it compiled the last time is still there: a third of the time of `get`. Only Node's own modules, and only what an old Node knows.
 */
declare const bundle: { least: number; digest: string };

if (Number(process.versions.node.split(".")[0]) < bundle.least) {
  const { execPath, versions } = process;
  process.stderr.write(
    `error: kubectl-serin needs Node ${bundle.least} or newer\n  why: ${execPath} is Node ${versions.node}\n  try: put a newer node first on your PATH\n`,
  );
  process.exit(1);
}
// zod would compile each schema for the few objects that one command reads: 10 ms more than it saves.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });

const filename = fileURLToPath(import.meta.url);
const text = readFileSync(filename, "latin1");
const code = text.slice(text.search(/^\/\*\{/m) + 3, text.lastIndexOf("}*/")).replaceAll("*\x01/", "*/");
const folder = folderOf(process.env);
const kept = `${bundle.digest}-${process.version}-${process.arch}`;
const cachedData = keptCode(folder, kept);
const script = new Script(`(function(require){${code}\n})`, { filename, ...(cachedData === undefined ? {} : { cachedData }) });
script.runInThisContext()(createRequire(import.meta.url));
// At the end, so that the functions that were called are in it. Another version of Node or V8 refuses what is not its own.
if (cachedData === undefined || script.cachedDataRejected)
  process.once("exit", () => keepCode(folder, kept, () => script.createCachedData()));
