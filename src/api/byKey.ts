import { z } from "zod";

/** A list whose items differ in these members: the API server refuses a second one by itself, and so does Serin. @param least items, 0 unless given */
export function listByKey<Schema extends z.ZodType>(item: Schema, keys: readonly string[], max: number, description: string, least = 0) {
  const keyOf = (value: unknown) => JSON.stringify(keys.map((key) => (value as Record<string, unknown>)[key]));
  const list = z.array(item).max(max);
  return (least > 0 ? list.min(least) : list)
    .refine((items) => new Set(items.map(keyOf)).size === items.length, { error: `two items have the same ${keys.join(" and ")}` })
    .meta({ description, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [...keys] });
}
