import { describe, expect, it } from "vitest";
import { makeAuthority } from "../../src/tls/authority.ts";
import { authoritySecretData, keyPairOf, parseAuthorities, storedAuthority } from "../../src/tls/authoritySecret.ts";
import { readCertificate, readCertificates } from "../../src/tls/readCertificates.ts";

const validity = { now: new Date(), notAfter: new Date(Date.now() + 86_400_000) };
const [one, two] = await Promise.all([makeAuthority(validity), makeAuthority(validity)]);
const stored = (pair: typeof one, order: number, key: string | undefined, signedUntil: number) => {
  const read = readCertificate(pair.cert);
  if (read === undefined) throw new Error("a CA of ours can't be read");
  return storedAuthority(read, order, key, signedUntil);
};
const until = Date.parse("2026-07-01T00:00:00Z");
const both = [stored(one, 1, undefined, until), stored(two, 2, two.key, 0)];
const data = authoritySecretData(both);
const facts = (secret: Record<string, string>) =>
  parseAuthorities({ data: secret }).map(({ order, hasKey, signedUntil }) => [order, hasKey, signedUntil]);

describe("the CA Secret", () => {
  it("gives back what was put in, oldest first", () => {
    expect(facts(data)).toEqual([
      [1, false, until],
      [2, true, 0],
    ]);
    expect(parseAuthorities({ data }).map(({ id }) => id)).toEqual(both.map(({ id }) => id));
    const signer = parseAuthorities({ data })[1];
    expect(signer && keyPairOf(signer).key === two.key).toBe(true);
    expect(parseAuthorities(undefined)).toEqual([]);
  });

  const name = (suffix: string) => Object.keys(data).find((entry) => entry.startsWith("ca-2-") && entry.endsWith(suffix)) ?? "";
  const garbage = Buffer.from("garbage").toString("base64");
  const damages: Array<[what: string, damaged: Record<string, string>, left: unknown[]]> = [
    ["a garbled certificate", { ...data, [name(".crt")]: garbage }, [[1, false, until]]],
    [
      "a key without its certificate",
      Object.fromEntries(Object.entries(data).filter(([entry]) => entry !== name(".crt"))),
      [[1, false, until]],
    ],
    [
      "a garbled key",
      { ...data, [name(".key")]: garbage },
      [
        [1, false, until],
        [2, false, 0],
      ],
    ],
    [
      "another's key",
      { ...data, [name(".key")]: Buffer.from(one.key).toString("base64") },
      [
        [1, false, until],
        [2, false, 0],
      ],
    ],
    [
      "a garbled time",
      { ...data, "ca-1-x.signed-until": garbage, [name(".crt").replace(".crt", ".signed-until")]: garbage },
      [
        [1, false, until],
        [2, true, 0],
      ],
    ],
    [
      "other entries",
      { ...data, "tls.crt": data[name(".crt")] ?? "" },
      [
        [1, false, until],
        [2, true, 0],
      ],
    ],
  ];
  for (const [what, damaged, left] of damages) it(`with ${what} keeps the rest`, () => expect(facts(damaged)).toEqual(left));

  it("never signs with a CA that has no key", () => {
    expect(() => keyPairOf(both[0] as (typeof both)[0])).toThrow("has no key: our bug");
  });
});

describe("a bundle", () => {
  const count = (text: string | undefined) => {
    const { found, isGarbled } = readCertificates(text);
    return [found.length, isGarbled];
  };
  const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
  const cases: Array<[what: string, text: string | undefined, expected: [number, boolean]]> = [
    ["absent", undefined, [0, false]],
    ["empty", "", [0, false]],
    ["of two", `${one.cert}${two.cert}`, [2, false]],
    ["of two, with comments and without line ends between", `# one\n${one.cert.trim()}# two\n${two.cert}`, [2, false]],
    ["with Windows line ends", one.cert.replaceAll("\n", "\r\n"), [1, false]],
    ["with nonsense in it", `${one.cert}${pem("nonsense")}`, [1, true]],
    ["with a key in it", `${one.cert}${one.key}`, [1, true]],
    ["cut off", one.cert.slice(0, -40), [0, true]],
    ["of words", "trust me", [0, true]],
  ];
  for (const [what, text, expected] of cases) it(`${what} is read`, () => expect(count(text)).toEqual(expected));
});
