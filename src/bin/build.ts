import { chmod, mkdir, writeFile } from "node:fs/promises";
import { bundlePlugin } from "../bundle/plugin.ts";
import { main } from "../cli/main.ts";

/**
 * `npm run build`: dist/kubectl-serin.mjs, the whole plugin in one file, and dist/kubectl_complete-serin, by which kubectl completes it.
 */
const folder = new URL("../../dist/", import.meta.url);
await mkdir(folder, { recursive: true });

const { text, kibibytes } = await bundlePlugin();
const bundle = new URL("kubectl-serin.mjs", folder);
await writeFile(bundle, text);
await chmod(bundle, 0o755);

let script = "";
const take = (text: string) => {
  script += text;
};
await main(["completion", "kubectl"], { out: take, err: take } as unknown as Parameters<typeof main>[1]);
const complete = new URL("kubectl_complete-serin", folder);
await writeFile(complete, script);
await chmod(complete, 0o755);
process.stdout.write(`dist/kubectl-serin.mjs (${kibibytes} KiB), dist/kubectl_complete-serin\n`);
