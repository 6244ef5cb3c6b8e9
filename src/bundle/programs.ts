import { basename } from "node:path";
import { build, type Metafile } from "esbuild";
import { asciiOnly } from "./asciiOnly.ts";
import { slim } from "./slim.ts";

/** The programs of the image as files that need nothing but Node. */
export interface Bundle {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Folders of the npm packages of which something is in the files, as package-lock.json names them: `node_modules/pino`. */
  readonly packages: readonly string[];
}

/**
 * Bundles `src/bin/serin.ts` and what it starts; what two of the programs share is a file of its own. Not minified: the memory is 1 MB less at most, and a
 * stack trace in the log would point nowhere.
 */
export async function bundlePrograms(checkout: string): Promise<Bundle> {
  const programs = ["serin", "certificates", "webhook", "worker"];
  const { outputFiles, metafile } = await build({
    absWorkingDir: checkout,
    entryPoints: programs.map((name) => `src/bin/${name}.ts`),
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    keepNames: true,
    legalComments: "none",
    preserveSymlinks: true,
    plugins: [slim],
    // What was CommonJS asks for Node's own modules by require.
    banner: {
      js: 'import { createRequire as createRequireOfBundle } from "node:module";\nconst require = createRequireOfBundle(import.meta.url);',
    },
    write: false,
    outdir: "dist/image",
    metafile: true,
  });
  return {
    files: new Map(outputFiles.map(({ path, text }): [string, Uint8Array] => [basename(path), Buffer.from(asciiOnly(text))])),
    packages: packagesIn(metafile),
  };
}

/** Only what has bytes in an output: an import that was shaken off is not in the image. */
function packagesIn({ outputs }: Metafile): string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}
