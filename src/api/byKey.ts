import { z } from "zod";

/** A list whose items differ in these members: the API server refuses a second one by itself, and so does Serin. */
export function listByKey<Schema extends z.ZodType>(item: Schema, keys: readonly string[], max: number, description: string) {
  const keyOf = (value: unknown) => JSON.stringify(keys.map((key) => (value as Record<string, unknown>)[key]));
  return z
    .array(item)
    .max(max)
    .refine((items) => new Set(items.map(keyOf)).size === items.length, { error: `two items have the same ${keys.join(" and ")}` })
    .meta({ description, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [...keys] });
}
