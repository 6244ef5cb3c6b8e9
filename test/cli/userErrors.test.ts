import { describe, expect, test } from "vitest";
import { ApiError } from "../../src/kube/apiError.ts";
import { midway } from "./midway.ts";
import { serin } from "./terminal.ts";

describe("what users get wrong", () => {
  test.each([
    ["get", "error: missing required argument 'deployment'"],
    [
      "get svc/nginx",
      "why: svc is not a Deployment, and Serin canaries only Deployments\n  try: write it like: kubectl serin get deploy/web",
    ],
    ["get deploy/", "why: that is not one Deployment"],
    ["get deploy/a deploy/b", "why: that is not one Deployment"],
    ["get --wach nginx", "(Did you mean --watch?)"],
    ["gte nginx", "(Did you mean get?)"],
  ])("%s", async (line, says) => {
    const { err, out, code } = await serin(line, [midway]);
    expect(err).toContain(says);
    expect({ out, code }).toEqual({ out: "", code: 1 });
  });

  test("a Deployment that isn't there", async () => {
    expect(await serin("get deploy web -n prod", [midway])).toMatchInlineSnapshot(`
      {
        "code": 1,
        "err": "error: can't show deploy/web
        why: there is no Deployment web in namespace prod, and no plan of one
        try: name the namespace with -n, or look with: kubectl get deployments -A
      ",
        "out": "",
      }
    `);
  });

  test.each([
    [
      new ApiError({ code: 404, reason: "KindNotInstalled", doing: "list canaryplans.serin.dev in shop", message: "no such kind" }),
      "try: install Serin: kubectl apply -k manifests",
    ],
    [
      new ApiError({ code: 403, reason: "Forbidden", doing: "list canaryplans.serin.dev in shop", message: "no" }),
      "error: can't list canaryplans.serin.dev in shop\n  why: 403 Forbidden: no\n  try: ask for the right",
    ],
    [
      new ApiError({ code: 0, reason: "Unreachable", doing: "get deployments.apps nginx", message: "ECONNREFUSED" }),
      "kubectl cluster-info",
    ],
  ])("%s", async (error, says) => {
    const refuse = async () => {
      throw error;
    };
    const { err, code } = await serin("get nginx", [midway], {
      connect: () => ({
        namespace: "shop",
        close: async () => undefined,
        about: refuse,
        client: { get: refuse, list: refuse, patch: refuse, create: refuse },
      }),
    });
    expect(err).toContain(says);
    expect(code).toBe(1);
  });

  test("no kubeconfig", async () => {
    const connect = () => {
      throw new Error("no kubeconfig at /nowhere");
    };
    const { err, code } = await serin("get nginx", [midway], { connect });
    expect(err).toBe("error: no cluster to ask\n  why: no kubeconfig at /nowhere\n  try: name one with --kubeconfig or --context\n");
    expect(code).toBe(1);
  });

  test("our own bugs say that they are ours", async () => {
    const connect = () => ({ namespace: "shop", close: async () => undefined, about: undefined as never, client: undefined as never });
    const { err, code } = await serin("get nginx", [midway], { connect });
    expect(err).toMatch(/^This is a bug in Serin; please report it with these lines:\nTypeError/);
    expect(code).toBe(70);
  });
});
