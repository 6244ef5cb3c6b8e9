import { writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { asciiOnly } from "../../../src/bin/asciiOnly.ts";
import { slim } from "../../../src/bin/slim.ts";
import { CHECKOUT } from "../../lab/labEnvironment.ts";

/** Serin's programs as files without dependencies, as the image has them. @param folder where `worker.mjs` and the others go */
export async function bundleSerin(folder: string): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: CHECKOUT,
    entryPoints: ["certificates", "webhook", "worker"].map((name) => `src/bin/${name}.ts`),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    keepNames: true,
    legalComments: "none",
    plugins: [slim],
    write: false,
    banner: {
      js: 'import { createRequire as createRequireOfBundle } from "node:module";\nconst require = createRequireOfBundle(import.meta.url);',
    },
  });
  await Promise.all(outputFiles.map(({ path, text }) => writeFile(path, asciiOnly(text))));
}
