import { describe, expect, it } from "vitest";
import { defaultTimes, parseTimes } from "../../../src/core/certificates/times.ts";

const day = 86_400_000;

describe("the times", () => {
  it("are read by name, the rest keeps its default", () => {
    expect(parseTimes("ca=90d, leaf=7d")).toEqual({ ...defaultTimes, authorityLife: 90 * day, leafLife: 7 * day });
    expect(parseTimes("")).toEqual(defaultTimes);
  });
  const wrong: Array<[string, string]> = [
    ["life=3d", '"life=3d" sets no time: write ca=…, leaf=…, trustDelay=…, margin=…, auditKey=…'],
    ["__proto__=3d", '"__proto__=3d" sets no time: write ca=…, leaf=…, trustDelay=…, margin=…, auditKey=…'],
    ["ca=soon", '"soon" is not a duration: write it like 30s, 1m, 1h30m or 500ms'],
    ["ca=60d", "a CA of 60d is too short for certificates of 30d: three times is the least"],
    ["leaf=1h", "certificates of 1h are too short: trustDelay 1m, margin 1h and a second is the least"],
  ];
  for (const [text, message] of wrong) it(`"${text}" is refused`, () => expect(() => parseTimes(text)).toThrow(message));
});
