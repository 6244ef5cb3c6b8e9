import { mkdir, writeFile } from "node:fs/promises";
import { logSchemaText } from "../api/logLine.ts";
import { manifestFiles } from "../api/manifest.ts";
import { schemaText } from "../cli/output/schemas.ts";

/** Writes `manifests/crd` from the schemas in `src/api`, and the schema of what the CLI prints. `test/house` fails when this was forgotten. */
const folder = new URL("../../manifests/crd/", import.meta.url);
await mkdir(folder, { recursive: true });
for (const [name, text] of manifestFiles()) {
  await writeFile(new URL(name, folder), text);
  process.stdout.write(`manifests/crd/${name}\n`);
}

await writeFile(new URL("../cli/output/schema.json", import.meta.url), schemaText());
process.stdout.write("src/cli/output/schema.json\n");

await writeFile(new URL("../api/logLine.schema.json", import.meta.url), logSchemaText());
process.stdout.write("src/api/logLine.schema.json\n");
