import { describe, expect, test } from "vitest";
import type { ManagedFieldsEntry } from "../../../src/api/intent.ts";
import { ownedPart, soleOwner } from "../../../src/core/admission/ownedPart.ts";

const route = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "nginx", labels: { team: "shop", tier: "web" }, annotations: { note: "x" } },
  spec: { hosts: ["*"], gateways: ["nginx"], http: [{ route: [{ destination: { host: "nginx" } }] }] },
};

describe("what of an object somebody owns", () => {
  const cases: Array<[string, unknown, unknown]> = [
    [
      "lists and single fields, whole; what others own is left out",
      { "f:metadata": { "f:labels": { "f:team": {} } }, "f:spec": { "f:hosts": {}, "f:http": {} } },
      { metadata: { labels: { team: "shop" } }, spec: { hosts: ["*"], http: route.spec.http } },
    ],
    [
      "the object itself beside a member of it",
      { "f:metadata": { "f:annotations": { ".": {}, "f:note": {} } } },
      { metadata: { annotations: { note: "x" } } },
    ],
    ["what is gone by now is left out", { "f:spec": { "f:tcp": {}, "f:hosts": {} } }, { spec: { hosts: ["*"] } }],
    ["an object that he owns as a whole can't be told", { "f:metadata": { "f:labels": {} } }, undefined],
    ["no fields, nothing to tell", undefined, undefined],
  ];
  test.each(cases)("%s", (_, owned, part) => {
    expect(ownedPart(route, owned)).toEqual(part);
  });

  test("members of a list that is there can't be told", () => {
    const withFinalizer = { metadata: { finalizers: ["a"] } };
    expect(ownedPart(withFinalizer, { "f:metadata": { "f:finalizers": { 'v:"a"': {} } } })).toBeUndefined();
  });
});

describe("the one who owns the fields that are written", () => {
  const entry = (manager: string, ...fields: string[]): ManagedFieldsEntry => ({
    manager,
    operation: "Apply",
    apiVersion: "networking.istio.io/v1",
    fieldsV1: { "f:spec": Object.fromEntries(fields.map((field) => [`f:${field}`, {}])) },
  });
  const cases: Array<[string, ManagedFieldsEntry[], string[], string | undefined]> = [
    ["one owns them all", [entry("argocd", "hosts", "http", "tcp"), entry("helm", "gateways")], ["http", "tcp"], "argocd"],
    ["two own the same", [entry("argocd", "http"), entry("kubectl-edit", "http")], ["http"], undefined],
    ["each owns another", [entry("argocd", "http"), entry("helm", "tcp")], ["http", "tcp"], undefined],
    ["nobody owns them", [entry("argocd", "hosts")], ["http"], undefined],
    ["an owner of the status is none", [{ ...entry("argocd", "http"), subresource: "status" }], ["http"], undefined],
  ];
  test.each(cases)("%s", (_, entries, fields, owner) => {
    expect(soleOwner(entries, fields)?.manager).toBe(owner);
  });
});
