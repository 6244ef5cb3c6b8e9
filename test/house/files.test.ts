import { basename } from "node:path";
import { expect, test } from "vitest";
import { sourceFiles, textOf, trackedFiles } from "./sources.ts";

test("no file in src is longer than 300 lines", () => {
  const long = sourceFiles().map((file) => ({ file, lines: textOf(file).split("\n").length - 1 }));
  expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
});

test("each entry in src/bin is under 60 lines", () => {
  const entries = sourceFiles().filter((file) => file.startsWith("src/bin/"));
  expect(entries.filter((file) => textOf(file).split("\n").length > 60)).toEqual([]);
});

test("a file is named for what it does: no utils, helpers, common, types, manager", () => {
  const banned = /^(?:.*[-_.])?(?:utils?|helpers?|commons?|types?|managers?|misc|shared)\.[a-z]+$|(?:Utils?|Helpers?|Manager)\.[a-z]+$/;
  const code = trackedFiles().filter((file) => /\.(?:ts|js|mjs|sh)$/.test(file));
  expect(code.filter((file) => banned.test(basename(file)))).toEqual([]);
});

test("no secret is tracked: certs has a README and nothing else", () => {
  expect(trackedFiles().filter((file) => file.startsWith("certs/") && file !== "certs/README.md")).toEqual([]);
  const keys = trackedFiles().filter(
    (file) => textOf(file).includes(`-----BEGIN ${"RSA "}PRIVATE KEY`) || textOf(file).includes(`-----BEGIN ${""}PRIVATE KEY`),
  );
  expect(keys).toEqual([]);
});

/* Where packages, images and binaries come from is the configuration of whoever builds. In halves, so that this file names none either. */
const hosts = [
  ["registry.", "npmjs.org"],
  ["registry.", "yarnpkg.com"],
  ["proxy.", "golang.org"],
  ["sum.", "golang.org"],
  ["go", "proxy.io"],
  ["py", "pi.org"],
  ["python", "hosted.org"],
  ["docker", ".io"],
  ["quay", ".io"],
  ["gcr", ".io"],
  ["ghcr", ".io"],
  ["registry.", "k8s.io"],
  ["dl.", "k8s.io"],
  ["storage.", "googleapis.com"],
  ["raw.", "githubusercontent.com"],
  ["deb.", "debian.org"],
  ["releases/", "download"],
].map((halves) => halves.join(""));

test("no registry or download host is named in a tracked file", () => {
  const found = trackedFiles().flatMap((file) => {
    const text = textOf(file);
    return hosts.filter((host) => text.includes(host)).map((host) => `${file} names ${host}`);
  });
  expect(found).toEqual([]);
});
