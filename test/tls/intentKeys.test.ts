import { describe, expect, it } from "vitest";
import { newIntentKeys, parseIntentKeys } from "../../src/tls/intentKeys.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const secret = (n: number) => base64(String(n).repeat(32));

describe("the intent keys", () => {
  it("are made with one key that signs", () => {
    const keys = parseIntentKeys({ data: newIntentKeys() });
    expect(keys).toHaveLength(1);
    expect(keys[0]?.secret).toHaveLength(32);
    expect(newIntentKeys()).not.toEqual(newIntentKeys());
  });

  it("come with the current one first", () => {
    const data = { "k-a": secret(1), current: base64("k-b\n"), "k-c": secret(3), "k-b": secret(2) };
    expect(parseIntentKeys({ data }).map(({ id }) => id)).toEqual(["k-b", "k-a", "k-c"]);
  });

  const useless: Record<string, Record<string, string> | undefined> = {
    "no data": undefined,
    "no current": { "k-a": secret(1) },
    "a current that is not there": { current: base64("k-x"), "k-a": secret(1) },
    "a short secret": { current: base64("k-a"), "k-a": base64("hunter2") },
    "itself as current": { current: base64("current") },
  };
  for (const [what, data] of Object.entries(useless)) {
    it(`are none with ${what}`, () => expect(parseIntentKeys(data ? { data } : {})).toEqual([]));
  }
});
