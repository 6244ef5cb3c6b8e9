import { describe, expect, it } from "vitest";
import { defaultRegistry } from "../../../src/api/imageReference.ts";
import { imageChanges, matchesImage, spellingsOf } from "../../../src/core/admission/images.ts";

const sha = `sha256:${"0123456789abcdef".repeat(4)}`;
const full = (rest: string) => `${defaultRegistry}/library/${rest}`;

/** The semantics that the description of `match.images` promises (`kubectl explain cpol.spec.match.images`). */
const table: Array<[glob: string, matches: string[], doesNot: string[]]> = [
  ["*", ["", "nginx", "localhost:5000/a:1", `nginx@${sha}`, "No Reference At All"], []],
  [
    "nginx",
    ["nginx", "nginx:1.24.0", `nginx@${sha}`, `nginx:1@${sha}`, full("nginx:1")],
    ["nginx-unprivileged", "team/nginx", "reg.example/nginx:1"],
  ],
  [
    "nginx:*",
    [
      "nginx",
      "nginx:1.24.0",
      `nginx:1.24.0@${sha}`,
      full("nginx"),
      full("nginx:1.24.0"),
      `${defaultRegistry}/nginx:1`,
      `index.${full("nginx:1")}`,
    ],
    [`nginx@${sha}`, "nginx-unprivileged:1", "team/nginx:1"],
  ],
  ["nginx:1.24*", ["nginx:1.24", "nginx:1.24.3", full("nginx:1.24.3"), `nginx:1.24@${sha}`], ["nginx:1.2", "nginx"]],
  ["nginx:latest", ["nginx", "nginx:latest", full("nginx")], [`nginx@${sha}`, "nginx:1"]],
  [full("nginx:*"), ["nginx", "nginx:1", "library/nginx:1", full("nginx:1")], ["team/nginx:1"]],
  ["library/*", ["nginx:1", full("nginx:1")], ["team/nginx:1"]],
  [`${defaultRegistry}/*`, ["nginx", "team/app:1"], ["localhost:5000/team/app", "reg.example/app"]],
  ["team/*", ["team/app", "team/app:1", `${defaultRegistry}/team/app:1`], ["localhost:5000/team/app", "nginx"]],
  [
    "localhost:5000/team/*",
    ["localhost:5000/team/app", "localhost:5000/team/app:1", "localhost:5000/team/a/b:2"],
    ["localhost:5000/other/app", "team/app", "localhost:5001/team/app"],
  ],
  [
    "localhost:5000/team/app",
    ["localhost:5000/team/app", "localhost:5000/team/app:1.2", `localhost:5000/team/app@${sha}`],
    ["localhost:5000/team/app2:1", "localhost:5000/team/app/sub"],
  ],
  ["registry.example/team/app", ["registry.example/team/app:1", `registry.example/team/app:1@${sha}`], ["registry.example:443/team/app:1"]],
  ["registry.example/team/app:2.*", ["registry.example/team/app:2.1"], ["registry.example/team/app:3.0", "registry.example/team/app"]],
  ["*@sha256:*", [`nginx@${sha}`, `reg.example:5000/a:1@${sha}`], ["nginx:1", "nginx"]],
  [`nginx@${sha}`, [`nginx@${sha}`, `nginx:1.24@${sha}`, full(`nginx:9@${sha}`)], ["nginx:1.24"]],
  ["*/app:*", ["team/app:1", "reg.example/x/app:2", "app:1"], ["reg.example/app-2:1"]],
  ["*-errors*", ["nginx:1-errors50"], ["nginx:1"]],
  ["NGINX:1", ["NGINX:1"], ["nginx:1"]],
];

describe("a glob of match.images", () => {
  for (const [glob, matches, doesNot] of table) {
    it(`${glob} matches ${matches.length} and not ${doesNot.length}`, () => {
      expect(matches.filter((image) => !matchesImage([glob], image))).toEqual([]);
      expect(doesNot.filter((image) => matchesImage([glob], image))).toEqual([]);
    });
  }

  it("meets at most 17 spellings of one image, the written one first", () => {
    const spellings = spellingsOf(`nginx:1@${sha}`);
    expect(new Set(spellings)).toHaveLength(16);
    expect(spellings[0]).toBe(`nginx:1@${sha}`);
    expect(new Set(spellingsOf(`index.${full(`nginx:1@${sha}`)}`))).toHaveLength(17);
    expect(spellingsOf("NO:reference:this")).toEqual(["NO:reference:this"]);
  });

  it.each([
    ["many stars", `${"a*".repeat(126)}b`, `${"a".repeat(200)}:${"a".repeat(128)}`],
    [
      "parts that nearly match",
      `*${`${"a".repeat(20)}b*`.repeat(11)}`,
      `${"a".repeat(255)}:${"a".repeat(128)}@sha256:${"a".repeat(100_000)}`,
    ],
    ["one long part", `*${"a".repeat(250)}b*`, "a".repeat(1_000_000)],
  ])("that is hostile (%s) holds nothing up: twenty matches in seconds, on a busy machine too", (_what, glob, image) => {
    expect(glob.length).toBeLessThanOrEqual(254);
    const started = performance.now();
    for (let i = 0; i < 20; i++) expect(matchesImage([glob], image)).toBe(false);
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});

it("another spelling of the same image is a change, since Kubernetes makes new pods for it", () => {
  expect(imageChanges(new Map([["web", "nginx:1"]]), new Map([["web", full("nginx:1")]]))).toEqual([
    { container: "web", from: "nginx:1", to: full("nginx:1") },
  ]);
});
