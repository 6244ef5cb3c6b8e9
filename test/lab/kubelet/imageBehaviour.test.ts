import { describe, expect, it } from "vitest";
import { errorShare } from "./errorShare.ts";
import { imageBehaviour } from "./imageBehaviour.ts";

describe("an image reference says how its pods behave", () => {
  it.each([
    ["nginx", "nginx/latest"],
    ["nginx:1.24.0", "nginx/1.24.0"],
    ["registry.example.com:5000/team/nginx:1.24.0", "nginx/1.24.0"],
    ["registry.example.com:5000/team/nginx", "nginx/latest"],
    ["nginx:1.24.0@sha256:0123456789abcdef", "nginx/1.24.0"],
    ["nginx@sha256:0123456789abcdef", "nginx/sha256-0123456789ab"],
    ["nginx:2.0-errors50", "nginx/2.0-errors50"],
  ])("%s answers as %s", (image, version) => {
    expect(imageBehaviour(image).version).toBe(version);
  });

  it("reads the suffixes in any order and number", () => {
    expect(imageBehaviour("a:1-errors2.5-delay300-unready")).toMatchObject({
      errorPercent: 2.5,
      delayMs: 300,
      unready: true,
      crash: false,
    });
    expect(imageBehaviour("a:1-lateerrors20-50-crash")).toMatchObject({ lateErrors: { afterSeconds: 20, percent: 50 }, crash: true });
    expect(imageBehaviour("a:1-notfound").notFound).toBe(true);
  });

  it("takes nothing else for a suffix", () => {
    expect(imageBehaviour("a-crash:1-errors-alpine")).toMatchObject({ crash: false, errorPercent: 0 });
  });
});

describe("the share of errors is exact", () => {
  const errorsOf = (nth: number, percent: number, requests: number) => {
    const isError = errorShare(nth);
    return Array.from({ length: requests }, () => isError(percent)).filter(Boolean).length;
  };

  it.each([
    [1, 1000, 10],
    [2.5, 1000, 25],
    [50, 10, 5],
    [100, 7, 7],
    [0, 100, 0],
  ])("%d percent of %d requests", (percent, requests, errors) => {
    expect(errorsOf(0, percent, requests)).toBe(errors);
  });

  it("also over many pods with few requests each", () => {
    const total = Array.from({ length: 50 }, (_, nth) => errorsOf(nth, 10, 6)).reduce((a, b) => a + b, 0);
    expect(Math.abs(total - 30)).toBeLessThanOrEqual(2);
  });
});
