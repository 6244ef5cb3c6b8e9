import { z } from "zod";

/** What of a JSON Schema is looked at. */
interface Shape {
  readonly type?: string | readonly string[];
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
}

const shapes = new WeakMap<z.ZodType, Shape>();

function shapeOf(schema: z.ZodType): Shape {
  const known = shapes.get(schema);
  if (known) return known;
  const made = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Shape;
  shapes.set(schema, made);
  return made;
}

/**
 * The value with texts and lists cut to the lengths that its schema allows: the API server would refuse the whole object, and what Kubernetes allows in
 * a name or an image may be longer than what we have room for. Of a list the first items stay. The same value where nothing is too long.
 */
export const fitted = <T>(schema: z.ZodType, value: T): T => sized(shapeOf(schema), value) as T;

function sized(shape: Shape, value: unknown): unknown {
  if (typeof value === "string") return cut(value, shape.maxLength);
  if (Array.isArray(value)) {
    const { maxItems = value.length, items } = shape;
    const first = value.length > maxItems ? value.slice(0, maxItems) : value;
    return items === undefined ? first : changed(first, (item) => sized(items, item));
  }
  if (typeof value !== "object" || value === null || shape.properties === undefined) return value;
  const fields = Object.entries(value).map(([key, field]): [string, unknown, unknown] => {
    const of = shape.properties && Object.hasOwn(shape.properties, key) ? shape.properties[key] : undefined;
    return [key, field, of === undefined ? field : sized(of, field)];
  });
  return fields.every(([, before, after]) => before === after) ? value : Object.fromEntries(fields.map(([key, , after]) => [key, after]));
}

function changed(list: unknown[], change: (item: unknown) => unknown): unknown[] {
  const after = list.map(change);
  return after.every((item, index) => item === list[index]) ? list : after;
}

/** The API server counts characters, of which a text has no more than JavaScript counts. Half of one would be no text. */
const cut = (text: string, longest = text.length): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, "")}…`;
