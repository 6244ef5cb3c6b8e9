import { z } from "zod";

/** A structural schema, as `openAPIV3Schema` of a CustomResourceDefinition carries it. */
export interface StructuralSchema {
  type?: string;
  description?: string;
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  required?: string[];
  [keyword: string]: unknown;
}

/** What zod writes for "any whole number"; in a manual it would only be noise. */
const safeInteger = 9_007_199_254_740_991;

/**
 * The structural schema of a zod schema. From zod's JSON schema it differs in what the API server forbids or does better itself:
 * no `additionalProperties: false` (unknown fields are pruned, and refused by strict validation), no `anyOf` of an int-or-string.
 */
export function structural(schema: z.ZodType): StructuralSchema {
  return tidy(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", reused: "inline" }) as StructuralSchema);
}

function tidy(schema: StructuralSchema): StructuralSchema {
  if (schema["x-kubernetes-int-or-string"] === true) return intOrString(schema);
  const { type, description, properties, items, additionalProperties, ...rest } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(type === undefined ? {} : { type }),
    ...withoutNoise(rest),
    ...(properties === undefined ? {} : { properties: mapValues(properties, tidy) }),
    ...(items === undefined ? {} : { items: tidy(items) }),
    ...(typeof additionalProperties === "object" ? { additionalProperties: tidy(additionalProperties) } : {}),
  };
}

/** The limits of all alternatives side by side: the API server applies those for text to text, those for numbers to numbers. */
function intOrString({ anyOf, description, ...rest }: StructuralSchema): StructuralSchema {
  const alternatives = (anyOf ?? []) as StructuralSchema[];
  const limits = alternatives.map(({ type: _, description: __, ...limit }) => withoutNoise(limit));
  return { ...(description === undefined ? {} : { description }), ...Object.assign({}, ...limits), ...rest };
}

function withoutNoise(keywords: Record<string, unknown>): Record<string, unknown> {
  const { minimum, maximum, $schema: _, ...rest } = keywords;
  return {
    ...rest,
    ...(minimum === undefined || minimum === -safeInteger ? {} : { minimum }),
    ...(maximum === undefined || maximum === safeInteger ? {} : { maximum }),
  };
}

const mapValues = <A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
