import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import { asciiOnly } from "./asciiOnly.ts";
import { light, slim } from "./slim.ts";

// Older than we need: an old Node must get as far as reading our own message.
const shared = { bundle: true, platform: "node", target: "node18", minify: true, legalComments: "none", write: false } as const;
const entry = (name: string) => [new URL(name, import.meta.url).pathname];

/**
 * `kubectl serin` in one file without dependencies. What a verb doesn't import is not run: it is CommonJS, below a head of its own (bin/launch.ts).
 * @param engines what package.json says of Node
 */
export async function bundlePlugin(engines?: { node: string }): Promise<{ text: string; kibibytes: number }> {
  const entryPoints = entry("../bin/kubectl-serin.ts");
  // launch.ts runs it as a script, which can require Node's own modules, but import none.
  const supported = { "dynamic-import": false };
  const whole = await build({ ...shared, entryPoints, format: "cjs", supported, plugins: [light, slim], outfile: "serin.cjs" });
  const code = asciiOnly((whole.outputFiles[0]?.text ?? "").replace(/^#!.*\n/, ""));
  // Where the bundle itself would end the comment that it stands in.
  const inComment = code.replaceAll("*/", "*\x01/");
  if (code.includes("*\x01/")) throw new Error("launch.ts could not read this bundle back");
  const { node } = engines ?? (await ownEngines());
  const about = { least: Number(/\d+/.exec(node)?.[0]), digest: createHash("sha256").update(code).digest("hex").slice(0, 16) };
  const define = { bundle: JSON.stringify(about) };
  const head = await build({ ...shared, entryPoints: entry("../bin/launch.ts"), format: "esm", define, outfile: "launch.mjs" });
  return {
    text: `#!/usr/bin/env node\n${head.outputFiles[0]?.text}/*{${inComment}}*/\n`,
    kibibytes: Math.round(code.length / 1024),
  };
}

const ownEngines = async (): Promise<{ node: string }> =>
  (JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as { engines: { node: string } }).engines;
