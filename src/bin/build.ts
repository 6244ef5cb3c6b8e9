import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { main } from "../cli/main.ts";
import { slim } from "../image/slim.ts";

/**
 * `npm run build`: dist/kubectl-serin.mjs, the whole plugin in one file without dependencies, and dist/kubectl_complete-serin, by which kubectl completes
 * it. The bundle is CommonJS inside an ES module, so that nothing of it runs, or is even linked, before the version of Node was looked at; and what a verb
 * doesn't import is not run.
 */
const folder = new URL("../../dist/", import.meta.url);
await mkdir(folder, { recursive: true });

const { outputFiles } = await build({
  entryPoints: [new URL("kubectl-serin.ts", import.meta.url).pathname],
  bundle: true,
  platform: "node",
  // Older than we need: an old Node must get as far as reading our own message.
  target: "node18",
  format: "cjs",
  minify: true,
  keepNames: true,
  legalComments: "none",
  plugins: [slim],
  write: false,
  outfile: "kubectl-serin.cjs",
});
const code = (outputFiles[0]?.text ?? "").replace(/^#!.*\n/, "");
const { engines } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as { engines: { node: string } };
const least = Number(/\d+/.exec(engines.node)?.[0]);

const head = `#!/usr/bin/env node
import { createRequire } from "node:module";
if (Number(process.versions.node.split(".")[0]) < ${least}) {
  process.stderr.write("error: kubectl-serin needs Node ${least} or newer\\n  why: " + process.execPath + " is Node " + process.versions.node + "\\n  try: put a newer node first on your PATH\\n");
  process.exit(1);
}
const require = createRequire(import.meta.url);
// zod would compile each schema for the few objects that one command reads: 10 ms more than it saves.
globalThis.__zod_globalConfig = { jitless: true };
`;
const bundle = new URL("kubectl-serin.mjs", folder);
await writeFile(bundle, `${head}${code}`);
await chmod(bundle, 0o755);

let script = "";
const take = (text: string) => {
  script += text;
};
await main(["completion", "kubectl"], { out: take, err: take } as unknown as Parameters<typeof main>[1]);
const complete = new URL("kubectl_complete-serin", folder);
await writeFile(complete, script);
await chmod(complete, 0o755);
process.stdout.write(`dist/kubectl-serin.mjs (${Math.round(code.length / 1024)} KiB), dist/kubectl_complete-serin\n`);
