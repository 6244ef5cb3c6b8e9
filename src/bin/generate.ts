import { readFileSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { logSchemaText } from "../api/logLine.ts";
import { manifestFiles } from "../api/manifest.ts";
import { chartFiles } from "../chart/chart.ts";
import { schemaText } from "../cli/output/schemas.ts";

/** Writes `manifests/crd` from the schemas in `src/api`, the Helm chart from `manifests`, and the schema of what the CLI prints. `test/house` fails when this was forgotten. */
const manifests = new URL("../../manifests/", import.meta.url);

async function write(file: string, text: string): Promise<void> {
  const target = new URL(file, manifests);
  await mkdir(new URL(".", target), { recursive: true });
  await writeFile(target, text);
  process.stdout.write(`manifests/${file}\n`);
}

for (const [name, text] of manifestFiles()) await write(`crd/${name}`, text);

// After the definitions, which are a part of it. A template whose manifest is gone goes too; those by hand lie in templates/ itself.
const chart = chartFiles((file) => readFileSync(new URL(file, manifests), "utf8"));
const templates = new URL("helm/templates/", manifests);
for (const entry of await readdir(templates, { withFileTypes: true }))
  if (entry.isDirectory()) await rm(new URL(entry.name, templates), { recursive: true });
for (const [path, text] of chart) await write(`helm/${path}`, text);

await writeFile(new URL("../cli/output/schema.json", import.meta.url), schemaText());
process.stdout.write("src/cli/output/schema.json\n");

await writeFile(new URL("../api/logLine.schema.json", import.meta.url), logSchemaText());
process.stdout.write("src/api/logLine.schema.json\n");
