import fc from "fast-check";
import { expect, test } from "vitest";
import { lineCutter } from "../../src/kube/lineCutter.ts";

test("lines come out whole however the text is cut", () => {
  const line = fc.string({ unit: fc.constantFrom("a", "é", "\u2028", "\r", "{", " ") });
  fc.assert(
    fc.property(fc.array(line), line, fc.array(fc.nat(20)), (lines, rest, cuts) => {
      const seen: string[] = [];
      const push = lineCutter((text) => seen.push(text));
      let text = lines.map((one) => `${one}\n`).join("") + rest;
      for (const cut of cuts) {
        push(text.slice(0, cut));
        text = text.slice(cut);
      }
      push(text);
      expect(seen).toEqual(lines.filter((one) => one.trim() !== ""));
    }),
  );
});
