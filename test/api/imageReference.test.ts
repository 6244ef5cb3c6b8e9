import { expect, test } from "vitest";
import { defaultRegistry, type ImageReference, parseImageReference } from "../../src/api/imageReference.ts";

const sha = `sha256:${"0123456789abcdef".repeat(4)}`;
const official = { domain: defaultRegistry, path: "library/nginx" };

const read: Array<[text: string, reference: ImageReference]> = [
  ["nginx", official],
  ["nginx:1.24.0", { ...official, tag: "1.24.0" }],
  [`nginx@${sha}`, { ...official, digest: sha }],
  [`nginx:1.24@${sha}`, { ...official, tag: "1.24", digest: sha }],
  ["library/nginx", official],
  [`${defaultRegistry}/nginx:1`, { ...official, tag: "1" }],
  [`${defaultRegistry}/library/nginx:1`, { ...official, tag: "1" }],
  [`index.${defaultRegistry}/library/nginx`, official],
  ["team/app", { domain: defaultRegistry, path: "team/app" }],
  ["localhost/app", { domain: "localhost", path: "app" }],
  ["localhost:5000/team/app", { domain: "localhost:5000", path: "team/app" }],
  ["localhost:5000/team/app:1.2", { domain: "localhost:5000", path: "team/app", tag: "1.2" }],
  ["registry.example/a/b/c__d-e.f", { domain: "registry.example", path: "a/b/c__d-e.f" }],
  ["10.0.0.1:5000/app", { domain: "10.0.0.1:5000", path: "app" }],
  ["[fd00::1]:5000/app:1", { domain: "[fd00::1]:5000", path: "app", tag: "1" }],
  ["Team/app", { domain: "Team", path: "app" }],
  ["localhost:5000", { domain: defaultRegistry, path: "library/localhost", tag: "5000" }],
];
for (const [text, reference] of read) {
  test(`${text} is ${reference.domain} / ${reference.path}`, () => expect(parseImageReference(text)).toEqual(reference));
}

const none = [
  "",
  " nginx",
  "NGINX",
  "nginx:",
  "nginx:.hidden",
  "nginx@",
  "nginx@sha256:short",
  "a//b",
  "-a/b.",
  "/nginx",
  "nginx/",
  "a:1:2",
  `${"a".repeat(256)}`,
  `nginx:${"1".repeat(129)}`,
];
for (const text of none) {
  test(`"${text.slice(0, 20)}" is no reference`, () => expect(parseImageReference(text)).toBeUndefined());
}

test("a hostile text of a megabyte takes no time", () => {
  const started = performance.now();
  for (const text of ["a-".repeat(500_000), `a/${"_".repeat(1_000_000)}`, `a@${"a:".repeat(500_000)}`, `a:${"b.".repeat(500_000)}`])
    expect(parseImageReference(text)).toBeUndefined();
  for (const text of ["a-".repeat(126), "a.".repeat(126), `a${"/a".repeat(126)}/`, `a${"__a".repeat(84)}_`])
    expect(parseImageReference(text)).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(200);
});
