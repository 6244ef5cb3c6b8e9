import { describe, expect, it } from "vitest";
import {
  annotationText,
  openApproval,
  openBeforePause,
  openIntent,
  type SealKey,
  sealApproval,
  sealBeforePause,
  sealIntent,
} from "../../../src/core/admission/seal.ts";
import { keys, someRequest, uid } from "./build.ts";

const content = { v: 1 as const, uid, stable: "a", canary: "b", policy: "p", request: someRequest };
const [newest, oldest] = keys as [SealKey, SealKey];

describe("a sealed intent", () => {
  const text = annotationText(sealIntent(content, keys));

  it("is signed by the first key and opened by any", () => {
    expect(openIntent(text, uid, keys)).toEqual({ ...content, key: newest.id, mac: expect.any(String) });
    expect(openIntent(text, uid, [oldest, newest])).toBeDefined();
    expect(openIntent(annotationText(sealIntent(content, [oldest])), uid, keys)?.key).toBe(oldest.id);
  });

  it("is the same text for the same content", () => expect(annotationText(sealIntent({ ...content }, keys))).toBe(text));

  const changed = (change: (intent: Record<string, unknown>) => void) => {
    const intent = JSON.parse(text) as Record<string, unknown>;
    change(intent);
    return JSON.stringify(intent);
  };
  const forgeries: Record<string, string | undefined> = {
    "no annotation": undefined,
    "no JSON": "hello",
    "a number": "7",
    null: "null",
    "another stable digest": changed((i) => {
      i["stable"] = "c";
    }),
    "another canary digest": changed((i) => {
      i["canary"] = "a";
    }),
    "another user": changed((i) => {
      i["request"] = { ...someRequest, user: "eve" };
    }),
    "another time": changed((i) => {
      i["request"] = { ...someRequest, at: "2027-01-01T00:00:00.000Z" };
    }),
    "an added field": changed((i) => {
      i["restore"] = "x";
    }),
    "an unknown field": changed((i) => {
      i["x"] = "y";
    }),
    "an unknown key": changed((i) => {
      i["key"] = "nobody's";
    }),
    "a key that every object has": changed((i) => {
      i["key"] = "constructor";
    }),
    "no mac": changed((i) => void delete i["mac"]),
    "an empty mac": changed((i) => {
      i["mac"] = "";
    }),
    "a mac cut short": changed((i) => {
      i["mac"] = String(i["mac"]).slice(0, 10);
    }),
  };
  for (const [what, forged] of Object.entries(forgeries)) {
    it(`is not opened with ${what}`, () => expect(openIntent(forged, uid, keys)).toBeUndefined());
  }

  it("is not opened for another Deployment, without its key, or with no keys", () => {
    expect(openIntent(text, "another", keys)).toBeUndefined();
    expect(openIntent(text, undefined, keys)).toBeUndefined();
    expect(openIntent(text, uid, [oldest])).toBeUndefined();
    expect(openIntent(text, uid, [])).toBeUndefined();
  });
});

describe("what was sealed as one thing", () => {
  it("is not read as another", () => {
    const approval = sealApproval({ v: 1, plan: "web-abcde", step: 3, by: "ann", at: "now" }, keys);
    expect(openApproval(annotationText(approval), "web-abcde", keys)).toEqual(approval);
    expect(openApproval(annotationText(approval), "web-other", keys)).toBeUndefined();
    expect(openIntent(annotationText(approval), uid, keys)).toBeUndefined();
    const record = sealBeforePause({ v: 1, uid, stable: "a", images: {} }, keys);
    expect(openBeforePause(annotationText(record), uid, keys)).toEqual(record);
    expect(openBeforePause(annotationText(record), "another", keys)).toBeUndefined();
  });

  it("can't be sealed without a key", () => expect(() => sealIntent(content, [])).toThrow("no key"));
});
