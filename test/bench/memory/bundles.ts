import { build } from "esbuild";
import { slim } from "../../../src/bin/slim.ts";

/** Serin's programs in one file each, as the image has them. @param folder where `worker.mjs` and the others go */
export async function bundleSerin(folder: string): Promise<void> {
  const bin = new URL("../../../src/bin/", import.meta.url).pathname;
  await build({
    entryPoints: ["certificates", "webhook", "worker"].map((name) => `${bin}${name}.ts`),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    keepNames: true,
    legalComments: "none",
    plugins: [slim],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
}
