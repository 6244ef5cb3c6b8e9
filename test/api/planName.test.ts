import { expect, it } from "vitest";
import { planName } from "../../src/api/planName.ts";

it("is the Deployment's name and five characters of the request, always the same", () => {
  expect(planName("web", "request-1")).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  expect(planName("web", "request-1")).toBe(planName("web", "request-1"));
  expect(planName("web", "request-1")).not.toBe(planName("web", "request-2"));
});

it("fits into a label, whatever the Deployment is called", () => {
  const long = "a".repeat(56);
  for (const name of ["a".repeat(253), `${long}-b`, `${long}.b.c`, `${long}---------x`]) {
    expect(planName(name, "r")).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
    expect(planName(name, "r").length).toBeLessThanOrEqual(63);
  }
  expect(planName(`${long}aaa-b`, "r")).not.toBe(planName(`${long}aaa-c`, "r"));
});
