import { describe, expect, test } from "vitest";
import { z } from "zod";
import { crd, kinds } from "../../src/api/crd.ts";
import { type StructuralSchema, structural } from "../../src/api/structural.ts";

type Place = [path: string, schema: StructuralSchema];

function fields(path: string, { properties = {}, items, additionalProperties }: StructuralSchema): Place[] {
  return [
    ...Object.entries(properties).flatMap(([name, schema]): Place[] => [[`${path}.${name}`, schema], ...fields(`${path}.${name}`, schema)]),
    ...(items ? fields(`${path}[]`, items) : []),
    ...(additionalProperties ? fields(`${path}{}`, additionalProperties) : []),
  ];
}

describe.each(kinds)("$kind", (kind) => {
  const places = [
    ...fields("spec", structural(kind.spec)),
    ...(kind.status === undefined ? [] : fields("status", structural(kind.status))),
  ];

  test("every field has a description that is a sentence", () => {
    expect(places.filter(([, { description }]) => !/[.!]$/.test(description ?? "")).map(([path]) => path)).toEqual([]);
  });

  test("every text has a limit, so that rules stay affordable and etcd small", () => {
    const endless = ([, schema]: Place) => schema.type === "string" && schema["maxLength"] === undefined && schema["enum"] === undefined;
    expect(places.filter(endless).map(([path]) => path)).toEqual([]);
  });

  test("every list has a limit", () => {
    expect(places.filter(([, { type, maxItems }]) => type === "array" && maxItems === undefined).map(([path]) => path)).toEqual([]);
  });

  test("the schema is structural", () => {
    const text = JSON.stringify(crd(kind));
    for (const forbidden of ['"$ref"', '"anyOf"', '"oneOf"', '"additionalProperties":false', "9007199254740991", '"$schema"'])
      expect(text).not.toContain(forbidden);
    expect(
      places.filter(([, schema]) => schema.type === undefined && schema["x-kubernetes-int-or-string"] !== true).map(([path]) => path),
    ).toEqual([]);
  });

  test("every rule says what is wrong in one line", () => {
    const messages = JSON.stringify(crd(kind)).match(/"message":"(?:[^"\\]|\\.)*"/g) ?? [];
    expect(messages.length).toBeGreaterThan(0);
    expect(messages.filter((message) => message.includes("\\n"))).toEqual([]);
  });
});

test("an int-or-string carries the limits of both", () => {
  const schema = z.union([z.string().max(5), z.int().min(1)]).meta({ description: "Either.", "x-kubernetes-int-or-string": true });
  expect(structural(schema)).toEqual({ description: "Either.", maxLength: 5, minimum: 1, "x-kubernetes-int-or-string": true });
});
