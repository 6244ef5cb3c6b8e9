import { expect, test } from "vitest";
import { z } from "zod";
import { fitted } from "../../src/api/fit.ts";
import { cutName, labelOf, planName } from "../../src/api/planName.ts";

const schema = z.strictObject({
  text: z.string().max(5).optional(),
  list: z
    .array(z.strictObject({ name: z.string().max(3) }))
    .max(2)
    .optional(),
  free: z.record(z.string(), z.string()).optional(),
});

test("what is too long is cut to its schema, and what fits is the same value", () => {
  const fine = { text: "12345", list: [{ name: "abc" }], free: { key: "a text of any length" } };
  expect(fitted(schema, fine)).toBe(fine);
  const cut = fitted(schema, { text: "123456", list: [{ name: "abcd" }, { name: "b" }, { name: "c" }], other: 1 });
  expect(cut).toEqual({ text: "1234…", list: [{ name: "ab…" }, { name: "b" }], other: 1 });
  expect(fitted(schema, { text: "12345😀" })).toEqual({ text: "1234…" });
  // Half of a pair is no text.
  expect(fitted(schema, { text: "123😀6" })).toEqual({ text: "123…" });
});

test("a Deployment's name as a label's value ends where a value may end", () => {
  expect(labelOf("web")).toBe("web");
  expect(labelOf(`${"a".repeat(62)}-b.c`)).toBe("a".repeat(62));
  expect(labelOf(`${"a".repeat(60)}.-.b`)).toBe("a".repeat(60));
  expect(cutName(`${"a".repeat(229)}-b`, 230)).toBe("a".repeat(229));
  expect(planName(`${"a".repeat(56)}-.b`, "uid")).toMatch(/^a{56}-[a-z0-9]{5}$/);
});
