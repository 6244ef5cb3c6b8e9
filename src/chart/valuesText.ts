import { Document, isMap, type Pair, type Scalar, type YAMLMap } from "yaml";
import { z } from "zod";
import { values } from "./values.ts";

/** One value of the chart, for its README. */
interface Row {
  name: string;
  value: unknown;
  says: string;
}

interface Described {
  description?: string;
  properties?: Record<string, Described>;
}

const described = z.toJSONSchema(values, { io: "output" }) as Described;
const defaults = values.parse({}) as Record<string, unknown>;

/** The text of values.yaml: every default, with what it is for. */
export function valuesYaml(): string {
  const document = new Document(defaults);
  document.commentBefore =
    " Written by `make generate` from src/chart/values.ts. values.schema.json refuses what can't be meant; README.md has these in a table.";
  comment(document.contents as YAMLMap, described);
  return document.toString({ lineWidth: 150 });
}

function comment(map: YAMLMap, schema: Described): void {
  for (const { key, value } of map.items as Pair<Scalar>[]) {
    const field = schema.properties?.[String(key.value)];
    if (field?.description) key.commentBefore = ` ${field.description}`;
    if (field?.properties && isMap(value) && value.items.length > 0 && !field.description) comment(value, field);
  }
}

/** The table of the chart's README, one row for each value that can be set. */
export function valuesTable(): string {
  const rows = rowsOf("", described, defaults).map(
    ({ name, value, says }) => `| \`${name}\` | ${value === undefined ? "none" : `\`${JSON.stringify(value)}\``} | ${says} |`,
  );
  return ["| value | default | what it is for |", "|---|---|---|", ...rows].join("\n");
}

function rowsOf(prefix: string, schema: Described, value: unknown): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = `${prefix}${key}`;
    const own = (value as Record<string, unknown>)[key];
    return field.description === undefined ? rowsOf(`${name}.`, field, own) : [{ name, value: own, says: field.description }];
  });
}
