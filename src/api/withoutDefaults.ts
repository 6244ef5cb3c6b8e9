import type { StructuralSchema } from "./structural.ts";
import { sameCanonical } from "./template.ts";

/**
 * A value without the members that say what the schema's defaults say anyway. The API server fills in defaults whenever an object is read, also those of
 * fields that a newer Serin has added: what is digested must be the same before and after such an update.
 */
export function withoutDefaults(value: unknown, schema: StructuralSchema | undefined): unknown {
  if (typeof value !== "object" || value === null || schema === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => withoutDefaults(item, schema.items));
  const kept: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const field = schema.properties?.[name] ?? schema.additionalProperties;
    const bare = withoutDefaults(member, field);
    if (field?.["default"] !== undefined && sameCanonical(bare, withoutDefaults(field["default"], field))) continue;
    kept[name] = bare;
  }
  return kept;
}
